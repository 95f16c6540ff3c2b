# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Pushes that don't get to their end: half an image is none, and nothing is left running. Alone,
# since imports are looked for, and ended, in the nodes that all tests use.

# Each cut happens at another write: before, in and after the import. Whatever it hits, a run that
# says it has succeeded has, and one that does not has set no name.
test_push_that_is_cut() {
    local after node name failures=0
    need_faults
    new_pulse
    for after in 4 8 12 18 25; do
        set_message "text $after of $SVC"
        rwml build && expect_ok
        name=$(content_name "$SVC")
        RWML=$RWML_FAULTY
        RWML_ENV+=(RWML_FAULT="net.write=$after*off->1*error(EPIPE)")
        rwml push
        if [ "$CODE" = 0 ]; then
            for node in $(nodes); do node_has "$node" "$name" || fail "success, but $node lacks $name"; done
            continue
        fi
        failures=$((failures + 1))
        expect_line '^error\[RW'
        expect_line '^  state: '
        expect_no_result
        for node in $(nodes); do
            if node_has "$node" "$name"; then expect_state "is on: .*$node"; else expect_no_line "is on: [^;]*$node"; fi
        done
    done
    [ "$failures" -gt 2 ] || fail "only $failures of these writes were cut"
    expect_no_leftovers
}

test_push_that_loses_the_engine() {
    local node name
    need_faults
    new_pulse
    rwml build && expect_ok
    name=$(content_name "$SVC")
    slow_push
    for node in $(nodes); do docker exec "$node" pkill -9 -f '^ctr .*import'; done
    CODE=0
    wait "$PID" || CODE=$?
    show_run push
    check_death
    [ "$CODE" = 3 ] || [ "$CODE" = 8 ] || fail "exit $CODE, neither 3 nor 8"
    expect_line '^error\[RW'
    expect_line '^  state: '
    expect_no_result
    for node in $(nodes); do ! node_has "$node" "$name" || fail "$node has $name"; done
    expect_no_leftovers
}

need_faults() { [ -x "$RWML_FAULTY" ] || fail "no $RWML_FAULTY: make BUILD=fault"; }

slow_push() { # starts a push whose import takes many seconds, and waits until it runs in every node
    RWML=$RWML_FAULTY
    RWML_ENV+=(RWML_FAULT="net.read=20*off->delay(400)")
    start_rwml push
    finally "kill $PID 2>/dev/null; wait"
    eventually 40 imports_run
}

test_push_interrupted() { interrupt_push INT 130; }
test_push_terminated() { interrupt_push TERM 143; }

interrupt_push() { # SIGNAL EXIT
    local node name
    need_faults
    new_pulse
    rwml build && expect_ok
    name=$(content_name "$SVC")
    remember_state
    slow_push
    end_rwml "$1"
    [ "$CODE" = "$2" ] || fail "exit $CODE, not $2"
    expect_within 5000
    no_import_runs || fail "an import still runs"
    expect_line '^  state: '
    expect_no_result
    for node in $(nodes); do ! node_has "$node" "$name" || fail "$node has $name"; done
    expect_same_state
}
