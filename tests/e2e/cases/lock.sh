# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Two of them at once in one workspace.

start_first() { # a build that takes about SECONDS, under way; FIRST is its pid
    new_pulse
    SLEEP="$1.$RANDOM$$"
    printf '%s\n' "FROM $PYTHON_IMAGE" "LABEL $IMAGE_LABEL=1" "RUN sleep $SLEEP" >"docker/$SVC.Dockerfile"
    (run_rwml build) >"$T/first.out" 2>"$T/first.err" </dev/null &
    FIRST=$!
    finally "kill $FIRST 2>/dev/null; wait"
    eventually 60 pgrep -f "sleep $SLEEP" >/dev/null
}

test_lock_second_waits() {
    start_first 4
    rwml build
    expect_ok
    expect_line "waiting for another rwml in this workspace (pid $FIRST)"
    wait "$FIRST" || fail "the first one failed"
    expect_result "$SVC:dev"
}

test_lock_second_gives_up() {
    start_first 30
    rwml up --lock-timeout 0
    expect_error 9 RW9008
    expect_line "$FIRST"
    expect_state 'nothing was built, pushed or applied'
    expect_within 3000
}

test_lock_ends_with_its_holder() {
    start_first 30
    kill -9 "$FIRST"
    printf 'FROM scratch\nLABEL %s=1\nCOPY pulse /\n' "$IMAGE_LABEL" >"docker/$SVC.Dockerfile"
    rwml build --lock-timeout 0
    expect_ok
}

test_lock_is_of_one_workspace() {
    start_first 6
    cp -a "$T/workspace" "$T/second"
    cd "$T/second" || fail "no copy"
    printf 'FROM scratch\nLABEL %s=1\nCOPY pulse /\n' "$IMAGE_LABEL" >"docker/$SVC.Dockerfile"
    rwml build --lock-timeout 0
    expect_ok
}
