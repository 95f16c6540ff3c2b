#!/usr/bin/env bash
# Prints N messages (default 5) of a Kafka topic from its beginning, one per line, read by the
# broker's own console consumer in its pod. Waits at most 60 s for them.
#
#   scripts/kafka-read.sh [--name CLUSTER] [--kafka-name NAME] [--kafka-namespace NS]
#                         [--timeout SECONDS] TOPIC [N]
. "$(dirname "$0")/common.sh"

CLUSTER=$(cluster_of_checkout)
NAME=kafka-e11b
NAMESPACE=kafka
SECONDS_TO_WAIT=60
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) print_header "$0" && exit 0 ;;
    --name) CLUSTER=${2:?} && shift 2 ;;
    --kafka-name) NAME=${2:?} && shift 2 ;;
    --kafka-namespace) NAMESPACE=${2:?} && shift 2 ;;
    --timeout) SECONDS_TO_WAIT=${2:?} && shift 2 ;;
    -*) usage_error "no option is called $1" ;;
    *) break ;;
    esac
done
TOPIC=${1:-}
COUNT=${2:-5}
[ -n "$TOPIC" ] || usage_error "name a topic"
[[ $COUNT =~ ^[1-9][0-9]*$ ]] || usage_error "$COUNT is not a number of messages"

# The consumer counts the time since the last message; timeout(1) guards against a lost kubectl.
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
messages=$(timeout $((SECONDS_TO_WAIT + 30)) kubectl --context "kind-$CLUSTER" -n "$NAMESPACE" \
    exec "$NAME-0" -- /opt/kafka/bin/kafka-console-consumer.sh --bootstrap-server localhost:9092 \
    --topic "$TOPIC" --consumer-property allow.auto.create.topics=false --from-beginning --max-messages "$COUNT" \
    --timeout-ms $((SECONDS_TO_WAIT * 1000)) 2>"$errors") || true
[ -z "$messages" ] || printf '%s\n' "$messages"
found=$(grep -c . <<<"$messages" || true)
if [ "$found" -lt "$COUNT" ]; then
    grep -v ' INFO ' "$errors" | tail -3 >&2 || true
    say "topic $TOPIC of $NAME in $NAMESPACE gave $found of $COUNT messages within $SECONDS_TO_WAIT s"
    exit 1
fi
