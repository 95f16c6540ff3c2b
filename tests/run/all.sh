#!/usr/bin/env bash
# `make test`: installs what is needed, then runs every lane, also after one has failed: lint, the
# unit tests, the unit tests under ASan and UBSan, build, lint and unit tests in a Debian 13 chroot,
# tests/e2e on a cluster of its own, and those of its tests that build and push on other engines.
# tests/floor holds how many tests each lane runs at least: fewer are a failure, so a test that is
# lost or skipped is seen. The last line is "N passed, N failed, N skipped", of all lanes.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
logs=$PWD/build/log/lanes
mkdir -p "$logs"
passed=0 failed=0 skipped=0 broken=()

lane() { # NAME COMMAND...: its last line has the counts
    local name=$1 log=$logs/$1 began=$SECONDS code=0 good bad left least counts
    shift
    echo "== $name"
    "$@" 2>&1 | tee "$log" || code=$?
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -1)
    read -r good bad left <<<"${counts//[^0-9 ]/}"
    good=${good:-0} bad=${bad:-0} left=${left:-0}
    if [ "$code" != 0 ] && [ "$bad" = 0 ]; then
        echo "$name ended with exit code $code"
        bad=1
    fi
    least=$(awk -v lane="$name" '$1 == lane { print $2 }' tests/floor)
    if [ $((good + bad)) -lt "${least:-1}" ]; then
        echo "$name ran $((good + bad)) tests ($left skipped); tests/floor wants ${least:-a number}"
        bad=$((bad + 1))
    fi
    [ "$bad" = 0 ] || broken+=("$name")
    echo "== $name: $good passed, $bad failed, $left skipped, $((SECONDS - began)) s"
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
}

# Each test of a lane's log that failed, and the last lines of what it printed: a log of 3,000 tests is read from
# its end, and a machine that runs them may keep no more.
tell_failures() { # LANE
    echo "== what failed in $1"
    awk -v most=15 '
        function tell(  i) { for (i = count > most ? count - most : 0; i < count; i++) print lines[i]; count = 0 }
        /^([a-z-]+: )?(ok|not ok|skip) - |^[a-z-: ]*[0-9]+ passed, / {
            if (bad) tell()
            bad = /^([a-z-]+: )?not ok/
            count = 0
            if (bad) print
            next
        }
        bad { lines[count++] = $0 }
        END { if (bad) tell() }' "$logs/$1"
}

trap 'exit 130' INT TERM
scripts/packages.sh build lint test cluster || {
    echo "cannot install what is needed, see above"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}
lane lint tests/run/cached make --no-print-directory lint
lane unit tests/run/cached make --no-print-directory unit
lane asan tests/run/cached make --no-print-directory unit BUILD=asan
lane trixie tests/run/trixie.sh
lane e2e tests/run/cached tests/e2e/run
lane engines tests/e2e/engines
for name in "${broken[@]}"; do tell_failures "$name"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
