#!/usr/bin/env bash
# Prints, one per line, the arguments of `docker run` that give a container this machine's own
# settings for Python packages: proxy, index and CA variables, pip's and uv's configuration, and
# the CA bundle. So that whatever works on the machine works in the container.
. "$(dirname "$0")/common.sh"
CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt

pass_variables() {
    local name
    while read -r name; do
        case $name in
        # These name files of this machine, which the container does not have.
        PIP_FIND_LINKS | PIP_CERT | PIP_CONFIG_FILE | PIP_CACHE_DIR | UV_CACHE_DIR | UV_CONFIG_FILE | UV_FIND_LINKS | UV_PROJECT* | UV_PYTHON*) ;;
        PIP_* | UV_* | [Hh][Tt][Tt][Pp]_[Pp][Rr][Oo][Xx][Yy] | [Hh][Tt][Tt][Pp][Ss]_[Pp][Rr][Oo][Xx][Yy] | [Nn][Oo]_[Pp][Rr][Oo][Xx][Yy])
            printf -- '--env\n%s\n' "$name" ;;
        esac
    done < <(compgen -e)
}

mount_file() { # FILE PLACE
    [ ! -f "$1" ] || printf -- '--volume\n%s:%s:ro\n' "$1" "$2"
}

pass_variables
mount_file "$CA_BUNDLE" "$CA_BUNDLE"
[ ! -f "$CA_BUNDLE" ] || printf -- '--env\nSSL_CERT_FILE=%s\n' "$CA_BUNDLE"
mount_file "${PIP_CONFIG_FILE:-/etc/pip.conf}" /etc/pip.conf
mount_file "${UV_CONFIG_FILE:-/etc/uv/uv.toml}" /etc/uv/uv.toml
