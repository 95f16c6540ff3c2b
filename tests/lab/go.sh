#!/usr/bin/env bash
# Prints the path of a Go new enough for programs/: the machine's own, or one that Go itself
# fetches as a module and verifies by its checksum database (then Debian's older Go will do to
# begin with; it is installed when there is none).
. "$(dirname "$0")/common.sh"
WANTED=1.26.3 # the newest `go` line in programs/ and engine/

version_of() { # GO: such as 1.26.2
    "$1" env GOVERSION 2>/dev/null | sed 's/^go//; s/[^0-9.].*//'
}

new_enough() { # GO
    local version
    version=$(version_of "$1")
    [ -n "$version" ] && printf '%s\n%s\n' "$WANTED" "$version" | sort -VC
}

fetched_go() { # the path of the Go that module golang.org/toolchain holds
    local module directory
    module=golang.org/toolchain@v0.0.1-go$WANTED.linux-$(architecture)
    directory=$(cd / && GOMODCACHE=$LAB_CACHE/go/mod GOFLAGS='' go mod download -json "$module" |
        jq -r '.Dir // empty')
    [ -n "$directory" ] || die "Go $WANTED could not be had as the module $module"
    # Files of a module have no executable bits.
    chmod u+w "$directory/bin" "$directory"/pkg/tool/*
    chmod a+x "$directory"/bin/* "$directory"/pkg/tool/*/*
    echo "$directory/bin/go"
}

prepare_cache
if command -v go >/dev/null && new_enough go; then
    command -v go
    exit 0
fi
command -v go >/dev/null || "$CHECKOUT/scripts/packages.sh" go >&2
if new_enough go; then command -v go; else fetched_go; fi
