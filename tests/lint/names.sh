#!/usr/bin/env bash
# Nothing in cmd/ or pkg/ knows the sample: its services, cluster or Kafka.
. "$(dirname "$0")/lib.sh"

{ files | grep -E '^(cmd|pkg)/' | xargs -r grep -niHE '\b(trades?|candles?)\b|rwml-34fa|kafka-e11b' || true; } |
    sed -E 's/^([^:]+:[0-9]+):/\1: the sample is named: /' | finish
