#!/usr/bin/env bash
# Installs kind and kubectl where they are missing or too old: the published programs, verified
# by the sums below, or, where those cannot be downloaded, built from Go modules, verified by
# tests/lab/programs/go.sum. Into /usr/local/bin, or ~/.local/bin for a user without sudo.
. "$(dirname "$0")/common.sh"

KIND_VERSION=v0.30.0
KUBECTL_VERSION=v1.34.1
declare -A SUMS=(
    [kind-amd64]=517ab7fc89ddeed5fa65abf71530d90648d9638ef0c4cde22c2c11f8097b8889
    [kind-arm64]=7ea2de9d2d190022ed4a8a4e3ac0636c8a455e460b9a13ccf19f15d07f4f00eb
    [kubectl-amd64]=7721f265e18709862655affba5343e85e1980639395d5754473dafaadcaa69e3
    [kubectl-arm64]=420e6110e3ba7ee5a3927b5af868d18df17aae36b720529ffa4e9e945aa95450
)

# What is needed of them: older ones neither know the cluster's Kubernetes nor these options.
KIND_OLDEST=v0.27.0
KUBECTL_OLDEST=v1.28.0

if [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; then
    TARGET=/usr/local/bin
    in_target() { as_root "$@"; }
else
    TARGET=$HOME/.local/bin
    in_target() { "$@"; }
fi

version_of() { # FILE: such as v1.2.3, or nothing
    case ${1##*/} in
    kind) "$1" version 2>/dev/null | sed -n 's/^kind \(v[0-9.]*\).*/\1/p' ;;
    kubectl) "$1" version --client 2>/dev/null | sed -n 's/^Client Version: \(v[0-9.]*\).*/\1/p' ;;
    esac
}

good_enough() { # FILE|'' OLDEST
    local version
    [ -n "$1" ] || return 1
    version=$(version_of "$1")
    [ -n "$version" ] && printf '%s\n%s\n' "$2" "$version" | sort -VC
}

place() { # FILE NAME
    in_target mkdir -p "$TARGET"
    put_aside "$TARGET/$2"
    in_target install -m 755 "$1" "$TARGET/$2"
    say "installed $TARGET/$2$([ "$TARGET" = /usr/local/bin ] || echo ": these scripts find it there; add that folder to your PATH if it is missing")"
}

put_aside() { # FILE: an older program is kept, also when one was put aside before
    local aside=$1.before-rwml number=1
    [ -e "$1" ] || return 0
    while [ -e "$aside" ]; do
        number=$((number + 1))
        aside=$1.before-rwml-$number
    done
    in_target mv -n "$1" "$aside"
}

download() { # URL SUM FILE: 1 when it cannot be had, and no return at all from a wrong sum
    curl --fail --silent --location --connect-timeout 8 --max-time 300 --retry 2 -o "$3" "$1" || return 1
    [ "$(sha256sum "$3" | cut -d ' ' -f 1)" = "$2" ] || die "$1 does not have the sum $2"
}

install_program() { # NAME URL
    local file=$WORK/$1
    if download "$2" "${SUMS[$1-$ARCHITECTURE]}" "$file"; then
        say "$1: downloaded from its project, sum verified"
        place "$file" "$1"
    else
        say "$1: its published program cannot be downloaded here; building it from Go modules"
        "$CHECKOUT/tests/lab/programs.sh" "$1"
        place "${LAB_CACHE:-/var/cache/rwml-lab}/bin/$1" "$1"
    fi
}

need() { # NAME OLDEST URL
    local found
    ! good_enough "$(type -P "$1")" "$2" || return 0
    good_enough "$TARGET/$1" "$2" || install_program "$1" "$3"
    # What comes first on the PATH is what everybody will run.
    hash -r
    found=$(type -P "$1" || true)
    good_enough "$found" "$2" ||
        die "$TARGET/$1 would do, but the PATH leads to ${found:-nothing}, which is no $1 from $2 on. Remove that, or put $TARGET before it on the PATH."
}

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
ARCHITECTURE=$(architecture)
need kind "$KIND_OLDEST" "https://kind.sigs.k8s.io/dl/$KIND_VERSION/kind-linux-$ARCHITECTURE"
need kubectl "$KUBECTL_OLDEST" "https://dl.k8s.io/release/$KUBECTL_VERSION/bin/linux/$ARCHITECTURE/kubectl"
