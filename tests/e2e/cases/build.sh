# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# rwml build.

test_build_makes_the_image() {
    new_pulse
    rwml build
    expect_ok
    expect_result "$SVC:dev"
    docker run --rm "$SVC:dev" leave || fail "the image does not run"
    local before
    before=$(engine_digest "$SVC:dev")
    rwml build "$SVC"
    expect_ok
    expect_equal "$(engine_digest "$SVC:dev")" "$before" "image of an unchanged tree"
}

test_build_context_obeys_dockerignore() {
    new_pulse
    echo secret >not-for-the-image
    sed -i 's|^COPY.*|COPY . /|' "docker/$SVC.Dockerfile"
    rwml build
    expect_ok
    docker create --name "$SVC" "$SVC:dev" >/dev/null
    finally "docker rm -f $SVC >/dev/null"
    docker export "$SVC" | tar -t >"$T/files"
    grep -qx message "$T/files" || fail "message is missing"
    ! grep -q 'not-for-the-image\|manifests' "$T/files" || fail "the image has what .dockerignore leaves out"
}

with_python() { # LINE...: the Dockerfile's further lines
    {
        echo "FROM $PYTHON_IMAGE"
        echo "LABEL $IMAGE_LABEL=1"
        printf '%s\n' "$@"
    } >"docker/$SVC.Dockerfile"
}

test_build_step_that_fails() {
    new_pulse
    with_python 'RUN echo this is fine' 'RUN echo the reason is here >&2; exit 23'
    remember_state
    rwml up
    expect_error 1 RW3201
    expect_line 'the reason is here'
    expect_cause '23'
    expect_line 'RUN echo the reason is here'
    expect_where "docker/$SVC.Dockerfile$"
    expect_state "no image was made"
    expect_no_result
    ! engine_digest "$SVC:dev" 2>/dev/null || fail "there is an image"
    expect_same_state
}

test_build_keeps_the_older_image_when_it_fails() {
    new_pulse
    rwml build
    expect_ok
    local before
    before=$(engine_digest "$SVC:dev")
    echo 'COPY nothing-there /' >>"docker/$SVC.Dockerfile"
    rwml build
    expect_error 1 RW3201
    expect_equal "$(engine_digest "$SVC:dev")" "$before"
}

test_build_dockerfile_syntax() {
    new_pulse
    echo 'COPPY x /' >>"docker/$SVC.Dockerfile"
    rwml build
    expect_error 1 RW3201
    expect_line 'COPPY'
    echo 'LABEL nothing=1' >"docker/$SVC.Dockerfile"
    rwml build
    expect_error 2 RW2001
    expect_where "docker/$SVC.Dockerfile"
}

test_build_dockerfile_missing() {
    new_pulse
    sed -i 's/IfNotPresent//; s|image: .*|&\n          imagePullPolicy: Never|' "$MANIFEST"
    rm "docker/$SVC.Dockerfile"
    remember_state
    rwml up
    expect_only_error 2 RW1013
    expect_line "$SVC:dev"
    expect_state 'nothing was contacted'
    expect_where "$MANIFEST"
    expect_same_state
}

test_build_base_that_no_registry_has() {
    new_pulse
    sed -i 's|^FROM .*|FROM e2e-registry.invalid/nothing:1|' "docker/$SVC.Dockerfile"
    rwml build
    expect_error 3 RW3202
    expect_line 'e2e-registry.invalid/nothing:1'
    expect_state 'nothing was built'
}

test_build_unknown_service() {
    new_pulse
    remember_state
    rwml up "${SVC/pulse/puls}"
    expect_only_error 2 RW1011
    expect_line "$SVC"
    expect_line 'did you mean'
    expect_state 'nothing was contacted'
    expect_same_state
}

test_build_only_what_is_named() {
    new_pulse
    second_service
    rwml build "$SVC-b"
    expect_ok
    engine_digest "$SVC-b:dev" || fail "the service that was named was not built"
    ! engine_digest "$SVC:dev" 2>/dev/null || fail "the other one was built, too"
}

# A step that takes long, told from all others by its number of seconds.
start_long_build() {
    SLEEP="$((RANDOM + 1000)).$$"
    new_pulse
    with_python "RUN sleep $SLEEP"
    remember_state
    start_rwml build
    eventually 60 step_runs
}

step_runs() { pgrep -f "sleep $SLEEP" >/dev/null; }
step_is_gone() { ! step_runs; }

end_long_build() { # SIGNAL EXIT
    start_long_build
    end_rwml "$1"
    expect_error "$2" RW9009
    expect_within 10000
    expect_state 'no image was made;.* nodes and cluster unchanged'
    expect_no_result
    eventually 60 step_is_gone
    ! engine_digest "$SVC:dev" 2>/dev/null || fail "there is an image"
    expect_same_state
}

test_build_interrupted() { end_long_build INT 130; }
test_build_terminated() { end_long_build TERM 143; }

# A registry on this machine that takes calls and never answers: $T/asked is there once it was called.
# Docker 20.10 pulls on when nobody listens any more; that ends with this registry.
silent_registry() { # leaves its PORT
    python3 -c 'import os, socket, sys
place = sys.argv[1]; calls = []
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
open(place + "/port.new", "w").write(str(server.getsockname()[1])); os.rename(place + "/port.new", place + "/port")
while True: calls.append(server.accept()); open(place + "/asked", "w")' "$T" &
    finally "kill $!"
    eventually 60 test -e "$T/port"
    PORT=$(cat "$T/port")
}

test_build_interrupted_in_a_pull() {
    new_pulse
    silent_registry
    sed -i "s|^FROM .*|FROM 127.0.0.1:$PORT/base:1|" "docker/$SVC.Dockerfile"
    remember_state
    start_rwml up
    eventually 60 test -e "$T/asked"
    expect_line "pulling 127.0.0.1:$PORT/base:1"
    end_rwml INT
    expect_error 130 RW9009
    expect_within 10000
    expect_state 'no image was made; the engine may go on pulling .*; nodes and cluster unchanged'
    expect_no_result
    ! engine_digest "$SVC:dev" 2>/dev/null || fail "there is an image"
    expect_same_state
}
