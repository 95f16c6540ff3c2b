# shellcheck shell=bash disable=SC2034 # the variables are for those who source this
# Shared by every script here: where things are kept, and which versions make the cluster.
# Source it; it defines variables and functions only.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

LAB_DIR=$CHECKOUT/tests/lab
LAB_CACHE=${LAB_CACHE:-/var/cache/rwml-lab}
LAB_BIN=$LAB_CACHE/bin

KUBERNETES_VERSION=v1.34.4 # the newest line that still runs on cgroup v1 without a switch
KAFKA_VERSION=4.1.1

# Names under which kubeadm and kind look for images; programs/go.mod says what is in them.
ETCD_TAG=3.6.5-0
COREDNS_TAG=v1.12.1
PAUSE_TAG=3.10.1

NODE_IMAGE=rwml-lab/node:$KUBERNETES_VERSION
KAFKA_IMAGE=rwml-lab/kafka:$KAFKA_VERSION
PYTHON_IMAGE=python:3.12-slim-bookworm
UV_IMAGE=ghcr.io/astral-sh/uv:python3.12-bookworm-slim
INPUTS_LABEL=rwml.lab.inputs # on each image: from which text it was made

prepare_cache() { # makes LAB_CACHE, the caller's own, where there is none
    if [ ! -e "$LAB_CACHE" ] && ! mkdir -p "$LAB_CACHE" 2>/dev/null; then
        as_root install -d -o "$(id -u)" -g "$(id -g)" "$LAB_CACHE"
    fi
    [ -w "$LAB_CACHE" ] ||
        die "$LAB_CACHE belongs to $(stat -c %U "$LAB_CACHE"); set LAB_CACHE to a folder of your own"
    mkdir -p "$LAB_BIN"
}

# Names and bytes count, but not where the checkout lies: another clone makes nothing again.
inputs_hash() { # FILE|DIRECTORY...: one short hash of all that they hold
    local input
    for input in "$@"; do
        if [ -d "$input" ]; then
            (cd "$input" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
        else
            sha256sum <"$input"
        fi
    done | sha256sum | cut -c1-12
}

image_is_current() { # IMAGE HASH: was IMAGE made from these inputs?
    [ "$(docker image inspect -f "{{index .Config.Labels \"$INPUTS_LABEL\"}}" "$1" 2>/dev/null)" = "$2" ]
}

debian_mirror() { # where this machine takes Debian itself from, or nothing
    # shellcheck disable=SC2016 # they are apt-get's variables
    apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 == "Debian" && $2 == "main" && !/security/ {print $3; exit}'
}

debian_tree() { # SUITE PACKAGE,PACKAGE...: a small Debian as tar on stdout
    local mirror
    mirror=$(debian_mirror)
    # /usr/share/man stays: the Java packages' scripts fail without it.
    as_root mmdebstrap --quiet --variant=minbase --include="$2" \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
        --customize-hook='upload /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt' \
        "$1" - ${mirror:+"$mirror"}
}

debian_image() { # IMAGE SUITE PACKAGE,PACKAGE...: an image of just that, made when it is not there
    local hash
    hash=$(printf '%s %s' "$2" "$3" | sha256sum | cut -c1-12)
    image_is_current "$1" "$hash" && return 0
    # Half a tree must not look like the whole: the name is given when all of it has arrived.
    debian_tree "$2" "$3" | docker import --change "LABEL $INPUTS_LABEL=$hash" - "$1-unfinished" >/dev/null || return 1
    docker tag "$1-unfinished" "$1" && docker rmi "$1-unfinished" >/dev/null
}

build_image() { # IMAGE CONTEXT [OPTION...]: of the Dockerfile in CONTEXT
    # The classic builder is in every engine and every docker command; nothing here needs more.
    local image=$1 context=$2 output
    shift 2
    output=$(DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" "$@" "$context" 2>&1) || {
        printf '%s\n' "$output" >&2
        return 1
    }
}
