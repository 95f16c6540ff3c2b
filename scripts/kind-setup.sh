#!/usr/bin/env bash
# Makes the Kind cluster of this workspace, with Kafka in it, and selects it for kubectl (in the
# file that KUBECONFIG names, if it does). Safe to repeat: what is there is kept, what is missing
# is made, nothing is destroyed, be it its own or somebody else's of that name. Only a cluster whose
# making is interrupted is removed again.
#
#   scripts/kind-setup.sh [OPTIONS]
#     --name NAME            the cluster (default: the one of manifests/dev/kind/cluster.yaml)
#     --workers N            worker nodes beside the control plane (default 0)
#     --namespace NS         make this namespace too; may be repeated (default: those that
#                            manifests/dev names)
#     --kafka-name NAME      (default kafka-e11b) Kafka answers at
#     --kafka-namespace NS   (default kafka)      NAME-kafka-bootstrap.NS.svc.cluster.local:9092
#     --no-kafka             no Kafka
#     --own                  end, with nothing changed, at a cluster that this script did not make
#     --lab                  make all images from package registries, as where public images
#                            cannot be pulled (RWML_LAB=1 does the same; RWML_LAB=0 forbids it)
. "$(dirname "$0")/common.sh"

NAME=$(cluster_of_checkout)
WORKERS=
NAMESPACES=()
KAFKA=yes
OWN=
KAFKA_NAME=kafka-e11b
KAFKA_NAMESPACE=kafka
PUBLIC_KAFKA=apache/kafka:4.1.1
PUBLIC_NODE=kindest/node:v1.34.0@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a
LAB=${RWML_LAB:-}
MARK=rwml-kind-setup # a ConfigMap in kube-public: this script made the cluster, to the end
STEP=0
STEPS=5

while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) print_header "$0" && exit 0 ;;
    --name) NAME=${2:?} && shift ;;
    --workers) WORKERS=${2:?} && shift ;;
    --namespace) NAMESPACES+=("${2:?}") && shift ;;
    --kafka-name) KAFKA_NAME=${2:?} && shift ;;
    --kafka-namespace) KAFKA_NAMESPACE=${2:?} && shift ;;
    --no-kafka) KAFKA=no STEPS=4 ;;
    --own) OWN=yes ;;
    --lab) LAB=1 ;;
    *) usage_error "no option is called $1" ;;
    esac
    shift
done
[[ -z $WORKERS || $WORKERS =~ ^[0-9]$ ]] || usage_error "--workers takes a number from 0 to 9"
[[ $NAME =~ ^[a-z0-9][a-z0-9.-]*$ ]] || usage_error "a cluster cannot be called '$NAME'"

step() { # MESSAGE
    STEP=$((STEP + 1))
    say "step $STEP of $STEPS: $*"
}

manifest_namespaces() {
    find "$CHECKOUT/manifests/dev" -name '*.yaml' -exec sed -n 's/^ *namespace: *//p' {} + | sort -u
}

can_pull() { # by the engine, which is what will pull: the smallest image there is
    image_exists hello-world && return 0
    timeout 15 docker pull --quiet hello-world >/dev/null 2>&1 || return 1
    docker rmi hello-world >/dev/null
}

choose_way() {
    case $LAB in
    1) WAY=lab WHY="as told" ;;
    0) WAY=public WHY="as told" ;;
    *)
        # What a cluster was made of does not change with the network of the day.
        if is_of_lab; then
            WAY=lab WHY="cluster $NAME is made of them"
        elif image_exists "$PUBLIC_NODE"; then
            WAY=public WHY="they are here"
        elif can_pull; then
            WAY=public WHY="this machine can pull them"
        else
            WAY=lab WHY="this machine cannot pull public images"
        fi
        ;;
    esac
    if [ "$WAY" = lab ]; then
        say "images are made from package registries ($WHY): see tests/lab/README.md"
    else
        say "public images are used ($WHY)"
    fi
}

is_of_lab() { [[ $(docker inspect -f '{{.Config.Image}}' "$NAME-control-plane" 2>/dev/null) = rwml-lab/node:* ]]; }

# As the cluster's own administrator, in its node: no context of a kubeconfig can lead elsewhere.
node_kubectl() { docker exec "$NAME-control-plane" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }

check_workers() {
    local found
    found=$(nodes_of "$NAME" worker | wc -l)
    [ -z "$WORKERS" ] || [ "$found" -ge "$WORKERS" ] ||
        die "cluster $NAME has $found workers, not $WORKERS. Nothing was changed. Take another --name, or remove it: kind delete cluster --name $NAME"
}

start_nodes() { # those that a reboot, or somebody, stopped
    local node
    for node in $(nodes_of "$NAME"); do
        [ "$(docker inspect -f '{{.State.Running}}' "$node")" = true ] && continue
        say "starting node $node"
        docker start "$node" >/dev/null
    done
}

kind_create() {
    local image=$PUBLIC_NODE worker
    [ "$WAY" = public ] || image=$("$CHECKOUT/tests/lab/make.sh" --print-node-image)
    {
        cat "$CHECKOUT/manifests/dev/kind/cluster.yaml"
        for ((worker = 0; worker < ${WORKERS:-0}; worker++)); do echo '  - role: worker'; done
    } | kind create cluster --name "$NAME" --image "$image" --wait 180s --config - >&2
}

# kind removes what it made when it fails, but dies of a signal without a word. What it leaves then
# looks like a cluster and never becomes one.
create_cluster() {
    local code=0
    trap remove_unfinished EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    kind_create || code=$?
    if [ "$code" -gt 0 ] && [ "$code" -le 128 ]; then trap - EXIT; fi
    [ "$code" = 0 ] || exit "$code"
    write_mark
    trap - EXIT HUP INT TERM
}

remove_unfinished() {
    local attempt
    trap '' HUP INT TERM
    set +e
    say "removing cluster $NAME, whose making was cut off"
    # The engine may still be at a container that was asked for when kind died.
    for attempt in 1 2 3; do
        kind delete cluster --quiet --name "$NAME"
        sleep 1
        cluster_exists "$NAME" || return
    done
    say "cluster $NAME could not be removed in $attempt attempts: kind delete cluster --name $NAME"
}

write_mark() {
    node_kubectl -n kube-public create configmap "$MARK" --from-literal=made-by=scripts/kind-setup.sh >/dev/null
}

die_unfinished() {
    die "cluster $NAME is there, but its making was cut off ($*). Nothing was changed. If nobody is at it just now, remove it and run this again: kind delete cluster --name $NAME"
}

wait_for_api() {
    local attempt
    for attempt in $(seq 1 180); do
        if node_kubectl get --request-timeout=5s --raw=/readyz >/dev/null 2>&1; then return; fi
        sleep 1
    done
    die "the API server of $NAME does not answer after $attempt s: docker logs $NAME-control-plane. If its making was cut off, remove it: kind delete cluster --name $NAME"
}

# Earlier versions of this script left no mark. Nobody else makes clusters of the lab's image, and
# kafka.yaml's id without kafka.yaml's label is theirs, too.
made_by_earlier_version() {
    is_of_lab || node_kubectl -n "$KAFKA_NAMESPACE" get statefulset "$KAFKA_NAME" -o json 2>/dev/null |
        jq -e --arg id "$(kafka_id)" '
            (.metadata.labels["app.kubernetes.io/managed-by"] == null)
            and any(.spec.template.spec.containers[0].env[]?; .name == "CLUSTER_ID" and .value == $id)' >/dev/null
}

all_nodes_ready() {
    local made
    made=$({ nodes_of "$NAME" control-plane && nodes_of "$NAME" worker; } | wc -l)
    [ "$(node_kubectl get nodes -o name | wc -l)" = "$made" ] &&
        node_kubectl wait --for=condition=Ready nodes --all --timeout=60s >/dev/null 2>&1
}

keep_cluster() { # one that is there
    local mark
    check_workers
    # A copy, since that works in a node that stands still, too.
    docker cp "$NAME-control-plane:/etc/kubernetes/admin.conf" - >/dev/null 2>&1 ||
        die_unfinished "its control plane has no admin.conf"
    start_nodes
    wait_for_api
    mark=$(node_kubectl -n kube-public get configmap "$MARK" --ignore-not-found -o name)
    [ -z "$mark" ] || return 0
    if made_by_earlier_version; then
        all_nodes_ready || die_unfinished "not all of its nodes are ready"
        write_mark
    elif [ -n "$OWN" ]; then
        die "cluster $NAME was not made by this script, or not to its end; nothing was changed in it. Take another name: scripts/onboard.sh --name OTHER. Or, if you know that nobody needs it: kind delete cluster --name $NAME"
    else
        say "cluster $NAME was not made by this script: what is in it is kept, only what is missing is added"
    fi
}

# What the API server tells of pods right after a node's start is from before it, so each
# container's start has to be later than its node's. All are waited for when a node was started in
# the last 3 minutes; later, only those that are said to run since before their node does. What else
# is down then was down before, for a reason of its own.
pods_are_back() { # NODE-STARTS, a JSON object
    kubectl --context "kind-$NAME" get pods --all-namespaces -o json |
        jq -e --argjson since "$1" --arg kafka "$KAFKA_NAMESPACE" '
            any($since[]; sub("[.][0-9]+"; "") | fromdate > now - 180) as $recent
            | [.items[]
             | select(.metadata.namespace | IN("kube-system", "local-path-storage", $kafka))
             | select(.metadata.deletionTimestamp == null)
             | select(.status.phase | IN("Succeeded", "Failed") | not)
             | $since[.spec.nodeName // ""] as $start | (.status.containerStatuses // [null])[]
             | .state.running.startedAt as $runs
             | if $runs == null then $recent | not
               elif $runs < $start then false
               else .ready or ($recent | not) end] | length > 0 and all' >/dev/null 2>&1
}

wait_for_pods() {
    local attempt starts
    starts=$(nodes_of "$NAME" | xargs docker inspect -f '{{.Name}} {{.State.StartedAt}}' |
        jq -nR '[inputs | split(" ") | {(.[0][1:]): .[1]}] | add')
    for attempt in $(seq 1 120); do
        if pods_are_back "$starts"; then return; fi
        [ "$attempt" != 5 ] || say "waiting for the cluster's own pods"
        sleep 1
    done
    kubectl --context "kind-$NAME" get pods --all-namespaces >&2 || true
    say "not all of the cluster's own pods are ready after $attempt s, see above; going on without them"
}

make_namespaces() {
    local namespace
    for namespace in "${NAMESPACES[@]}"; do
        kubectl --context "kind-$NAME" get namespace "$namespace" >/dev/null 2>&1 ||
            kubectl --context "kind-$NAME" create namespace --save-config "$namespace" >/dev/null
    done
}

[ ${#NAMESPACES[@]} -gt 0 ] || mapfile -t NAMESPACES < <(manifest_namespaces)
step "packages and engine"
"$CHECKOUT/scripts/packages.sh" cluster
"$CHECKOUT/scripts/engine.sh"

step "images"
choose_way
[ "$WAY" = public ] || "$CHECKOUT/tests/lab/make.sh"

step "kind and kubectl"
"$CHECKOUT/scripts/tools.sh"

step "cluster $NAME"
if cluster_exists "$NAME"; then keep_cluster; else create_cluster; fi
kind export kubeconfig --name "$NAME" --quiet
wait_for_pods
make_namespaces

if [ "$KAFKA" = yes ]; then
    step "Kafka in namespace $KAFKA_NAMESPACE"
    image=$PUBLIC_KAFKA
    [ "$WAY" = public ] || image=$("$CHECKOUT/tests/lab/make.sh" --print-kafka-image)
    "$CHECKOUT/scripts/kafka.sh" "$NAME" "$KAFKA_NAME" "$KAFKA_NAMESPACE" "$image"
fi
say "cluster $NAME is ready; kubectl's context is kind-$NAME"
