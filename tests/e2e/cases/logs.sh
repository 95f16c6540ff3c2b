# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# What containers print: every line once, in order, over restarts and revisions.

expect_time_order() {
    jq -r 'select(.event == "log") | .time' "$T/log" | sort -c || fail "not in the order of time"
}

# But for a pod's first lines: it runs a while before the API server tells of it.
expect_time_order_once_seen() {
    jq -r 'select(.event == "log") | .time + " " + .pod + "/" + .container' "$T/log" | awk '
        $1 < newest && $2 in seen { print "after " newest " comes " $0; exit 1 }
        { newest = $1; seen[$2] = 1 }' || fail "not in the order of time, see above"
}

# Its old pod counts until it is killed, which takes a second after SIGTERM.
test_logs_of_two_revisions() {
    python_service 'import itertools, time' 'for i in itertools.count():' '    print("count", i)' '    time.sleep(0.02)'
    start_logs
    rwml up --settle 0
    expect_ok
    eventually 60 logged 'count 30$'
    sed -i 's/itertools, time/time, itertools/' app/main.py
    rwml up --settle 0
    expect_ok
    eventually 60 two_pods_logged
    eventually 60 settled
    sleep 1
    end_logs
    expect_equal "$(lines_of | cut -d ' ' -f 1 | sort -u | wc -l)" 2 pods
    expect_counted
    expect_time_order_once_seen
}

two_pods_logged() { [ "$(lines_of | grep ' count 30$' | cut -d ' ' -f 1 | sort -u | wc -l)" = 2 ]; }

# The second and third instance begin after pauses of some ten seconds; what a crash prints last is what counts.
test_logs_over_restarts() {
    python_service 'import sys, time' 'for i in range(40):' '    print("count", i)' '    time.sleep(0.01)' \
        'sys.stdout.flush()' 'sys.exit(3)'
    start_logs
    rwml up
    expect_error 1 RW6103
    eventually 60 restarted_twice
    sleep 2
    end_logs
    expect_counted 39
    expect_equal "$(jq -r 'select(.event == "note") | .text' "$T/log" | sed 's/.*: //' | head -4 | xargs -d '\n' -n 9)" \
        'ended with exit 3 restart 1 ended with exit 3 restart 2' 'the marks'
}

restarted_twice() { [ "$(lines_of | grep -c ' count 39$')" -ge 3 ]; }

test_logs_of_what_has_crashed() {
    local last
    python_service 'import os, sys' 'print("life", os.stat("/proc/1").st_ctime_ns)' 'sys.exit(3)'
    rwml up
    expect_error 1 RW6103
    eventually 60 has_crashed_three_times
    rwml logs -o json
    expect_ok
    cp "$T/out" "$T/log"
    last=$(lines_of)
    [[ $last == *life* ]] || fail "nothing of the last instance"
    expect_equal "$(lines_of | wc -l)" 1 'lines of the last instance'
}

has_crashed_three_times() {
    kube -n "$NS" get pods -o json | jq -e '.items[0].status.containerStatuses[0] | .restartCount >= 2 and .state.waiting' >/dev/null
}

test_logs_of_the_instance_before() {
    python_service 'import os, sys, time' 'n = len(os.listdir("/kept"))' 'print("life", n)' \
        'open("/kept/%d" % n, "w").close()' 'if n == 0: sys.exit(1)' 'time.sleep(3600)'
    sed -i 's|^\( *\)  image: .*|&\n\1  volumeMounts: [{name: kept, mountPath: /kept}]|' "$MANIFEST"
    sed -i 's|^\( *\)containers:|\1volumes: [{name: kept, emptyDir: {}}]\n&|' "$MANIFEST"
    rwml up --settle 0
    expect_ok
    eventually 60 log_has "$SVC" 'life 1'
    rwml logs --previous
    expect_ok
    expect_result "^$SVC/$SVC-[^/]*/pulse life 0$"
    ! out_has 'life 1' || fail "the current instance is shown"
    rwml logs
    expect_result "/pulse life 1$"
    ! out_has 'life 0' || fail "the instance before is shown"
    rwml logs --follow --previous
    expect_only_error 2 RW1020
}

# 10 MB without an end of line, and what would clear a terminal and set its title.
test_logs_of_a_hostile_program() {
    local kilobytes
    python_service 'import sys, time' 'print("before")' 'sys.stdout.write("x" * 10000000 + "\n")' \
        'print("\x1b[2J\x1b]0;title\x07 after")' 'time.sleep(3600)'
    rwml up --settle 0
    expect_ok
    eventually 60 log_has "$SVC" after
    (run_rwml logs --follow) >"$T/out" 2>"$T/err" </dev/null &
    PID=$!
    eventually 60 out_has after
    kilobytes=$(awk '/^VmHWM/ {print $2}' "/proc/$PID/status")
    end_rwml INT
    expect_exit 130
    [ "$kilobytes" -lt 40000 ] || fail "rwml took $kilobytes KB of memory"
    expect_result 'pulse xxxxxxxx*x ... (cut)$'
    expect_equal "$(awk 'length($0) > 131000 && length($0) < 131200' "$T/out" | wc -l)" 1 'lines that are cut to 128 KB'
    ! LC_ALL=C grep -q "$(printf '[\033\007]')" "$T/out" || fail "an escape sequence reached the output"
    expect_result '\\x1b\[2J\\x1b\]0;title\\x07 after$'
}

test_logs_of_several_containers() {
    python_service 'import itertools, time' 'for i in range(2000):' '    print("count", i)' 'time.sleep(3600)'
    sed -i "s|^\( *\)- name: pulse|\1- name: second\n\1  image: $SVC:dev\n&|; s|replicas: 1|replicas: 2|" "$MANIFEST"
    rwml up --settle 0
    expect_ok
    eventually 60 all_have_counted
    rwml logs -o json
    expect_ok
    cp "$T/out" "$T/log"
    expect_time_order
    expect_equal "$(lines_of | wc -l)" 8000 lines
    expect_equal "$(lines_of | sort | uniq -c | awk '$1 != 2' | wc -l)" 0 'lines that are not there once for each container'
    rwml logs --tail 3
    expect_equal "$(wc -l <"$T/out")" 12 'last lines'
    sleep 2
    rwml logs --since 1s
    expect_ok
    expect_no_result
}

all_have_counted() {
    [ "$(kube -n "$NS" logs --prefix=false --all-containers -l "app=$SVC" --tail 1 | grep -c 'count 1999')" = 4 ]
}

test_logs_of_nothing() {
    new_pulse
    remember_state
    rwml logs
    expect_ok
    expect_no_result
    expect_line "no container of $SVC has started"
    expect_same_state
}

test_logs_that_nobody_reads() {
    python_service 'import itertools, time' 'for i in itertools.count():' '    print("count", i)' '    time.sleep(0.01)'
    rwml up --settle 0
    expect_ok
    { (run_rwml logs --follow 2>"$T/err" </dev/null) || echo $? >"$T/code"; } | head -3 >"$T/out"
    expect_equal "$(cat "$T/code")" 141 'exit code'
    expect_equal "$(wc -l <"$T/out")" 3 lines
    [ ! -s "$T/err" ] || fail "something is said: $(cat "$T/err")"
}
