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

first_file() { # FILE...: the first that exists
    local file
    for file in "$@"; do
        if [ -f "$file" ]; then
            echo "$file"
            return
        fi
    done
}

mount_file() { # FILE|'' PLACE
    [ -z "$1" ] || printf -- '--volume\n%s:%s:ro\n' "$1" "$2"
}

# A machine that names its index for pip alone means uv, too.
pass_index() { # PIP-CONFIGURATION|''
    local index=${PIP_INDEX_URL:-}
    [ -n "$index" ] || [ -z "$1" ] || index=$(sed -n 's/^[[:space:]]*index-url[[:space:]]*=[[:space:]]*//p' "$1" | tail -1)
    [ -z "$index" ] || [ -n "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] ||
        printf -- '--env\nUV_DEFAULT_INDEX=%s\n' "$index"
}

pass_variables
CONFIGURATION=${XDG_CONFIG_HOME:-$HOME/.config}
PIP=$(first_file "${PIP_CONFIG_FILE:-}" "$CONFIGURATION/pip/pip.conf" "$HOME/.pip/pip.conf" /etc/pip.conf)
UV=$(first_file "${UV_CONFIG_FILE:-}" "$CONFIGURATION/uv/uv.toml" /etc/uv/uv.toml)
mount_file "$PIP" /etc/pip.conf
mount_file "$UV" /etc/uv/uv.toml
[ -n "$UV" ] || pass_index "$PIP"
if [ -f "$CA_BUNDLE" ]; then
    mount_file "$CA_BUNDLE" "$CA_BUNDLE"
    printf -- '--env\nSSL_CERT_FILE=%s\n' "$CA_BUNDLE"
fi
