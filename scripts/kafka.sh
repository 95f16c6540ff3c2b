#!/usr/bin/env bash
# Puts one Kafka node into the cluster and waits until it is ready, behind
# NAME-kafka-bootstrap.NS.svc.cluster.local:9092. IMAGE is loaded into the nodes first when this
# machine's engine made it; otherwise the cluster pulls it. Changes nothing when all is there.
#
#   scripts/kafka.sh CLUSTER NAME NAMESPACE IMAGE
. "$(dirname "$0")/common.sh"
CLUSTER=${1:?} NAME=${2:?} NAMESPACE=${3:?} IMAGE=${4:?}

in_cluster() { kubectl --context "kind-$CLUSTER" -n "$NAMESPACE" "$@"; }

load_image() { # into the nodes that lack it; kind itself compares
    kind load docker-image "$IMAGE" --name "$CLUSTER" --quiet
}

explain() {
    in_cluster get pods,events >&2 || true
    in_cluster logs "$NAME-0" --tail=20 >&2 || true
    die "Kafka is not ready after 5 min, see above"
}

case $IMAGE in
rwml-lab/*) load_image ;;
esac
sed -e "s|__NAME__|$NAME|g; s|__NAMESPACE__|$NAMESPACE|g; s|__IMAGE__|$IMAGE|g" "$CHECKOUT/scripts/kafka.yaml" |
    kubectl --context "kind-$CLUSTER" apply -f - >/dev/null
in_cluster rollout status "statefulset/$NAME" --timeout=300s >/dev/null || explain
