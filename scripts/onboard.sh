#!/usr/bin/env bash
# From a fresh checkout to running services, for somebody new: checks the machine, sets up the
# cluster with Kafka, builds rwml, brings up every service, and says what to type next. Safe to
# repeat; arguments are passed to kind-setup.sh. The services go only into a cluster that it made:
# one of the same name may hold somebody's own trades.
. "$(dirname "$0")/common.sh"

GIGABYTES_FREE=15 # images and programs made on the machine take 9, where public ones cannot be pulled
GIGABYTES_OF_MEMORY=4

check_machine() {
    local free memory
    [ "$(uname -s)" = Linux ] || die "needs Linux (WSL2 is Linux, too); this is $(uname -s)"
    architecture >/dev/null
    free=$(df --output=avail --block-size=1G /var/lib | tail -1)
    memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
    memory=$(((memory + 524288) / 1048576))
    say "machine: $(uname -m), $(nproc) CPUs, $memory GB of memory, ${free// /} GB free in /var/lib"
    [ "$free" -ge "$GIGABYTES_FREE" ] ||
        die "needs $GIGABYTES_FREE GB free in /var/lib: images and the cluster live there"
    [ "$memory" -ge "$GIGABYTES_OF_MEMORY" ] || die "needs $GIGABYTES_OF_MEMORY GB of memory"
}

build_rwml() {
    [ ! -x "$CHECKOUT/build/rwml" ] || return 0
    say "building rwml"
    "$CHECKOUT/scripts/packages.sh" build
    make -C "$CHECKOUT" --no-print-directory -j "$(nproc)" >/dev/null
}

what_next() {
    cat <<'TEXT'

Your services run. Next, from this folder:
  kubectl get deployments --all-namespaces   what runs
  scripts/kafka-read.sh trades               trades as they arrive in Kafka
  build/rwml up trades                       after an edit: build, push, deploy what changed
  build/rwml help                            the rest
TEXT
}

case ${1:-} in
-h | --help) print_header "$0" && exit 0 ;;
esac
cd "$CHECKOUT"
check_machine
scripts/kind-setup.sh --own "$@"
scripts/uv-lock.sh
build_rwml
say "build/rwml up"
build/rwml up
what_next
