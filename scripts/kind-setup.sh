#!/usr/bin/env bash
# Makes the Kind cluster of this workspace, with Kafka in it, and selects it for kubectl (in the
# file that KUBECONFIG names, if it does). Safe to repeat: what is there is kept, what is missing
# is made, nothing is destroyed.
#
#   scripts/kind-setup.sh [OPTIONS]
#     --name NAME            the cluster (default: the one of manifests/dev/kind/cluster.yaml)
#     --workers N            worker nodes beside the control plane (default 0)
#     --namespace NS         make this namespace too; may be repeated (default: those that
#                            manifests/dev names)
#     --kafka-name NAME      (default kafka-e11b) Kafka answers at
#     --kafka-namespace NS   (default kafka)      NAME-kafka-bootstrap.NS.svc.cluster.local:9092
#     --no-kafka             no Kafka
#     --lab                  make all images from package registries, as where public images
#                            cannot be pulled (RWML_LAB=1 does the same; RWML_LAB=0 forbids it)
. "$(dirname "$0")/common.sh"

NAME=$(cluster_of_checkout)
WORKERS=
NAMESPACES=()
KAFKA=yes
KAFKA_NAME=kafka-e11b
KAFKA_NAMESPACE=kafka
PUBLIC_KAFKA=apache/kafka:4.1.1
PUBLIC_NODE=kindest/node:v1.34.0@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a
LAB=${RWML_LAB:-}
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
        if image_exists "$PUBLIC_NODE"; then
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

cluster_exists() { kind get clusters 2>/dev/null | grep -qxF "$NAME"; }

nodes() { kind get nodes --name "$NAME" 2>/dev/null; }

check_workers() {
    local found
    found=$(($(nodes | wc -l) - 1))
    [ -z "$WORKERS" ] || [ "$found" -ge "$WORKERS" ] ||
        die "cluster $NAME has $found workers, not $WORKERS. Nothing was changed. Take another --name, or remove it: kind delete cluster --name $NAME"
}

start_nodes() { # those that a reboot, or somebody, stopped
    local node
    for node in $(nodes); do
        [ "$(docker inspect -f '{{.State.Running}}' "$node")" = true ] && continue
        say "starting node $node"
        docker start "$node" >/dev/null
    done
}

create_cluster() {
    local image=$PUBLIC_NODE worker
    [ "$WAY" = public ] || image=$("$CHECKOUT/tests/lab/make.sh" --print-node-image)
    {
        cat "$CHECKOUT/manifests/dev/kind/cluster.yaml"
        for ((worker = 0; worker < ${WORKERS:-0}; worker++)); do echo '  - role: worker'; done
    } | kind create cluster --name "$NAME" --image "$image" --wait 180s --config - >&2
}

wait_for_api() {
    local attempt
    for attempt in $(seq 1 180); do
        if kubectl --context "kind-$NAME" get --raw=/readyz >/dev/null 2>&1; then return; fi
        sleep 1
    done
    die "the API server of $NAME does not answer after $attempt s: docker logs $NAME-control-plane"
}

# What the API server tells of pods right after a node's start is from before it, so each
# container's start has to be later than its node's.
pods_are_back() { # NODE-STARTS, a JSON object
    kubectl --context "kind-$NAME" get pods --all-namespaces -o json |
        jq -e --argjson since "$1" --arg kafka "$KAFKA_NAMESPACE" '
            [.items[]
             | select(.metadata.namespace | IN("kube-system", "local-path-storage", $kafka))
             | select(.status.phase != "Succeeded")
             | $since[.spec.nodeName // ""] as $start | .status.containerStatuses[]?
             | .ready and .state.running.startedAt >= $start] | length > 0 and all' >/dev/null 2>&1
}

wait_for_pods() {
    local attempt starts
    starts=$(nodes | xargs docker inspect -f '{{.Name}} {{.State.StartedAt}}' |
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
PATH=$PATH:$HOME/.local/bin

step "cluster $NAME"
if cluster_exists; then
    check_workers
    start_nodes
else
    create_cluster
fi
kind export kubeconfig --name "$NAME" --quiet
wait_for_api
wait_for_pods
make_namespaces

if [ "$KAFKA" = yes ]; then
    step "Kafka in namespace $KAFKA_NAMESPACE"
    image=$PUBLIC_KAFKA
    [ "$WAY" = public ] || image=$("$CHECKOUT/tests/lab/make.sh" --print-kafka-image)
    "$CHECKOUT/scripts/kafka.sh" "$NAME" "$KAFKA_NAME" "$KAFKA_NAMESPACE" "$image"
fi
say "cluster $NAME is ready; kubectl's context is kind-$NAME"
