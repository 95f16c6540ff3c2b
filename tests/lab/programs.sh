#!/usr/bin/env bash
# Builds, from Go modules, every program that a node runs, and kind and kubectl for this machine.
# One module (programs/go.mod, with its go.sum as the proof of what is compiled), so that what
# they share is compiled once: about 5 minutes on two cores; nothing when all are there.
#
#   programs.sh                into LAB_BIN
#   programs.sh kind|kubectl   only this one
. "$(dirname "$0")/common.sh"

STAMP=$LAB_BIN/.built-from
INPUTS=$(inputs_hash "$LAB_DIR/programs" "$LAB_DIR/programs.sh" "$LAB_DIR/node/pause.c")

version_flags() { # -X flags: kubeadm refuses to start without a version
    local package minor=${KUBERNETES_VERSION#v1.}
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        printf -- '-X %s=%s ' "$package.gitVersion" "$KUBERNETES_VERSION" "$package.gitMajor" 1 \
            "$package.gitMinor" "${minor%%.*}" "$package.gitTreeState" clean \
            "$package.buildDate" 1970-01-01T00:00:00Z
    done
}

build() { # MODULE-DIRECTORY PACKAGE...: into LAB_BIN
    local directory=$1
    shift
    (cd "$LAB_DIR/programs/$directory" &&
        "$GO" build -v -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w $(version_flags)" \
            -o "$LAB_BIN/" "$@")
}

build_all() {
    rm -f "$STAMP"
    build . ./kubernetes ./coredns ./kubectl sigs.k8s.io/kind go.etcd.io/etcd/server/v3
    mv "$LAB_BIN/server" "$LAB_BIN/etcd"
    # Apart, since it spells logrus's path another way than the others, which one build refuses.
    build . github.com/rancher/local-path-provisioner
    build crictl sigs.k8s.io/cri-tools/cmd/crictl
    gcc -O2 -static -o "$LAB_BIN/pause" "$LAB_DIR/node/pause.c"
    echo "$INPUTS" >"$STAMP"
}

# The compiler takes a sixth less time when it collects its garbage less often.
spend_memory() {
    local kilobytes
    kilobytes=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
    if [ "$kilobytes" -gt 8000000 ]; then export GOGC=400; fi
}

prepare_cache
[ "$(cat "$STAMP" 2>/dev/null)" = "$INPUTS" ] && exit 0
GO=$("$LAB_DIR/go.sh")
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0
spend_memory
export GOMODCACHE=$LAB_CACHE/go/mod GOCACHE=$LAB_CACHE/go/build
case ${1:-all} in
kind) build . sigs.k8s.io/kind ;;
kubectl) build . ./kubectl ;;
all) build_all ;;
*) usage_error "programs are kind, kubectl and all" ;;
esac
