#!/usr/bin/env bash
# Installs the Debian packages that a purpose needs; contacts nothing when all are there.
#
#   scripts/packages.sh build     what `make` needs
#   scripts/packages.sh lint      what `make lint` needs
#   scripts/packages.sh test      what the unit tests need, under gcc, clang and the sanitizers
#   scripts/packages.sh cluster   what kind-setup.sh needs, with an engine if none answers
#   scripts/packages.sh lab       what tests/lab needs besides
#   scripts/packages.sh go|maven  Debian's, where tests/lab finds none on the PATH
#
# Several purposes may be named at once. Uses sudo where it is not run as root.
. "$(dirname "$0")/common.sh"

packages_for() { # PURPOSE
    case $1 in
    build)
        echo gcc libc6-dev make pkg-config git ca-certificates libcurl4-openssl-dev libyaml-dev \
            libjansson-dev libssl-dev libgit2-dev libarchive-dev libmicrohttpd-dev libwslay-dev
        ;;
    lint) echo shellcheck clang clang-format clang-tidy git ;;
    test) echo ccache clang libclang-rt-dev libcmocka-dev python3 jq curl git openssl procps ;;
    cluster)
        echo ca-certificates curl jq acl iproute2 procps
        # An engine that is there, whoever made it, is not replaced.
        if ! engine_is_here || is_installed docker.io; then debians_engine; fi
        if ! command -v docker >/dev/null && docker_is_apart; then echo docker-cli; fi
        ;;
    lab) echo mmdebstrap gcc libc6-dev jq ;;
    go) echo golang-go ;;
    maven) echo maven ;;
    *) usage_error "no purpose is called $1" ;;
    esac
}

engine_is_here() { engine_answers || command -v dockerd >/dev/null; }

debians_engine() {
    echo docker.io iptables
    # docker.io only recommends it, but where the kernel has AppArmor no container starts without.
    if [ -d /sys/kernel/security/apparmor ] ||
        [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
        echo apparmor
    fi
}

# Debian has the docker command in a package of its own from 13 on (testing has no number); Debian
# 12 has it in docker.io, and so has Ubuntu, whatever its number.
docker_is_apart() (
    # shellcheck source=/dev/null
    . /etc/os-release
    [ "$ID" = debian ] && [ "${VERSION_ID:-99}" -ge 13 ]
)

is_installed() { # PACKAGE
    [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) = *' installed' ]]
}

missing_of() { # PACKAGE...
    local package
    for package in "$@"; do is_installed "$package" || echo "$package"; done
}

install_packages() { # PACKAGE...
    say "installing ${*}"
    local options=(-o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -qq)
    as_root apt-get "${options[@]}" update ||
        say "apt-get update found problems; going on with the lists that are there"
    local log
    log=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y \
        --no-install-recommends "$@" >"$log" 2>&1 </dev/null || {
        tail -20 "$log" >&2
        rm -f "$log"
        die "apt-get install failed, see above"
    }
    rm -f "$log"
}

case ${1:-} in
-h | --help) print_header "$0" && exit 0 ;;
'') usage_error "name a purpose" ;;
esac
command -v dpkg-query >/dev/null || die "this is not a Debian system; install by hand what packages_for lists in $0"
wanted=()
for purpose in "$@"; do
    list=$(packages_for "$purpose")
    read -r -a words -d '' <<<"$list" || true
    wanted+=("${words[@]}")
done
mapfile -t missing < <(missing_of "${wanted[@]}" | sort -u)
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
