#!/usr/bin/env bash
# Makes uv.lock of the uv workspace DIR (default: this checkout) where it is missing or older
# than a pyproject.toml: `uv lock` in the image that builds the services, with this machine's
# settings for packages. The file belongs to the caller and names the indexes it was made
# from, which is why it is not committed here.
#
#   scripts/uv-lock.sh [DIR]
. "$(dirname "$0")/common.sh"

case ${1:-} in
-h | --help) print_header "$0" && exit 0 ;;
esac
DIRECTORY=$(cd "${1:-$CHECKOUT}" && pwd)
[ -f "$DIRECTORY/pyproject.toml" ] || die "$DIRECTORY has no pyproject.toml"

is_current() {
    [ -f "$DIRECTORY/uv.lock" ] && [ -z "$(find "$DIRECTORY" -name .venv -prune -o \
        -name pyproject.toml -newer "$DIRECTORY/uv.lock" -print -quit)" ]
}

if is_current; then exit 0; fi
say "making uv.lock"
mapfile -t settings < <("$CHECKOUT/scripts/registry-settings.sh")
docker run --rm --user "$(id -u):$(id -g)" --volume "$DIRECTORY:/workspace" --workdir /workspace \
    --env HOME=/tmp --env UV_CACHE_DIR=/tmp/uv --env UV_PYTHON_DOWNLOADS=never "${settings[@]}" \
    ghcr.io/astral-sh/uv:python3.12-bookworm-slim uv lock --quiet
touch "$DIRECTORY/uv.lock" # uv leaves the file alone when nothing changed
