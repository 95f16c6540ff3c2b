#!/usr/bin/env bash
# Runs one cmocka program in an empty folder of its own and prints
#   PASSED FAILED SKIPPED SECONDS PROGRAM
# as its TAP output tells them. A result that was announced and did not come is a failure, and so
# is an exit code that the results don't explain: a crash, a leak, a time limit.
set -uo pipefail
out=$1 program=$2 logs=$3
name=${program#"$out/test/"}
log=$logs/${name//\//.}.log
limit=${TEST_SECONDS:-120}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/rwml-test.XXXXXX")
trap 'chmod -R u+w "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
began=$(date +%s.%N)
env -u RWML_FAULT CMOCKA_MESSAGE_OUTPUT=TAP TMPDIR="$scratch" HOME="$scratch" RWML_SOURCE="$PWD" \
    ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1:strict_string_checks=1:detect_stack_use_after_return=1" \
    timeout -k 5 "$limit" "$program" >"$log" 2>&1 </dev/null
code=$?
seconds=$(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN {printf "%.1f", b - a}')

read -r announced good bad left < <(awk '
    /^1\.\.[0-9]+/ { announced += substr($1, 4) }
    /^not ok / { if (tolower($0) ~ /# *skip/) left++; else bad++; next }
    /^ok / { if (tolower($0) ~ /# *skip/) left++; else good++ }
    END { print announced + 0, good + 0, bad + 0, left + 0 }' "$log")
missing=$((announced - good - bad - left))
if [ "$missing" -gt 0 ]; then
    bad=$((bad + missing))
    echo "tests/run: $missing of $announced results did not come" >>"$log"
fi
if [ "$announced" = 0 ]; then
    bad=$((bad + 1))
    echo "tests/run: no test ran" >>"$log"
fi
if [ "$code" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
if [ "$code" = 124 ] || [ "$code" = 137 ]; then echo "tests/run: stopped after $limit s" >>"$log"; fi
[ "$bad" = 0 ] || echo "tests/run: exit code $code" >>"$log"
echo "$good $bad $left $seconds $program"
