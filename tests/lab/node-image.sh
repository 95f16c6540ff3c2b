#!/usr/bin/env bash
# Assembles the kind node image rwml-lab/node from Debian packages and what programs.sh built:
# about a minute the first time; nothing when the image is there and its inputs are the same.
#   node-image.sh bases   only the part that needs no programs: the two small Debians below it
#   node-image.sh         all
. "$(dirname "$0")/common.sh"

NODE_BASE=rwml-lab/node-base:bookworm
NODE_PACKAGES=systemd,systemd-sysv,dbus,containerd,runc,containernetworking-plugins,conntrack,iptables,iproute2,ethtool,kmod,procps,socat,jq,ca-certificates,mount,util-linux,iputils-ping,curl
SERVICE_BASE=rwml-lab/service-base:bookworm
SERVICE_PACKAGES=iptables,conntrack,kmod,ca-certificates
PROGRAMS=rwml-lab/programs:$KUBERNETES_VERSION
KUBERNETES_NAMES=(kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-proxy kube-scheduler)

programs_context() { # lays out /usr/local of the programs' image
    local bin=$WORK/programs/bin name
    mkdir -p "$bin"
    ln "$LAB_BIN"/{kubernetes,etcd,coredns,local-path-provisioner,pause} "$bin/"
    for name in "${KUBERNETES_NAMES[@]}"; do ln -s kubernetes "$bin/$name"; done
}

# All of the cluster's own images are one layer under many names, so it is stored once.
component_images() { # the names, on stdout
    programs_context
    printf 'FROM %s\nCOPY bin /usr/local/bin\n' "$SERVICE_BASE" >"$WORK/programs/Dockerfile"
    build_image "$PROGRAMS" "$WORK/programs"
    mkdir -p "$WORK/component"
    local name image
    while read -r image name; do
        printf 'FROM %s\nENTRYPOINT ["%s"]\n' "$PROGRAMS" "$name" >"$WORK/component/Dockerfile"
        build_image "$image" "$WORK/component"
        echo "$image"
    done <<NAMES
registry.k8s.io/kube-apiserver:$KUBERNETES_VERSION kube-apiserver
registry.k8s.io/kube-controller-manager:$KUBERNETES_VERSION kube-controller-manager
registry.k8s.io/kube-scheduler:$KUBERNETES_VERSION kube-scheduler
registry.k8s.io/kube-proxy:$KUBERNETES_VERSION kube-proxy
registry.k8s.io/etcd:$ETCD_TAG etcd
registry.k8s.io/coredns/coredns:$COREDNS_TAG coredns
registry.k8s.io/pause:$PAUSE_TAG pause
kindest/local-path-provisioner:lab local-path-provisioner
kindest/local-path-helper:lab sh
NAMES
}

node_files_image() { # the node without its images: TAG
    local root=$WORK/node/root
    mkdir -p "$root"
    cp -r "$LAB_DIR/node/root/." "$root/"
    echo "$KUBERNETES_VERSION" >"$root/kind/version"
    ln "$LAB_BIN/crictl" "$LAB_BIN/kubernetes" "$root/usr/local/bin/"
    cp "$LAB_DIR/node/Dockerfile" "$WORK/node/"
    build_image "$1" "$WORK/node"
}

# As kind's own build does: the node's containerd takes the images in, packed; a node unpacks
# what it runs.
with_images() { # FROM TAG HASH IMAGE...
    local from=$1 tag=$2 hash=$3 container
    shift 3
    docker rm -f rwml-lab-import >/dev/null 2>&1 || true
    container=$(docker create -i --name rwml-lab-import --entrypoint /bin/sh "$from" -c '
        containerd --log-level error & daemon=$!
        until ctr version >/dev/null 2>&1; do sleep 0.2; done
        ctr -n k8s.io images import --no-unpack - >/dev/null && kill $daemon && wait $daemon')
    docker save "$@" | docker start -a -i "$container" >"$WORK/import.log" 2>&1 || {
        cat "$WORK/import.log" >&2
        return 1
    }
    docker commit --change "LABEL $INPUTS_LABEL=$hash" --change 'ENV container=docker' \
        --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$container" "$tag" >/dev/null
    docker rm "$container" >/dev/null
}

debian_image "$NODE_BASE" bookworm "$NODE_PACKAGES"
debian_image "$SERVICE_BASE" bookworm "$SERVICE_PACKAGES"
[ "${1:-all}" != bases ] || exit 0

INPUTS=$(inputs_hash "$LAB_DIR/node" "$LAB_DIR/node-image.sh" "$LAB_BIN/.built-from")
image_is_current "$NODE_IMAGE" "$INPUTS" && exit 0
WORK=$(mktemp -d "$LAB_CACHE/node-image.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
component_images >"$WORK/names"
mapfile -t images <"$WORK/names"
node_files_image "$NODE_IMAGE-empty"
with_images "$NODE_IMAGE-empty" "$NODE_IMAGE" "$INPUTS" "${images[@]}"
