#!/usr/bin/env bash
# The program that is installed holds no switch for faults.
. "$(dirname "$0")/lib.sh"

[ -f build/rwml ] || echo "build/rwml:1: is not built" | finish
for word in RWML_FAULT fault_set; do
    ! grep -qa "$word" build/rwml || echo "build/rwml:1: holds $word"
done | finish
