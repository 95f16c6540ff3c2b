# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# For tests/e2e/engines: an engine that takes no build context from rwml, as the containerd store
# before Docker 28. What it builds by its own means is pushed all the same, layer by layer.

# The classic builder has no BuildKit and so no context to lose.
build_by_engine() { DOCKER_BUILDKIT=0 docker build --quiet -t "$SVC:dev" -f "docker/$SVC.Dockerfile" . >/dev/null; }

test_refusing_to_build_is_explained() {
    new_pulse
    rwml build
    expect_only_error 3 RW3203
    expect_cause 'older than Docker 28'
    expect_state 'no image was made'
}

test_refusing_to_build_but_pushing() {
    local node
    new_pulse
    sed -i 's|^COPY pulse message /$|COPY pulse /\nCOPY message /|' "docker/$SVC.Dockerfile"
    build_by_engine
    rwml push && expect_ok
    expect_on_every_node
    set_message "second text, $(date +%s%N)"
    build_by_engine
    rwml push -v && expect_ok
    expect_line 'layer .*, reused: unpacked there'
    expect_line 'layer .*: [0-9]* B, sent'
    expect_on_every_node
    rwml push && expect_ok
    expect_result 'nothing to send'
}
