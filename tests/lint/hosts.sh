#!/usr/bin/env bash
# The hosts that code contacts are few and known; packages and images come from what the machine's
# own settings name. A new host is a decision: add it here.
. "$(dirname "$0")/lib.sh"

KNOWN='kind\.sigs\.k8s\.io|dl\.k8s\.io|github\.com|([a-z]+\.)?kraken\.com|maven\.apache\.org'
KNOWN+='|localhost|host|127\.[0-9.]+|10\.[0-9.]+|\[::1\]|[a-z0-9.-]+\.(invalid|example|test|svc|local)|(www\.)?example\.(com|org)'

{ files ! -name '*.md' | grep -v '^LICENSE$' | xargs -r -d '\n' grep -noIHE '\b(https?|wss?)://[A-Za-z0-9.:@-]+' || true; } |
    { grep -vE "://([^@]*@)?($KNOWN)([:/?]|[^A-Za-z0-9.-]|$)" || true; } |
    { grep -E '://[A-Za-z0-9-]+\.[A-Za-z]' || true; } |
    sed -E 's/^([^:]+:[0-9]+):(.*)/\1: unknown host: \2/' | finish
