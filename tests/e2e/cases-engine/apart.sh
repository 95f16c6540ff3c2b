# shellcheck shell=bash
# For tests/e2e/engines: an engine whose loopback addresses are not ours cannot push to rwml. It exports the
# image, of which only layers travel that a node lacks.
REASON='the engine exports the image: the engine does not reach rwml at 127.0.0.1: '

test_apart_layers_that_nodes_have_stay_home() { push_two_texts 400000; }
test_apart_large_layers_that_nodes_have_stay_home() { push_two_texts 6000000; } # above what is held in memory

push_two_texts() { # BYTES: of the layer below them
    local node
    layered_pulse "$1"
    expect_ok
    expect_line 'the engine exports the image: '
    push_text 'second text'
    expect_ok
    expect_line "$REASON"
    expect_line 'layer sha256:[0-9a-f]\{12\}: .*, reused: unpacked there'
    expect_line 'layer sha256:[0-9a-f]\{12\}: [0-9.]* K\?B, sent'
    for node in $(nodes); do expect_few_sent "$node"; done
    expect_on_every_node
}

test_apart_only_one_node_lacks() {
    local first last node
    layered_pulse
    expect_ok
    first=$(nodes | head -1) last=$(nodes | tail -1)
    docker exec "$last" crictl rmi "$SVC:dev" "$(content_name "$SVC")" >/dev/null
    eventually 60 has_fewer_layers "$last" "$first"
    push_text 'second text'
    expect_ok
    expect_line 'layer sha256:[0-9a-f]\{12\}: .*, sent to 1 of [0-9] nodes; the others have it'
    expect_on_every_node
    for node in $(nodes); do
        [ "$node" = "$last" ] || [[ $(sent_to "$node") =~ \ KB$ ]] || fail "$(sent_to "$node") were sent to $node"
    done
}

layers_in() { docker exec "$1" ctr -n k8s.io snapshots ls | wc -l; } # NODE

has_fewer_layers() { [ "$(layers_in "$1")" -lt "$(layers_in "$2")" ]; } # NODE OTHER
