#!/usr/bin/env bash
# Prints the path of a docker command that has buildx and speaks to the engine that runs: the
# machine's own, or Debian 13's, unpacked into LAB_CACHE without installing it. For make bench:
#   docker=$(tests/lab/docker-buildx.sh) && DOCKER_BUILDKIT=1 "$docker" build ...
. "$(dirname "$0")/common.sh"

TREE=$LAB_CACHE/docker-buildx
COMMAND=$TREE/docker

unpack() {
    local mirror fresh=$LAB_CACHE/docker-buildx.new
    mirror=$(debian_mirror)
    as_root rm -rf "$fresh"
    as_root mmdebstrap --quiet --variant=extract --include=docker-buildx,docker-cli \
        trixie "$fresh" ${mirror:+"$mirror"} >&2
    as_root rm -rf "$TREE"
    as_root mv "$fresh" "$TREE"
}

write_command() { # plugins are looked for in the folder of the configuration
    as_root mkdir -p "$TREE/config/cli-plugins"
    as_root ln -sf "$TREE/usr/libexec/docker/cli-plugins/docker-buildx" "$TREE/config/cli-plugins/"
    printf '#!/bin/sh\nDOCKER_CONFIG=%s exec %s "$@"\n' "$TREE/config" "$TREE/usr/bin/docker" |
        as_root tee "$COMMAND" >/dev/null
    as_root chmod 755 "$COMMAND"
}

if docker buildx version >/dev/null 2>&1; then
    command -v docker
    exit 0
fi
if [ ! -x "$COMMAND" ]; then
    [ -e "$LAB_CACHE" ] || prepare_cache
    "$CHECKOUT/scripts/packages.sh" lab
    unpack
    write_command
fi
"$COMMAND" buildx version >/dev/null || die "$COMMAND has no buildx"
echo "$COMMAND"
