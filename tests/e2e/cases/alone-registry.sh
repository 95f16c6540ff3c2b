# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# A registry that the cluster names: images whose names begin with it go there, and the nodes pull them.
# Alone, since the ConfigMap is the cluster's: others ask whether the objects that all share have changed.
# shellcheck source=../registry.sh
. "$E2E/registry.sh"

# The small service with its program beside random bytes, and its message, called as the registry's users
# call it. REGISTRY is there, named by the cluster and known to the nodes.
registry_pulse() {
    local node
    finally registry_remove "$REGISTRY_CONTAINER"
    registry_start
    finally registry_unname
    registry_name "host: \"$REGISTRY\""
    for node in $(nodes); do
        finally registry_forget_node "$node" "$REGISTRY"
        registry_tell_node "$node" "$REGISTRY"
    done
    new_pulse
    head -c 400000 /dev/urandom >filler
    echo '!filler' >>.dockerignore
    sed -i 's|^COPY pulse message /$|COPY pulse filler /\nCOPY message /|' "docker/$SVC.Dockerfile"
    name_image "$REGISTRY/$SVC:dev"
}

name_image() { # REFERENCE
    sed -i "s|image: .*|image: $1|" "$MANIFEST"
    finally engine_forgets "$1"
    REFERENCE=$1
}

engine_forgets() { docker rmi -f "$1" >/dev/null 2>&1; } # NAME

built_name() { # what rwml has to call the image that the engine has now
    local digest
    digest=$(engine_digest "$REFERENCE")
    echo "$REFERENCE-${digest:7:12}"
}

digest_in() { # NODE NAME: as node_digest, for names with a registry
    docker exec "$1" crictl images -o json |
        jq -r --arg name "$2" '.images[] | select(any(.repoTags[]?; . == $name)) | .id'
}

# Both names mean, in every node, what was built, and nothing else is there of it.
expect_in_nodes() {
    local node
    for node in $(nodes); do
        expect_equal "$(digest_in "$node" "$(built_name)")" "$(engine_digest "$REFERENCE")" "content name on $node"
        expect_equal "$(digest_in "$node" "$REFERENCE")" "$(engine_digest "$REFERENCE")" "name on $node"
        ! docker exec "$node" crictl images -o json | jq -r '.images[].repoDigests[]?' | grep -F "$REGISTRY/$SVC@" ||
            fail "$node has a name by a manifest's digest"
    done
}

expect_in_registry() {
    local digest
    digest=$(engine_digest "$REFERENCE")
    expect_equal "$(registry_config_digest "$SVC" dev)" "$digest" 'name in the registry'
    expect_equal "$(registry_config_digest "$SVC" "dev-${digest:7:12}")" "$digest" 'content name in the registry'
}

written() { registry_requests '\(POST\|PUT\|PATCH\)' ''; } # requests of the registry so far that write

push_message() { # TEXT [OPTION...]
    set_message "$1 of $SVC at $(date +%s%N)"
    rwml build && expect_ok
    rwml push -v "${@:2}"
    expect_ok
}

test_registry_and_every_node() {
    local before node
    registry_pulse
    push_message 'first text'
    expect_result "$(built_name) is on 2 of 2 nodes and in registry $REGISTRY"
    expect_line "registry $REGISTRY: 2 layers"
    for node in $(nodes); do expect_line "$node: pulled it"; done
    expect_in_registry
    expect_in_nodes
    ! docker image inspect "$(built_name)" >/dev/null 2>&1 || fail "the engine keeps the content name"
    push_message 'second text' # one layer is new, and travels alone
    expect_line "registry $REGISTRY: 1 layer "
    expect_in_registry
    expect_in_nodes
    before=$(written)
    remember_state
    rwml push -v
    expect_ok
    expect_line "registry $REGISTRY: has it already"
    expect_result 'nothing to send'
    expect_equal "$(written)" "$before" "requests that write"
    expect_same_state
}

# The nodes have it and the registry lost it: a new node would want it from there.
test_registry_that_lost_it() {
    local digest
    registry_pulse
    push_message 'first text'
    digest=$(curl -sI -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
        "http://$REGISTRY/v2/$SVC/manifests/dev" | tr -d '\r' | sed -n 's/^Docker-Content-Digest: //p')
    curl -sf -X DELETE "http://$REGISTRY/v2/$SVC/manifests/$digest" || docker exec "$REGISTRY_CONTAINER" \
        rm -r "/var/lib/registry/docker/registry/v2/repositories/$SVC/_manifests"
    rwml push -v
    expect_ok
    expect_line "registry $REGISTRY: 0 layers"
    expect_no_line 'pulled it'
    expect_result "is on 2 of 2 nodes and in registry $REGISTRY"
    expect_in_registry
}

test_registry_deploy() {
    registry_pulse
    set_message "text of $SVC at $(date +%s%N)"
    rwml up --settle 0
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(built_name)" 'what is applied'
    eventually 60 log_has "$SVC" "$(cat message)"
    push_message 'second text'
    rwml deploy --settle 0
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(built_name)" 'what is applied'
    eventually 60 log_has "$SVC" "$(cat message)"
    rwml up --settle 0
    expect_ok
    expect_result '0 objects written'
}

# Old images that were pulled go as those that were sent.
test_registry_old_images_go() {
    local first
    registry_pulse
    no_rollback
    no_pods
    set_message "text 1 of $SVC at $(date +%s%N)"
    rwml up --settle 0
    expect_ok
    first=$(built_name)
    set_message "text 2 of $SVC at $(date +%s%N)"
    rwml up --settle 0
    expect_ok
    eventually 60 one_revision_is_left
    set_message "text 3 of $SVC at $(date +%s%N)"
    rwml up --settle 0 --keep 2
    expect_ok
    expect_line '1 old image removed'
    expect_equal "$(digest_in "$CLUSTER-worker" "$first")" '' 'the first image'
    expect_in_nodes
}

# The nodes get the code, whatever becomes of the registry, and the user is told.
expect_straight() {
    expect_ok
    expect_line "warning: .*registry $REGISTRY did not get it, so it goes straight into the nodes: .*$1"
    expect_result "$(built_name) is on 2 of 2 nodes, not in registry $REGISTRY"
    expect_no_line 'pulled it'
    expect_in_nodes
    ! docker image inspect "$(built_name)" >/dev/null 2>&1 || fail "the engine keeps the content name"
}

test_registry_that_is_down() {
    registry_pulse
    docker stop -t 1 "$REGISTRY_CONTAINER" >/dev/null
    push_message 'first text'
    expect_straight 'connection refused'
    docker start "$REGISTRY_CONTAINER" >/dev/null
}

test_registry_that_is_paused() {
    registry_pulse
    finally docker unpause "$REGISTRY_CONTAINER"
    docker pause "$REGISTRY_CONTAINER" >/dev/null
    push_message 'first text'
    expect_straight 'said nothing for 3 s'
}

test_registry_that_answers_500() {
    registry_pulse
    docker exec "$REGISTRY_CONTAINER" sh -c 'rm -rf /var/lib/registry && echo >/var/lib/registry'
    push_message 'first text'
    expect_straight ''
}

# A node without a certs.d file is sent the image; the other pulls it.
test_registry_that_one_node_does_not_know() {
    registry_pulse
    registry_forget_node "$CLUSTER-worker" "$REGISTRY"
    push_message 'first text'
    expect_line "warning: $CLUSTER-worker cannot pull from $REGISTRY, so it is sent: \"pulling image: .*connection refused"
    expect_line "$CLUSTER-control-plane: pulled it"
    expect_line "$CLUSTER-worker: [0-9.]* MB "
    expect_result "$(built_name) is on 2 of 2 nodes and in registry $REGISTRY"
    expect_in_registry
    expect_in_nodes
}

pull_runs() { # NODE: the program itself; the session's script has its name in it from the beginning on
    processes_in "$1"
    grep -qE '^ *[0-9]+ +crictl pull' "$T/processes"
}

# While one node waits for an answer: nothing of the pull is left, and the next push mends it.
test_registry_interrupted_while_a_node_pulls() {
    local silent=$REGISTRY_CONTAINER-silent
    registry_pulse
    finally registry_remove "$silent"
    registry_run_silent "$silent"
    registry_tell_node "$CLUSTER-worker" "$REGISTRY" "$silent"
    set_message "text of $SVC at $(date +%s%N)"
    rwml build && expect_ok
    start_rwml push
    eventually 60 pull_runs "$CLUSTER-worker"
    end_rwml INT
    expect_error 130 RW9009
    expect_state "not on: .*$CLUSTER-worker; no import is left running"
    ! pull_runs "$CLUSTER-worker" || fail "the pull goes on"
    registry_tell_node "$CLUSTER-worker" "$REGISTRY"
    rwml push
    expect_ok
    expect_line "$CLUSTER-worker: pulled it"
    expect_in_nodes
}

test_registry_unlike_the_named_one() {
    registry_pulse
    registry_name 'host: "localhost:1"'
    push_message 'first text'
    expect_line "the cluster names registry localhost:1, not $REGISTRY: straight into the nodes"
    expect_in_nodes
    registry_unname
    push_message 'second text'
    expect_line 'the cluster names no registry: straight into the nodes'
    expect_no_line warning:
    expect_in_nodes
    registry_name 'host: [5001'
    push_message 'third text'
    expect_line 'warning: .*whether the cluster names a registry is not known'
    expect_in_nodes
    expect_equal "$(registry_requests '[A-Z]*' "$SVC")" 0 'requests of the registry'
}

# An image without a registry in its name has nothing to do with one.
test_registry_and_a_hostless_name() {
    registry_pulse
    name_image "$SVC:dev"
    push_message 'first text'
    expect_on_every_node
    expect_no_line registry
    expect_equal "$(registry_requests '[A-Z]*' "$SVC")" 0 'requests of the registry'
}

# What would travel as changed files goes as it was built, whether the registry takes it or not.
test_registry_gets_no_changed_files() {
    registry_pulse
    head -c 12000000 /dev/urandom >filler
    sed -i '/^COPY message/d; s|^COPY pulse filler /$|COPY pulse filler message /|' "docker/$SVC.Dockerfile"
    push_message 'first text'
    push_message 'second text'
    expect_no_line 'changed files'
    expect_in_registry
    expect_in_nodes
    docker stop -t 1 "$REGISTRY_CONTAINER" >/dev/null
    push_message 'third text'
    expect_no_line 'changed files'
    expect_straight 'connection refused'
}
