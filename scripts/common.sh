# shellcheck shell=bash
# What the scripts here and in tests/lab share. Source it: it defines variables and functions
# only. Every message goes to stderr, so that a script's stdout is its result.
set -euo pipefail

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DOCKER_CLI_HINTS=false
# dockerd is in sbin, which a user's PATH may lack; tools.sh puts kind and kubectl into ~/.local/bin
# for a user without sudo.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin${HOME:+:$HOME/.local/bin}

say() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }

die() { # MESSAGE...: says why and ends with exit class 3, "the machine is not as needed"
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 3
}

usage_error() { # MESSAGE...: exit class 2, "called wrongly"
    printf '%s: %s\nTry "%s --help".\n' "$(basename "$0")" "$*" "$0" >&2
    exit 2
}

print_header() { # FILE: its leading comment, which is its help text
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
}

as_root() { # COMMAND...: as root, with the caller's environment left out
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo ${SUDO_ASKS_NOTHING:+-n} "$@"
    else
        die "needs root for: $*. Run it as root, or install sudo."
    fi
}

engine_answers() { docker version >/dev/null 2>&1; }

image_exists() { docker image inspect "$1" >/dev/null 2>&1; }

# Asked of the engine, by the labels that kind writes: kind itself may not be installed yet.
nodes_of() { # CLUSTER [ROLE]: its containers, also those that stand still
    docker ps -a --filter "label=io.x-k8s.kind.cluster=$1" ${2:+--filter "label=io.x-k8s.kind.role=$2"} \
        --format '{{.Names}}' 2>/dev/null | sort
}

cluster_exists() { [ -n "$(nodes_of "$1")" ]; }

architecture() { # amd64 or arm64, as Go and Docker call them
    case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "$(uname -m) is not supported: only x86-64 and arm64 are" ;;
    esac
}

kafka_id() { # CLUSTER_ID in kafka.yaml, by which a Kafka made of it can be told
    sed -n 's/.*CLUSTER_ID, value: \([^}]*\)}.*/\1/p' "$CHECKOUT/scripts/kafka.yaml"
}

cluster_of_checkout() { # the name in the one kind config of the sample workspace
    sed -n 's/^name:[[:space:]]*//p' "$CHECKOUT/manifests/dev/kind/cluster.yaml"
}
