# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Two of them at once in one workspace.

# A build of SECONDS whose image is as small as ever: what took so long stays behind in a stage.
slow_dockerfile() { # SECONDS, told from all others
    printf '%s\n' "FROM $PYTHON_IMAGE AS slow" "RUN sleep $1 && echo done >/slow" 'FROM scratch' "LABEL $IMAGE_LABEL=1" \
        'COPY --from=slow /slow /' 'COPY pulse message /' 'ENTRYPOINT ["/pulse"]' >"docker/$SVC.Dockerfile"
}

start_first() { # SECONDS: an `rwml up` whose build takes so long, under way; FIRST is its pid
    new_pulse
    SLEEP="$1.$RANDOM$$"
    slow_dockerfile "$SLEEP"
    (run_rwml up --settle 0) >"$T/first.out" 2>"$T/first.err" </dev/null &
    FIRST=$!
    finally "kill $FIRST 2>/dev/null; wait"
    eventually 60 first_builds
}

first_builds() { pgrep -f "sleep $SLEEP" >/dev/null; }

quick_dockerfile() { printf 'FROM scratch\nLABEL %s=1\nCOPY pulse /\n' "$IMAGE_LABEL" >"docker/$SVC.Dockerfile"; }

test_lock_second_up_waits() {
    start_first 4
    rwml up --settle 0
    expect_ok
    expect_line "waiting for another rwml in this workspace (pid $FIRST)"
    wait "$FIRST" || fail "the first one failed: $(cat "$T/first.err")"
    grep -q ' deploy .* 1 object written' "$T/first.out" || fail "the first one has written something else"
    expect_result 'nothing to send'
    expect_result ' 0 objects written'
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o 'jsonpath={.metadata.generation}')" 1 generation
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
}

test_lock_second_up_gives_up() {
    start_first 60
    remember_state
    rwml up --lock-timeout 0
    expect_only_error 9 RW9008
    expect_line "$FIRST"
    expect_state 'nothing was built, pushed or applied'
    expect_within 10000
    expect_same_state
    first_builds || fail "the first one has been disturbed"
}

test_lock_interrupted_while_waiting() {
    start_first 60
    remember_state
    start_rwml up
    eventually 60 err_has "waiting for another rwml"
    end_rwml INT
    expect_error 130 RW9009
    expect_within 10000
    expect_state 'nothing was built, pushed or applied'
    expect_no_result
    expect_same_state
    first_builds || fail "the first one has been disturbed"
}

test_lock_ends_with_its_holder() {
    start_first 30
    kill -9 "$FIRST"
    quick_dockerfile
    rwml build --lock-timeout 0
    expect_ok
}

test_lock_is_of_one_workspace() {
    start_first 6
    cp -a "$T/workspace" "$T/second"
    cd "$T/second" || fail "no copy"
    quick_dockerfile
    rwml build --lock-timeout 0
    expect_ok
}
