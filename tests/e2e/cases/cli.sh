# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# The command line: what needs no engine, and what happens to the output.

test_cli_help_and_version_need_no_engine() {
    local words
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent KUBECONFIG=/nonexistent)
    for words in help --help -h '' 'help up' 'up --help' 'help man' version --version; do
        # shellcheck disable=SC2086 # several words
        rwml $words
        expect_ok
        [ -s "$T/out" ] || fail "rwml $words says nothing"
        [ ! -s "$T/err" ] || fail "rwml $words talks on stderr"
    done
    expect_result '^rwml [0-9]'
}

test_cli_unknown_command() {
    rwml pusch
    expect_only_error 2 RW1021
    expect_cause 'did you mean push?'
    expect_state 'nothing was contacted'
    expect_next 'rwml help'
}

test_cli_unknown_option() {
    rwml up --setle 3s
    expect_only_error 2 RW1022
    expect_cause 'did you mean --settle?'
    rwml build --set A=b # one of deploy
    expect_only_error 2 RW1022
}

test_cli_option_without_value() {
    rwml up --set
    expect_only_error 2 RW1020
    rwml up --timeout soon
    expect_only_error 2 RW1020
    rwml up -j 0
    expect_only_error 2 RW1020
}

test_cli_no_workspace() {
    mkdir "$T/empty"
    rwml up -C "$T/empty"
    expect_only_error 2 RW1010
    expect_state 'nothing was'
}

test_cli_directory_that_is_not_there() {
    rwml up -C "$T/nowhere"
    expect_only_error 7 RW9001
    expect_line nowhere
}

test_cli_errors_as_json() {
    rwml build -o json -C /nonexistent-directory
    [ ! -s "$T/err" ] || fail "stderr is not empty"
    jq -e --argjson exit "$CODE" 'select(.event == "error") | .exit == $exit and (.code | test("^RW[0-9]{4}$"))
        and (.state | length > 0) and (.message | length > 0)' "$T/out" >/dev/null || fail "not the error as JSON"
}

test_cli_events_as_json() {
    new_pulse
    rwml build -o json
    expect_ok
    jq -e . "$T/out" >/dev/null || fail "not JSON"
    jq -es 'any(.[]; .event == "result" and .stage == "build")' "$T/out" >/dev/null || fail "no result event"
}

test_cli_full_disk_behind_stdout() {
    [ -w /dev/full ] || skip "/dev/full"
    new_pulse
    CODE=0
    (run_rwml build) >/dev/full 2>"$T/err" </dev/null || CODE=$?
    : >"$T/out"
    show_run 'build >/dev/full'
    expect_error 7 RW9006
    expect_cause ENOSPC
    expect_state 'what was done is done'
}

# Whatever is opened next gets the free number 1: results must not go there.
test_cli_closed_stdout() {
    new_pulse
    CODE=0
    (run_rwml build) >&- 2>"$T/err" </dev/null || CODE=$?
    : >"$T/out"
    show_run 'build >&-'
    expect_error 7 RW9006
    engine_digest "$SVC:dev" || fail "the image was not built"
}

test_cli_reader_that_goes_away() {
    new_pulse
    set +eo pipefail
    (run_rwml up --settle 0) 2>"$T/err" </dev/null | head -1 >"$T/out"
    CODE=${PIPESTATUS[0]}
    set -eo pipefail
    show_run 'up | head -1'
    expect_exit 0 141
    expect_no_line '^error'
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
}

test_cli_proxies_are_for_others() {
    local dead=http://127.0.0.1:9
    new_pulse
    RWML_ENV+=(http_proxy="$dead" https_proxy="$dead" all_proxy="$dead" HTTP_PROXY="$dead" HTTPS_PROXY="$dead" ALL_PROXY="$dead")
    rwml up --settle 0
    expect_ok
}

test_cli_make_without_service() {
    local target
    for target in build-for-dev push-for-dev deploy-for-dev; do
        CODE=0
        env -u service make -s --no-print-directory -C "$CHECKOUT" "$target" >"$T/out" 2>"$T/err" || CODE=$?
        show_run "make $target"
        expect_exit 2
        expect_line "service=trades"
        expect_no_result
    done
}
