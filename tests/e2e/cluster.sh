# shellcheck shell=bash
# The tests' own cluster: made once, kept from run to run, cleaned inside.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

# Cluster, images and stand-alone nodes have one name each on a machine, so that one run, bench or
# clean works at a time, of whatever checkout and user. The lock ends with the process that took
# it; what may outlive that process, as an engine that is started, gets no share in it: 9<&-.
take_lock() {
    # To open it for writing is denied to all but its maker (fs.protected_regular); flock(1) only reads.
    (umask 022 && set -C && : >"$LOCK") 2>/dev/null || true
    exec 9<"$LOCK"
    if flock --nonblock 9; then return; fi
    say "another run uses the cluster $CLUSTER; waiting for it"
    flock 9
}

cluster_is_ready() {
    [ "$(nodes | wc -l)" = 2 ] && kube get --raw=/readyz >/dev/null 2>&1 &&
        kube -n "$KAFKA_NAMESPACE" rollout status "statefulset/$KAFKA_NAME" --timeout=1s >/dev/null 2>&1
}

# Whether the nodes were made from the image that the lab has now, where the lab makes it.
cluster_is_current() {
    local node wanted
    wanted=$(docker image inspect -f '{{.Id}}' "$("$CHECKOUT/tests/lab/make.sh" --print-node-image)" 2>/dev/null) || return 0
    for node in $(nodes); do
        [ "$(docker inspect -f '{{.Image}}' "$node")" = "$wanted" ] || return 1
    done
}

set_up() {
    "$CHECKOUT/scripts/kind-setup.sh" --name "$CLUSTER" --workers 1 --namespace "$KAFKA_NAMESPACE" \
        --kafka-name "$KAFKA_NAME" --kafka-namespace "$KAFKA_NAMESPACE" 9<&-
}

make_again() { # WHY: the cluster is the tests' own, so it may be
    say "$1; making it again"
    kind delete cluster --quiet --name "$CLUSTER"
    set_up
}

show_nodes() {
    local node
    for node in $(nodes); do
        echo "-- $node" && docker logs --tail 20 "$node" 2>&1
        docker exec "$node" crictl ps -a 2>&1 || true
    done >&2
}

cluster_up() {
    local kept
    mkdir -p "$KEPT"
    "$CHECKOUT/scripts/engine.sh" 9<&-
    kept=$(nodes)
    if ! cluster_is_ready && ! set_up; then
        [ -n "$kept" ] || die "the cluster cannot be made, see above"
        show_nodes
        make_again "cluster $CLUSTER, kept from an earlier run, does not come up any more"
    fi
    cluster_is_current || make_again "cluster $CLUSTER, kept from an earlier run, has another node image"
}

clean_namespaces() {
    local names
    names=$(kube get namespaces -o name | grep '^namespace/e2e' || true)
    # shellcheck disable=SC2086 # several words
    [ -z "$names" ] || kube delete --timeout=120s $names >/dev/null
}

clean_node() { # NODE: images that tests brought
    local ids
    ids=$(docker exec "$1" crictl images -o json |
        jq -r '.images[] | select(any(.repoTags[]?; test("(^|/)e2e[^/]*:"))) | .id')
    # shellcheck disable=SC2086 # several words
    [ -z "$ids" ] || docker exec "$1" crictl rmi $ids >/dev/null
}

clean_engine() {
    local ids names
    docker ps -aq --filter "label=io.x-k8s.kind.cluster=$STANDALONE" | xargs -r docker rm -fv >/dev/null
    ids=$(docker images -aq --filter "label=$IMAGE_LABEL" | sort -u)
    # shellcheck disable=SC2086 # several words
    [ -z "$ids" ] || docker rmi -f $ids >/dev/null
}

cluster_clean() { # leaves the cluster with its Kafka and nothing of the tests
    local node
    clean_namespaces
    for node in $(nodes); do clean_node "$node"; done
    clean_engine
}
