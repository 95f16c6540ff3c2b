#!/usr/bin/env bash
# Makes rwml-lab/engines, an image with the Docker engines and containerds of three Debians and with
# dockerd 29, for tests/e2e/engines. From nothing some 9 minutes on two cores, of which dockerd 29
# takes six; nothing when the image is there and its inputs are the same. Prints its name.
. "$(dirname "$0")/common.sh"

IMAGE=rwml-lab/engines:1
SUITES=(bookworm trixie forky)
PACKAGES=docker.io,containerd,runc,iproute2,ca-certificates,jq,procps
BUILT=$LAB_CACHE/engines # the programs that are compiled
PROGRAM_INPUTS=("$LAB_DIR/engine/dockerd" "$LAB_DIR/programs/crictl")

# Debian's testing is not for servers: the index of a mirror may count as expired.
suite_tree() { # SUITE: as tar on stdout
    local mirror
    mirror=$(debian_mirror)
    as_root mmdebstrap --quiet --variant=minbase --include="$PACKAGES" \
        --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt=force-unsafe-io "$1" - ${mirror:+"$mirror"}
}

suite_image() { # SUITE
    local image=rwml-lab/engine-suite:$1 hash
    hash=$(printf '%s %s' "$1" "$PACKAGES" | sha256sum | cut -c1-12)
    image_is_current "$image" "$hash" && return 0
    say "  a Debian ($1) with its Docker engine"
    # Half a tree must not look like the whole: the name is given when all of it has arrived.
    suite_tree "$1" | docker import --change "LABEL $INPUTS_LABEL=$hash" - "$image-unfinished" >/dev/null || return 1
    docker tag "$image-unfinished" "$image" && docker rmi "$image-unfinished" >/dev/null
}

go_program() { # DIRECTORY PACKAGE [TAGS] [FLAGS-OF-THE-LINKER]
    (cd "$LAB_DIR/$1" && "$GO" build -trimpath -gcflags=all=-dwarf=false -tags "${3:-}" -ldflags "-s -w ${4:-}" \
        -o "$BUILT/" "$2")
}

moby_version() { sed -n 's/^require github.com\/moby\/moby\/v2 v//p' "$LAB_DIR/engine/dockerd/go.mod"; }

programs() { # crictl's configuration of modules is that of the nodes, see programs.sh
    local hash
    hash=$(inputs_hash "${PROGRAM_INPUTS[@]}")
    [ "$(cat "$BUILT/.built-from" 2>/dev/null)" != "$hash" ] || return 0
    say "  dockerd 29, some 6 minutes"
    mkdir -p "$BUILT"
    GO=$("$LAB_DIR/go.sh")
    export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 GOMODCACHE=$LAB_CACHE/go/mod GOCACHE=$LAB_CACHE/go/build
    go_program engine/dockerd github.com/moby/moby/v2/cmd/dockerd \
        'exclude_graphdriver_btrfs exclude_graphdriver_zfs no_systemd' \
        "-X github.com/moby/moby/v2/dockerversion.Version=$(moby_version)"
    go_program programs/crictl sigs.k8s.io/cri-tools/cmd/crictl
    echo "$hash" >"$BUILT/.built-from"
}

dockerfile() {
    local suite
    echo "FROM rwml-lab/engine-suite:trixie"
    for suite in "${SUITES[@]}"; do
        [ "$suite" = trixie ] || echo "COPY --from=rwml-lab/engine-suite:$suite /usr /suites/$suite/usr"
    done
    echo "COPY engine /usr/local/bin/"
    echo "COPY bin /suites/bin"
    echo "LABEL $INPUTS_LABEL=$1"
    echo 'ENTRYPOINT ["engine"]'
}

# What a node is made of besides a suite's /usr, which it gets mounted: for `docker import`, once in
# each engine.
node_tree() { # FILE
    local root=$WORK/node link
    mkdir -p "$root"/{usr,lab,tmp,run,root,var/lib}
    cp -r "$LAB_DIR/engine/node/." "$root/"
    for link in bin sbin lib lib64; do ln -s "usr/$link" "$root/$link"; done
    tar -C "$root" --owner 0 --group 0 -cf "$1" .
}

case ${1:-} in
-h | --help) print_header "$0" && exit 0 ;;
'') ;;
*) usage_error "no option is called $1" ;;
esac
INPUTS=$(inputs_hash "$LAB_DIR/engine" "$LAB_DIR/engines.sh" "$LAB_DIR/runc-nosr" "$LAB_DIR/programs/crictl")
echo "$IMAGE"
image_is_current "$IMAGE" "$INPUTS" && exit 0
say "making Docker engines of several ages; $((${#SUITES[@]} + 1)) parts, each kept"
"$CHECKOUT/scripts/packages.sh" lab >&2
prepare_cache
exec {lock}>"$LAB_CACHE/engines.lock"
flock "$lock"
for suite in "${SUITES[@]}"; do suite_image "$suite"; done
programs
WORK=$(mktemp -d "$LAB_CACHE/engines.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$WORK/context/bin"
cp "$LAB_DIR/engine/engine" "$WORK/context/"
cp "$BUILT/dockerd" "$WORK/context/bin/dockerd-29"
cp "$BUILT/crictl" "$LAB_DIR/runc-nosr" "$WORK/context/bin/"
node_tree "$WORK/context/bin/node.tar"
dockerfile "$INPUTS" >"$WORK/context/Dockerfile"
build_image "$IMAGE" "$WORK/context"
