#!/usr/bin/env bash
# Puts one Kafka node into the cluster and waits until it is ready, behind
# NAME-kafka-bootstrap.NS.svc.cluster.local:9092. IMAGE is loaded into the nodes first when this
# machine's engine made it; otherwise the cluster pulls it. Changes nothing when all is there: a
# Kafka that this made keeps its image, and one that it did not make (Strimzi calls its Service
# NAME-kafka-bootstrap, too) is kept as it is.
#
#   scripts/kafka.sh CLUSTER NAME NAMESPACE IMAGE
. "$(dirname "$0")/common.sh"
CLUSTER=${1:?} NAME=${2:?} NAMESPACE=${3:?} IMAGE=${4:?}

in_cluster() { kubectl --context "kind-$CLUSTER" -n "$NAMESPACE" "$@"; }

# "ours IMAGE", "foreign KIND NAME", or nothing where there is neither Service nor StatefulSet.
# Earlier versions of this wrote no label: theirs is told by kafka.yaml's id, which nobody shares.
what_is_there() {
    in_cluster get "service/$NAME-kafka-bootstrap" "statefulset/$NAME" --ignore-not-found -o json |
        jq -r --arg name "$NAME" --arg id "$(kafka_id)" '
            def labelled: .metadata.labels["app.kubernetes.io/managed-by"] == "rwml-kind-setup";
            def container: .spec.template.spec.containers[0];
            def of_earlier_version: .spec.template.metadata.labels.app == $name
                and (container.image // "" | test("^(rwml-lab|apache)/kafka:"))
                and any(container.env[]?; .name == "CLUSTER_ID" and .value == $id);
            (.items // [.]) as $all
            | ($all | map(select(.kind == "StatefulSet")) | first) as $set
            | ($all | map(select(.kind == "Service")) | first) as $service
            | ($set | labelled or of_earlier_version) as $set_is_ours
            | if $set and ($set_is_ours | not) then "foreign StatefulSet \($set.metadata.name)"
              elif $service and ($service | labelled | not)
                  and ($set_is_ours and $service.spec.selector == {app: $name} | not)
              then "foreign Service \($service.metadata.name)"
              elif $set then "ours \($set | container.image)"
              else empty end'
}

load_image() { # into the nodes that lack it; kind itself compares
    kind load docker-image "$IMAGE" --name "$CLUSTER" --quiet
}

make_namespace() { # a create, not an apply: one that is there stays as it is
    in_cluster get namespace "$NAMESPACE" >/dev/null 2>&1 || in_cluster create namespace "$NAMESPACE" >/dev/null
}

explain() {
    in_cluster get pods,events >&2 || true
    in_cluster logs "$NAME-0" --tail=20 >&2 || true
    die "Kafka is not ready after 5 min, see above"
}

found=$(what_is_there)
case $found in
foreign*)
    say "${found#foreign } in namespace $NAMESPACE was not made by this script: it is kept as it is, and no Kafka is added"
    exit 0
    ;;
# Another image under a broker's data is a decision, not what a repetition does.
ours*) IMAGE=${found#ours } ;;
esac
case $IMAGE in
rwml-lab/*) ! image_exists "$IMAGE" || load_image ;;
esac
make_namespace
sed -e "s|__NAME__|$NAME|g; s|__NAMESPACE__|$NAMESPACE|g; s|__IMAGE__|$IMAGE|g" "$CHECKOUT/scripts/kafka.yaml" |
    in_cluster apply -f - >/dev/null
in_cluster rollout status "statefulset/$NAME" --timeout=300s >/dev/null || explain
say "Kafka answers in the cluster at $NAME-kafka-bootstrap.$NAMESPACE.svc.cluster.local:9092"
