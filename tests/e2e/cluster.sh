# shellcheck shell=bash
# The tests' own cluster: made once, kept from run to run, cleaned inside.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

cluster_is_ready() {
    [ "$(nodes | wc -l)" = 2 ] && kube get --raw=/readyz >/dev/null 2>&1 &&
        kube -n "$KAFKA_NAMESPACE" rollout status "statefulset/$KAFKA_NAME" --timeout=1s >/dev/null 2>&1
}

cluster_up() {
    mkdir -p "$KEPT"
    if cluster_is_ready; then return; fi
    "$CHECKOUT/scripts/kind-setup.sh" --name "$CLUSTER" --workers 1 --namespace "$KAFKA_NAMESPACE" \
        --kafka-name "$KAFKA_NAME" --kafka-namespace "$KAFKA_NAMESPACE"
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
