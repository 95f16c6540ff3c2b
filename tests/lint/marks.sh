#!/usr/bin/env bash
# No open ends (TO-DO and its kin), no characters that hide what a line does; tests/data has some
# control characters on purpose.
. "$(dirname "$0")/lib.sh"

{
    files | xargs -r -d '\n' grep -nIHE '\b(T[O]DO|F[I]XME|X[X]X)\b' | sed -E 's/^([^:]+:[0-9]+):.*/\1: an open end/' || true
    files | xargs -r -d '\n' grep -nIHP '[\x{061C}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}]' |
        sed -E 's/^([^:]+:[0-9]+):.*/\1: a bidirectional control character/' || true
    files | grep -v '^tests/data/' | xargs -r -d '\n' grep -nIHP '[\x01-\x08\x0B-\x1F\x7F]' |
        sed -E 's/^([^:]+:[0-9]+):.*/\1: a control character/' || true
} | finish
