#!/usr/bin/env bash
# Builds one variant's test programs, runs them two at a time and counts their test functions.
#
#   tests/run/unit.sh VARIANT OUT PROGRAM...     (`make unit` calls it)
#
# Prints a line for each program, the log of each that failed, and "N passed, N failed, N skipped"
# at the end. A program that crashes, leaks, hangs for TEST_SECONDS, runs fewer tests than it
# announced, or none, counts as failed. Logs stay in OUT/log/unit.
set -euo pipefail
cd "$(dirname "$0")/../.."
variant=$1 out=$2
shift 2

logs=$PWD/$out/log/unit
mkdir -p "$out/log"
exec 9>"$out/log/unit.lock"
flock 9 # a second run in this checkout waits: two makes write the same objects, and the logs are what is counted
if ! make --no-print-directory -s -j2 BUILD="$variant" tests >&2; then
    echo "not ok - the $variant unit tests build"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi

rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0 skipped=0
while read -r good bad left seconds program; do
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
    name=${program#"$out/test/"}
    if [ "$bad" = 0 ]; then
        echo "ok - $variant $name: $good tests in $seconds s$([ "$left" = 0 ] || echo ", $left skipped")"
        grep -i '# *skip' "$logs/${name//\//.}.log" | sed 's/^.*# *SKIP/  skip -/I' || true
    else
        echo "not ok - $variant $name: $bad of $((good + bad)) failed"
        sed 's/^/  | /' "$logs/${name//\//.}.log"
    fi
done < <(printf '%s\n' "$@" | xargs -P 2 -I '{}' env -u MAKEFLAGS -u MAKELEVEL tests/run/program.sh "$out" '{}' "$logs")
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
