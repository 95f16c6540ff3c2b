#!/usr/bin/env bash
# From a fresh checkout to running services, for somebody new: checks the machine, sets up the
# cluster with Kafka, builds rwml, brings up every service, and says what to type next. Safe to
# repeat; arguments are passed to kind-setup.sh. The services go only into a cluster that it made:
# one of the same name may hold somebody's own trades.
. "$(dirname "$0")/common.sh"

GIGABYTES_FREE=15 # the first time: images and programs made on the machine take 9, where public ones cannot be pulled
GIGABYTES_OF_MEMORY=4

CLUSTER=$(cluster_of_checkout)
READ=() # which cluster and Kafka kafka-read.sh reads, where the arguments name them

read_arguments() {
    while [ $# -gt 1 ]; do
        case $1 in
        --name) CLUSTER=$2 READ+=("$1" "$2") ;;
        --kafka-name | --kafka-namespace) READ+=("$1" "$2") ;;
        esac
        shift
    done
}

check_machine() {
    local free memory
    [ "$(uname -s)" = Linux ] || die "needs Linux (WSL2 is Linux, too); this is $(uname -s)"
    architecture >/dev/null
    free=$(df --output=avail --block-size=1G /var/lib | tail -1)
    memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
    memory=$(((memory + 524288) / 1048576))
    say "machine: $(uname -m), $(nproc) CPUs, $memory GB of memory, ${free// /} GB free in /var/lib"
    # An engine that is only stopped knows of the cluster, too.
    ! command -v dockerd >/dev/null || scripts/engine.sh
    cluster_exists "$CLUSTER" || [ "$free" -ge "$GIGABYTES_FREE" ] ||
        die "needs $GIGABYTES_FREE GB free in /var/lib: images and the cluster live there"
    [ "$memory" -ge "$GIGABYTES_OF_MEMORY" ] || die "needs $GIGABYTES_OF_MEMORY GB of memory"
}

build_rwml() { # make knows whether the one that is there is of these sources
    scripts/packages.sh build
    make -s BUILD=release --no-print-directory -j "$(nproc)" all >&2
}

what_next() {
    local read="scripts/kafka-read.sh ${READ[*]}" up="build/rwml up"
    [ "$CLUSTER" = "$(cluster_of_checkout)" ] || up+=" --cluster $CLUSTER"
    printf '\nYour services run. Next, from this folder:\n'
    printf '  %-40s   %s\n' \
        "kubectl get deployments --all-namespaces" "what runs" \
        "${read% } trades" "trades as they arrive in Kafka" \
        "$up trades" "after an edit: build, push, deploy what changed" \
        "build/rwml help" "the rest"
}

case ${1:-} in
-h | --help) print_header "$0" && exit 0 ;;
esac
cd "$CHECKOUT"
read_arguments "$@"
check_machine
scripts/kind-setup.sh --own "$@"
scripts/uv-lock.sh
build_rwml
say "build/rwml up --cluster $CLUSTER"
build/rwml up --cluster "$CLUSTER"
what_next
