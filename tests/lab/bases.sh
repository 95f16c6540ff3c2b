#!/usr/bin/env bash
# Makes, from Debian packages and PyPI's uv, stand-ins for the public base images of the sample,
# under their public names. About a minute; nothing when they are there, and an image of that
# name from anywhere else is left alone. Their Python is Debian 13's, whatever the name says.
. "$(dirname "$0")/common.sh"

PYTHON_PACKAGES=python3,python3-venv,python3-pip,ca-certificates
DEBIAN_PYTHON=rwml-lab/python:trixie

python_base() {
    image_exists "$PYTHON_IMAGE" && return 0
    debian_image "$DEBIAN_PYTHON" trixie "$PYTHON_PACKAGES"
    build_image "$PYTHON_IMAGE" "$LAB_DIR/python"
}

uv_base() {
    image_exists "$UV_IMAGE" && return 0
    local container=rwml-lab-uv settings
    mapfile -t settings < <("$CHECKOUT/scripts/registry-settings.sh")
    docker rm -f "$container" >/dev/null 2>&1 || true
    docker run --name "$container" "${settings[@]}" "$PYTHON_IMAGE" \
        pip install --quiet --no-cache-dir --break-system-packages --root-user-action=ignore uv
    docker commit --change 'CMD ["python3"]' "$container" "$UV_IMAGE" >/dev/null
    docker rm "$container" >/dev/null
}

python_base
uv_base
