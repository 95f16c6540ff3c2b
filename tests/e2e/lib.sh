# shellcheck shell=bash
# What a test is written with. A test is a function test_NAME in cases/; it has a folder of its
# own ($T, which is also $HOME), a service name ($SVC) and a namespace ($NS) that no other test
# has, and ends at the first thing that is not as expected.
. "$(dirname "${BASH_SOURCE[0]}")/state.sh"
. "$E2E/workspace.sh"
. "$E2E/applied.sh"
. "$E2E/standalone.sh"
. "$E2E/counted.sh"
. "$E2E/away.sh"

SKIPPED=77 # exit code of a test that a machine cannot run

fail() {
    local i
    echo "FAILED: $*" >&2
    for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
        case ${BASH_SOURCE[i]} in
        */cases*/*) echo "  at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}" >&2 ;;
        esac
    done
    exit 1
}

skip() { # NEED: what the machine lacks
    echo "$*" >"$T/need"
    exit $SKIPPED
}

# ---------------------------------------------------------------- rwml

# What rwml gets for an environment, and nothing else. Its PATH leads nowhere: no docker, kind or
# kubectl can take part. A later value wins. One state folder for all, as of one user: the pushes of
# tests that run side by side take turns by a lock in it.
RWML_ENV=(PATH=/nonexistent HOME="$T" KUBECONFIG="$KUBECONFIG" XDG_STATE_HOME="$SHARED/state")
[ -z "${DOCKER_HOST:-}" ] || RWML_ENV+=(DOCKER_HOST="$DOCKER_HOST")

run_rwml() { # ARGUMENT...: becomes rwml, for where it has to run in the background or in a pipe
    exec env -i "${RWML_ENV[@]}" "$RWML" "$@"
}

rwml() { # ARGUMENT...: leaves its exit code in CODE, its output in $T/out and $T/err
    local began
    began=$(date +%s%N)
    CODE=0
    (run_rwml "$@") >"$T/out" 2>"$T/err" </dev/null || CODE=$?
    TOOK_MS=$((($(date +%s%N) - began) / 1000000))
    show_run "$*"
    check_death
}

show_run() { # COMMAND: for the log
    echo "+ rwml $1: exit $CODE after ${TOOK_MS:-?} ms"
    sed 's/^/  out: /' "$T/out"
    sed 's/^/  err: /' "$T/err"
}

# A death that nobody asked for is never an expected failure.
check_death() {
    case $CODE in
    130 | 141 | 143) ;;
    70 | 126 | 127) fail "rwml ended with $CODE" ;;
    *) [ "$CODE" -lt 128 ] || fail "rwml died by signal $((CODE - 128))" ;;
    esac
}

start_rwml() { # ARGUMENT...: in the background; PID
    (run_rwml "$@") >"$T/out" 2>"$T/err" </dev/null &
    PID=$!
}

err_has() { grep -q -- "$1" "$T/err"; } # PATTERN: so far
out_has() { grep -q -- "$1" "$T/out"; }

end_rwml() { # SIGNAL: sends it, and waits: CODE, TOOK_MS
    local began
    began=$(date +%s%N)
    kill "-$1" "$PID"
    CODE=0
    wait "$PID" || CODE=$?
    TOOK_MS=$((($(date +%s%N) - began) / 1000000))
    show_run "(SIG$1)"
    check_death
}

await_rwml() { # COMMAND: waits for the end of what start_rwml began: CODE
    TOOK_MS=
    CODE=0
    wait "$PID" || CODE=$?
    show_run "$1"
    check_death
}

# ---------------------------------------------------------------- expectations

expect_ok() { [ "$CODE" = 0 ] || fail "exit $CODE, not 0"; }

# What a test's things are called, the longest first.
names_of_test() {
    printf '%s\n' "$T" "$SHARED" "$SVC" "$NS" "$OWN_NAMESPACE" "$CLUSTER" "$STANDALONE" e2eticks e2ebars |
        awk '{ print length($0), $0 }' | sort -rn | cut -d ' ' -f 2-
}

expect_form() { # of all that is on stderr, see form.awk
    NAMES=$(names_of_test) awk -f "$E2E/form.awk" "$T/err" >"$T/form"
    [ ! -s "$T/form" ] || fail "not the form of an error: $(cat "$T/form")"
}

error_codes() { sed -n 's/^error\[\(RW[0-9]*\)\]: .*/\1/p' "$T/err" | sort -u | xargs; }

# expect_error EXIT CODE...: this exit code, and errors of these codes and no others, in their form.
expect_error() {
    expect_exit "$1"
    shift
    expect_equal "$(error_codes)" "$(printf '%s\n' "$@" | sort -u | xargs)" codes
    expect_form
}

expect_exit() { # CODE...: one of these
    local code
    for code in "$@"; do
        [ "$CODE" != "$code" ] || return 0
    done
    fail "exit $CODE, which is none of: $*"
}

# expect_only_error EXIT CODE...: the same, and nothing was said before it or as a result.
expect_only_error() {
    expect_error "$@"
    head -1 "$T/err" | grep -q '^error\[RW' || fail "stderr does not begin with the error"
    expect_no_result
}

expect_line() { grep -q -- "$1" "$T/err" || fail "no line on stderr matches: $1"; }
expect_no_line() { ! grep -q -- "$1" "$T/err" || fail "a line on stderr matches: $1"; }
expect_cause() { expect_line "^  cause: .*$1"; }
expect_state() { expect_line "^  state: .*$1"; }
expect_next() { grep -A1 '^  next: ' "$T/err" | grep -q -- "$1" || fail "no next: with $1"; }
expect_where() { expect_line "^  where: .*$1"; }
expect_result() { grep -q -- "$1" "$T/out" || fail "no result on stdout matches: $1"; }
expect_no_result() { [ ! -s "$T/out" ] || fail "stdout is not empty"; }
expect_within() { [ "$TOOK_MS" -le "$1" ] || fail "took $TOOK_MS ms, not at most $1"; }
# It failed for its own reason: a rollout has five minutes where --timeout does not say otherwise.
expect_long_before_timeout() { expect_within 120000; }

expect_equal() { [ "$1" = "$2" ] || fail "${3:-value} is '$1', not '$2'"; }

eventually() { # SECONDS COMMAND...
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$until" ] || fail "not within the time: $*"
        sleep 0.1
    done
}

# ---------------------------------------------------------------- cluster, nodes, engine

IMAGES=/$SVC: # what node_state tells the test's own images by

remember_state() {
    eventually 60 settled
    state "$NS" "$IMAGES" >"$T/before"
}

# What no test may change: all but its own namespace and images.
remember_others() { state '' '^$' >"$T/others"; }

expect_others_same() {
    state '' '^$' >"$T/others-after"
    diff -U2 "$T/others" "$T/others-after" || fail "what is not the test's own has changed, see above"
    expect_no_leftovers
}

settled() { # pods that an earlier step replaced are gone
    [ -n "$LAB_ENGINE" ] || ! kube -n "$NS" get pods -o json 2>/dev/null | jq -e '.items[] | select(.metadata.deletionTimestamp)' >/dev/null
}

expect_same_state() {
    state "$NS" "$IMAGES" >"$T/after"
    diff -U2 "$T/before" "$T/after" || fail "the state of cluster or nodes has changed, see above"
    expect_no_leftovers
}

# An import that was left behind stays for ever; those of other tests end, while others begin.
expect_no_leftovers() {
    imports >"$T/imports"
    eventually 60 they_ended
}

they_ended() { [ -z "$(imports | comm -12 - "$T/imports")" ]; }

processes_in() { # NODE
    docker top "$1" -eo pid,args >"$T/processes" || fail "the processes of $1 cannot be listed"
}

imports_in() { # NODE: how many run
    processes_in "$1"
    grep -cE '^ *[0-9]+ +ctr .*images import' "$T/processes" || true
}

imports() { # "NODE PID" of each that runs, sorted
    local node
    for node in $(nodes); do
        processes_in "$node"
        awk -v node="$node" '/^ *[0-9]+ +ctr .*images import/ { print node, $1 }' "$T/processes"
    done | sort
}

# Nor the script in which a push waits; for tests that run alone, since others push, too.
no_session_runs() {
    local node
    for node in $(nodes); do
        processes_in "$node"
        ! grep -q 'ctr .*images import' "$T/processes" || return 1
    done
}

imports_run() { # in every node
    local node
    for node in $(nodes); do
        [ "$(imports_in "$node")" != 0 ] || return 1
    done
}

node_has() { # NODE NAME
    docker exec "$1" crictl images -o json |
        jq -e --arg name "docker.io/library/$2" 'any(.images[].repoTags[]?; . == $name)' >/dev/null
}

node_digest() { # NODE NAME: the digest that the node's runtime reports
    docker exec "$1" crictl images -o json |
        jq -r --arg name "docker.io/library/$2" '.images[] | select(any(.repoTags[]?; . == $name)) | .id'
}

need_faults() { [ -x "$RWML_FAULTY" ] || fail "no $RWML_FAULTY: make BUILD=fault"; }

expect_on_every_node() { # what the engine has now, by its content name and with its digest
    local node
    for node in $(nodes); do
        expect_equal "$(node_digest "$node" "$(content_name "$SVC")")" "$(engine_digest "$SVC:dev")" "digest on $node"
    done
}

engine_store() { # classic|containerd
    if docker info -f '{{.DriverStatus}}' | grep -q io.containerd.snapshotter; then echo containerd; else echo classic; fi
}

# Of the configuration, which is what CRI reports. The containerd store's own id is an index's or a
# manifest's, and where that one's configuration is, it tells only by giving all of the image away.
engine_digest() { # NAME
    if [ "$(engine_store)" = classic ]; then
        docker image inspect -f '{{.Id}}' "$1"
    else
        docker save "$1" | tar -xO manifest.json | jq -r '.[0].Config | "sha256:" + split("/")[-1]'
    fi
}

content_name() { # SERVICE: what rwml has to call the image that the engine has now
    local digest
    digest=$(engine_digest "$1:dev")
    echo "$1:dev-${digest:7:12}"
}

# What the last push or up calls the image on the nodes, which differs from the engine's name for it where
# only changed files travelled.
pushed_name() { # SERVICE
    sed -n "s/^$1 *push *\([^ ]*\) is on .*/\1/p" "$T/out"
}

running_image() { kube -n "$NS" get deployment "$1" -o 'jsonpath={.spec.template.spec.containers[0].image}'; } # NAME

pod_log() { kube -n "$NS" logs --prefix=false "deployment/$1" 2>/dev/null; } # DEPLOYMENT
log_has() { pod_log "$1" >"$T/log" && grep -q -- "$2" "$T/log"; }              # DEPLOYMENT PATTERN

env_of() { # DEPLOYMENT VARIABLE: its literal value
    kube -n "$NS" get deployment "$1" -o json |
        jq -r --arg name "$2" '.spec.template.spec.containers[0].env[] | select(.name == $name) | .value'
}

# ---------------------------------------------------------------- workspaces

MANIFEST=manifests/dev/$SVC/$SVC.yaml

new_pulse() { # makes the test's own workspace of the small service, and goes there
    pulse_workspace "$T/workspace" "$SVC" "$NS"
    cd "$T/workspace" || fail "no workspace"
    set_message "first text of $SVC" # content that no other test has brought to a node
}

# A service in Python, for what needs a program of its own.
python_service() { # LINE...: the program
    new_pulse
    mkdir -p app
    printf '%s\n' "$@" >app/main.py
    printf '*\n!app\n' >.dockerignore
    printf '%s\n' "FROM $PYTHON_IMAGE" "LABEL $IMAGE_LABEL=1" 'COPY app /app' 'CMD ["python", "-u", "/app/main.py"]' \
        >"docker/$SVC.Dockerfile"
}

set_message() { echo "$1" >message; }

allow_none_of() { # RESOURCE: makes the test's namespace, with a quota
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create quota none --hard="$1=0" >/dev/null
    eventually 60 quota_counts
}

quota_counts() { kube -n "$NS" get quota none -o json | jq -e '.status.used | length > 0' >/dev/null; }

no_pods() { sed -i 's/replicas: 1/replicas: 0/' "$MANIFEST"; } # where only objects matter

add_env() { # NAME VALUE: as written, a line of YAML
    grep -q '^ *env:$' "$MANIFEST" || sed -i 's|^\( *\)  image: .*|&\n\1  env:|' "$MANIFEST"
    sed -i "s|^\( *\)env:$|&\n\1  - name: $1\n\1    value: $2|" "$MANIFEST"
}

line_of() { grep -n -m1 -- "$2" "$1" | cut -d: -f1; } # FILE PATTERN

second_service() { # a copy of the first one, SVC-b, in the same workspace
    cp "docker/$SVC.Dockerfile" "docker/$SVC-b.Dockerfile"
    cp -r "manifests/dev/$SVC" "manifests/dev/$SVC-b"
    rename_in "manifests/dev/$SVC-b" "$SVC" "$SVC-b"
}

# ---------------------------------------------------------------- old images

content_names() { # NODE [SERVICE]: its content names of the test's image, sorted
    docker exec "$1" crictl images -o json |
        jq -r --arg name "docker.io/library/${2:-$SVC}:dev-" '.images[].repoTags[]? | select(startswith($name))' |
        sed 's|.*/||' | sort
}

expect_names() { # NAME...: every node has these content names of the service, no others
    local node wanted
    wanted=$(printf '%s\n' "$@" | sort)
    for node in $(nodes); do
        expect_equal "$(content_names "$node")" "$wanted" "content names on $node"
    done
}

# No ReplicaSets of before, so that it is what runs and the newest that stay.
no_rollback() { sed -i 's/^spec:$/spec:\n  revisionHistoryLimit: 0/' "$MANIFEST"; }

# The server removes what no history keeps some time after a rollout; until then its image is used.
one_revision_is_left() { [ "$(kube -n "$NS" get replicasets -o name | wc -l)" = 1 ]; }

deploy_texts() { # COUNT [OPTION...]: edits and rolls out, one by one; NAMES, the oldest first
    local i count=$1
    shift
    for ((i = 1; i <= count; i++)); do
        set_message "text $i of $SVC at $(date +%s%N)"
        rwml up --settle 0 "$@"
        expect_ok
        NAMES+=("$(content_name "$SVC")")
    done
}

sent_to() { # NODE: bytes, as told
    sed -n "s/.*$1: \([0-9.]* [KM]*B\)  .*/\1/p" "$T/err"
}

expect_few_sent() { # NODE: less than ten kilobytes
    [[ $(sent_to "$1") =~ ^[0-9](\.[0-9])?\ KB$ ]] || fail "$(sent_to "$1") were sent to $1"
}

expect_files_travelled() {
    local node
    expect_ok
    expect_line "only changed files travel, as a layer on top of $SVC:dev-[0-9a-f]*"
    for node in $(nodes); do
        node_has "$node" "$(pushed_name "$SVC")" || fail "$node lacks $(pushed_name "$SVC")"
        expect_equal "$(node_digest "$node" "$SVC:dev")" "$(node_digest "$node" "$(pushed_name "$SVC")")" "digest on $node"
    done
    expect_no_compare_name
}

expect_no_compare_name() {
    ! engine_compares || fail "the engine keeps a name"
}

engine_compares() { docker image ls -a --format '{{.Repository}}' | grep rwml-compare >/dev/null; }

push_texts() { # COUNT: edits and brings to the nodes without a rollout, which removes nothing
    local i
    for ((i = 1; i <= $1; i++)); do
        set_message "pushed $i of $SVC at $(date +%s%N)"
        rwml build && expect_ok
        rwml push && expect_ok
        NAMES+=("$(content_name "$SVC")")
    done
}
