# shellcheck shell=bash
# Logs that are followed, of a program that counts: each line once, and in order.

start_logs() { # follows in the background, as JSON, in $T/log; PID
    (run_rwml logs --follow -o json) >"$T/log" 2>"$T/log.err" </dev/null &
    PID=$!
    finally "kill $PID 2>/dev/null; tail -n 3 $T/log $T/log.err"
}

end_logs() { # as a user ends them
    end_rwml INT
    expect_exit 130
    expect_within 3000
}

lines_of() { jq -r 'select(.event == "log") | .pod + " " + .text' "$T/log"; }

logged() { lines_of 2>/dev/null | grep -q -- "$1"; } # PATTERN

# Each pod has counted from 0 in steps of one; where it may restart, from 0 again behind LAST.
expect_counted() { # [LAST]
    lines_of | awk -v last="${1:-none}" '
        $2 != "count" { next }
        !($1 in next_one) { next_one[$1] = 0 }
        last != "none" && next_one[$1] == last + 1 { next_one[$1] = 0 }
        $3 != next_one[$1] { print "pod " $1 " says " $3 ", not " next_one[$1]; exit 1 }
        { next_one[$1] = $3 + 1; count++ }
        END { if (count < 20) { print "only " count + 0 " lines"; exit 1 } }' || fail "lines are lost or come twice, see above"
}
