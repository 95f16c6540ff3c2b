# shellcheck shell=bash
# The tests' own clusters: made once, kept from run to run, cleaned inside.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

MADE_FROM=rwml.e2e/made-from # annotation of the cluster's namespace kube-public
COMMON_INPUTS=(manifests/dev/kind/cluster.yaml scripts/kafka.sh scripts/kafka.yaml)
SETUP=(--workers 1 --namespace "$KAFKA_NAMESPACE" --kafka-name "$KAFKA_NAME" --kafka-namespace "$KAFKA_NAMESPACE")
[ -z "$APART" ] || SETUP=(--workers 0 --namespace "$KAFKA_NAMESPACE" --no-kafka)
LAB_INPUTS=(tests/lab/{common,programs,node-image,kafka-image}.sh tests/lab/{programs,node,kafka})

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

node_starts() { # of those that run, {NAME: TIME}
    nodes | xargs -r docker inspect -f '{{.Name}} {{.State.Running}} {{.State.StartedAt}}' |
        jq -nR '[inputs | split(" ") | select(.[1] == "true") | {(.[0][1:]): .[2]}] | add // {}'
}

# What the API server tells of pods right after a node's start is from before it, so each
# container's start has to be later than its node's.
services_are_up() { # NODE-STARTS
    kube get services,pods --all-namespaces -o json 2>/dev/null |
        jq -e --argjson since "$1" --arg kafka "$KAFKA_NAMESPACE" --arg name "$KAFKA_NAME" --arg apart "$APART" '
            def is_up: $since[.spec.nodeName // "-"] as $start | .status.containerStatuses // []
                | length > 0 and all(.ready and .state.running.startedAt >= $start);
            def has($kind; $name): any(.items[]; .kind == $kind and .metadata.namespace == $kafka and .metadata.name == $name);
            (if $apart == "" then ($since | length == 2) and has("Service"; $name + "-kafka-bootstrap") and has("Pod"; $name + "-0")
                else ($since | length == 1) end)
            and all(.items[] | select(.kind == "Pod" and .status.phase != "Succeeded"
                and (.metadata.namespace | IN("kube-system", "local-path-storage", $kafka))); is_up)' >/dev/null
}

# In about a second. Where anything is in doubt, kind-setup.sh looks, and waits, in full.
cluster_is_ready() {
    local starts
    starts=$(node_starts) && kube get --raw=/readyz >/dev/null 2>&1 && services_are_up "$starts"
}

made_from() { # lab|public: one hash of all that nodes and Kafka are made from in this checkout
    local inputs=("${COMMON_INPUTS[@]/#/$CHECKOUT/}") pinned
    [ "$1" = public ] || inputs+=("${LAB_INPUTS[@]/#/$CHECKOUT/}")
    ls -d "${inputs[@]}" >/dev/null || return
    pinned=$([ "$1" = lab ] || grep '^PUBLIC_' "$CHECKOUT/scripts/kind-setup.sh") || return
    # shellcheck disable=SC2016 # expands in the inner shell
    bash -c '. "$1" && echo "$2" && shift 2 && inputs_hash "$@"' bash "$CHECKOUT/tests/lab/common.sh" "$1 $pinned" \
        "${inputs[@]}" | sha256sum | cut -c1-12
}

way_taken() { # lab|public: how the nodes that are there were made
    case $(docker inspect -f '{{.Config.Image}}' "$CLUSTER-control-plane") in
    rwml-lab/*) echo lab ;;
    *) echo public ;;
    esac
}

way_wanted() { # RWML_LAB tells kind-setup.sh; without it the nodes stay what they are
    case ${RWML_LAB:-} in
    1) echo lab ;;
    0) echo public ;;
    *) way_taken ;;
    esac
}

cluster_is_current() {
    local wanted
    wanted=$(made_from "$(way_wanted)") || die "cannot tell what the cluster is made from"
    [ "$(kube get namespace kube-public -o json | jq -r --arg key "$MADE_FROM" '.metadata.annotations[$key]')" = "$wanted" ]
}

set_up() { # what is missing; a cluster that was not there is marked once it is whole
    local kept
    kept=$(nodes)
    "$CHECKOUT/scripts/kind-setup.sh" --name "$CLUSTER" "${SETUP[@]}" 9<&- || return
    [ -n "$kept" ] || kube annotate namespace kube-public "$MADE_FROM=$(made_from "$(way_taken)")" >/dev/null
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
    cluster_is_current || make_again "cluster $CLUSTER, kept from an earlier run, is made from something else"
}

cluster_up_and_clean() {
    cluster_up
    cluster_clean || make_again "cluster $CLUSTER, kept from an earlier run, cannot be cleaned"
}

clean_namespaces() { # tests delete theirs, too, and don't wait
    local names
    names=$(kube get validatingwebhookconfigurations,namespaces -o name) || return
    names=$(grep '/e2e' <<<"$names" || true)
    # shellcheck disable=SC2086 # several words
    [ -z "$names" ] || kube delete --ignore-not-found --timeout=120s $names >/dev/null
}

# After the namespaces, whose pods would make them again. The tool's class itself, since the lab's
# image has no kafka-topics.sh; and files first, since a Java takes seconds to say that there are none.
clean_topics() {
    local in_kafka=(kube -n "$KAFKA_NAMESPACE" exec "$KAFKA_NAME-0" --) files
    files=$("${in_kafka[@]}" ls /var/lib/kafka/data) || return
    grep -v -- '-delete$' <<<"$files" | grep '^\(changelog__\)\?e2e' >/dev/null || return 0
    "${in_kafka[@]}" java -Xmx64m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp '/opt/kafka/libs/*' \
        org.apache.kafka.tools.TopicCommand --bootstrap-server localhost:9092 --delete --if-exists \
        --topic '(changelog__)?e2e.*' >/dev/null
}

# Images that tests brought, and the name that `kind load` adds to each of its own, which CRI cannot
# remove. crictl's own limit of 2 s is for one image: garbage is collected after each name.
clean_node() { # NODE
    docker exec "$1" crictl images -o json |
        jq -r '.images[] | select(any(.repoTags[]; test("(^|/)e2e[^/]*:"))) | .id' |
        xargs -r docker exec "$1" crictl --timeout 300s rmi >/dev/null || return
    docker exec "$1" ctr -n k8s.io images ls -q | { grep '^import-' || true; } |
        xargs -r docker exec "$1" ctr -n k8s.io images rm --sync >/dev/null
}

clean_engine() {
    local ids
    docker ps -aq --filter "label=io.x-k8s.kind.cluster=$STANDALONE" | xargs -r docker rm -fv >/dev/null || return
    ids=$(docker images -aq --filter "label=$IMAGE_LABEL" | sort -u) || return
    # shellcheck disable=SC2086 # several words
    [ -z "$ids" ] || docker rmi -f $ids >/dev/null
}

clean_nodes() {
    local node
    for node in $(nodes); do clean_node "$node" || return; done
}

cluster_clean() { # leaves the cluster with its Kafka and nothing of the tests; of two the engine is the first one's
    clean_namespaces && { [ -n "$APART" ] || clean_topics; } && clean_nodes && { [ -n "$APART" ] || clean_engine; }
}
