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

version_of() { # PROGRAM: such as v1.2.3, or nothing
    case $1 in
    kind) kind version 2>/dev/null | sed -n 's/^kind \(v[0-9.]*\).*/\1/p' ;;
    kubectl) kubectl version --client 2>/dev/null | sed -n 's/^Client Version: \(v[0-9.]*\).*/\1/p' ;;
    esac
}

good_enough() { # PROGRAM OLDEST
    local version
    version=$(version_of "$1")
    [ -n "$version" ] && printf '%s\n%s\n' "$2" "$version" | sort -VC
}

place() { # FILE NAME
    local target=/usr/local/bin
    if [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; then
        put_aside "$target/$2" as_root
        as_root install -m 755 "$1" "$target/$2"
    else
        target=$HOME/.local/bin
        mkdir -p "$target"
        put_aside "$target/$2"
        install -m 755 "$1" "$target/$2"
        case :$PATH: in
        *":$target:"*) ;;
        *) say "$target is not on your PATH: add it to find $2" ;;
        esac
    fi
    say "installed $target/$2"
}

put_aside() { # FILE [as_root]: an older program is kept
    [ ! -e "$1" ] || ${2:-} mv "$1" "$1.before-rwml"
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

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
ARCHITECTURE=$(architecture)
good_enough kind "$KIND_OLDEST" ||
    install_program kind "https://kind.sigs.k8s.io/dl/$KIND_VERSION/kind-linux-$ARCHITECTURE"
good_enough kubectl "$KUBECTL_OLDEST" ||
    install_program kubectl "https://dl.k8s.io/release/$KUBECTL_VERSION/bin/linux/$ARCHITECTURE/kubectl"
