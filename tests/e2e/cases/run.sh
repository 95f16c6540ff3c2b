# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# A Job or a CronJob of the manifests, run once: its output, its exit code, and what stays.

nightly() { # LINE...: a CronJob that its schedule never starts, deployed, with this program
    python_service "$@"
    cat >"$MANIFEST" <<EOF
apiVersion: batch/v1
kind: CronJob
metadata: {name: $SVC-nightly, namespace: $NS}
spec:
  schedule: "0 0 31 2 *"
  suspend: true
  jobTemplate:
    spec:
      backoffLimit: 3
      template:
        metadata: {labels: {app: $SVC}}
        spec:
          restartPolicy: OnFailure
          terminationGracePeriodSeconds: 1
          containers:
            - name: pulse
              image: $SVC:dev
              args: [python, -u, /app/main.py, as, written]
EOF
    rwml up
    expect_ok
}

# The program's exit code may be any.
run_unit() { # ARGUMENT...
    CODE=0
    (run_rwml run "$@") >"$T/out" 2>"$T/err" </dev/null || CODE=$?
    show_run "run $*"
}

jobs() { kube -n "$NS" get jobs -o json | jq -r '.items[].metadata.name'; }

no_jobs() { [ -z "$(jobs)" ]; }

test_run_to_its_end() {
    nightly 'import sys' 'for i in range(3000): print("line", i)' 'print("args", sys.argv[1:])' 'print("last", end="")'
    remember_others
    run_unit "$SVC-nightly"
    expect_ok
    expect_equal "$(wc -l <"$T/out")" 3002 'lines of output'
    expect_equal "$(sort <"$T/out" | uniq -d | wc -l)" 0 'lines that come twice'
    expect_equal "$(tail -n 2 "$T/out" | xargs)" 'args [as, written] last'
    expect_line "Job $NS/$SVC-nightly-run-[0-9a-f]\{6\} has ended with 0"
    eventually 60 no_jobs
    run_unit -o json "$SVC" -- python -u /app/main.py --new 'a b'
    expect_ok
    expect_equal "$(jq -r 'select(.event == "log") | .text' "$T/out" | sed -n 3001p)" "args ['--new', 'a b']"
    jq -e 'select(.event == "step" and .exit_code == 0) | .job' "$T/out" >/dev/null || fail "no end is told"
    expect_others_same
}

test_run_gives_the_exit_code() {
    local job
    nightly 'import sys' 'print("code", sys.argv[1])' 'sys.exit(int(sys.argv[1]))'
    for code in 3 126 255; do
        run_unit "$SVC-nightly" -- python -u /app/main.py $code
        expect_error $code RW6106
        expect_result "^code $code$"
        expect_state 'stays for an hour'
        expect_line "^  | code $code$"
    done
    job=$(jobs | head -1)
    expect_equal "$(kube -n "$NS" get job "$job" -o json | jq -c '[.spec.ttlSecondsAfterFinished, .spec.backoffLimit, .status.failed]')" \
        '[3600,0,1]' 'the Job that failed'
}

test_run_keeps_what_it_is_told_to() {
    nightly 'print("kept")'
    run_unit --keep-job "$SVC-nightly"
    expect_ok
    expect_equal "$(jobs | wc -l)" 1 'Jobs that stay'
    expect_equal "$(kube -n "$NS" get job -o json | jq -c '.items[0] | [.spec.ttlSecondsAfterFinished, .status.succeeded]')" '[null,1]'
}

test_run_shows_output_as_it_comes() {
    nightly 'import time' 'print("first")' 'time.sleep(600)'
    start_rwml run "$SVC-nightly"
    eventually 60 out_has '^first$'
    end_rwml INT
    expect_exit 130
    expect_within 10000
    expect_state 'is being removed; its program is asked to end by SIGTERM'
    eventually 60 no_jobs
    eventually 60 no_pods_are_there
}

no_pods_are_there() { [ -z "$(kube -n "$NS" get pods -o name)" ]; }

test_run_interrupted_leaves_what_is_to_be_kept() {
    nightly 'import time' 'print("first")' 'time.sleep(600)'
    start_rwml run --keep-job "$SVC-nightly"
    eventually 60 out_has '^first$'
    end_rwml TERM
    expect_exit 143
    expect_state "Job $NS/$SVC-nightly-run-[0-9a-f]* stays"
    expect_equal "$(kube -n "$NS" get jobs -o json | jq -r '.items[0].status.active')" 1 'active pods'
}

test_run_of_what_was_not_pushed() {
    nightly 'print("old")'
    sed -i 's/old/new/' app/main.py
    rwml build && expect_ok
    remember_state
    run_unit "$SVC-nightly"
    expect_error 125 RW4102
    expect_no_result
    expect_next "rwml push $SVC"
    expect_same_state
    rwml push && expect_ok
    run_unit "$SVC-nightly"
    expect_ok
    expect_result '^new$'
}

test_run_that_can_not_start() {
    nightly 'print("unseen")'
    sed -i 's|^\( *\)  args: .*|&\n\1  envFrom: [{configMapRef: {name: missing}}]|' "$MANIFEST"
    run_unit "$SVC-nightly"
    expect_error 125 RW6104
    expect_state 'is being removed'
    expect_no_result
    eventually 60 no_jobs
}

test_run_of_nothing() {
    new_pulse
    rwml run "$SVC"
    expect_only_error 125 RW1017
    expect_next 'rwml exec'
    rwml run "$SVC-nightyl"
    expect_only_error 125 RW1011
    rwml run --replicas 3 "$SVC"
    expect_only_error 125 RW1022
}
