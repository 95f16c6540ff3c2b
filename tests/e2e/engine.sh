# shellcheck shell=bash disable=SC2034 # ENGINES_LOCK is for those who source this
# Docker engines of the lab (tests/lab/engines.sh), each in a container of the machine's own engine,
# with a node for each containerd: containers of that engine, labelled as Kind labels its nodes.
# Source it; it defines variables and functions only.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

# NAME SUITE STORE NETWORK [DOCKERD], from the oldest on. Those without a network have loopback addresses of
# their own, as an engine of Docker Desktop or of another machine.
ENGINES='bookworm bookworm classic host
trixie trixie classic host
trixie-containerd trixie containerd host
forky forky classic host
forky-containerd forky containerd host
moby forky classic host /suites/bin/dockerd-29
moby-containerd forky containerd host /suites/bin/dockerd-29
bookworm-apart bookworm classic none
forky-apart forky classic none
forky-containerd-apart forky containerd none'
NODE_SUITES=(bookworm trixie forky) # containerd 1.6, 1.7 and 2.1
ENGINES_LOCK=/var/tmp/rwml-test-engines.lock # see take_lock

engine_field() { awk -v name="$1" -v field="$2" '$1 == name { print $field }' <<<"$ENGINES"; } # NAME FIELD

engine_container() { echo "rwml-test-engine-$1"; } # NAME

docker_command() { # one that Docker 29 answers to, which wants API 1.44; Debian 12's has 1.41
    local speaks
    speaks=$(docker version -f '{{.Client.DefaultAPIVersion}}')
    if printf '%s\n' 1.44 "$speaks" | sort -VC; then command -v docker; else "$CHECKOUT/tests/lab/docker-buildx.sh"; fi
}

engine_answers_at() { docker -H "unix://$1" version >/dev/null 2>&1; } # SOCKET

# A new one each time, which takes a second; so nothing of an earlier run can be in it. For its network see
# tests/lab/engine/engine.
engine_start() { # NAME DIRECTORY: its socket is DIRECTORY/sock
    local container attempt dockerd
    container=$(engine_container "$1")
    dockerd=$(engine_field "$1" 5)
    mkdir -p "$2"
    docker rm -fv "$container" >/dev/null 2>&1 || true
    docker run -d --name "$container" --privileged --network "$(engine_field "$1" 4)" --cgroupns private \
        --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
        --tmpfs /run --tmpfs /tmp --volume /var/lib/docker --volume "$2:/lab" "$ENGINES_IMAGE" \
        "$(engine_field "$1" 2)" "$(engine_field "$1" 3)" "$(id -g)" ${dockerd:+"$dockerd"} >/dev/null
    for attempt in $(seq 1 300); do
        if engine_answers_at "$2/sock"; then return; fi
        sleep 0.1
    done
    echo "engine $1 does not answer after $((attempt / 10)) s" >&2
    docker logs --tail 10 "$container" >&2
    return 1
}

engine_stop() { docker -H "$OUTER_HOST" rm -fv "$(engine_container "$1")" >/dev/null 2>&1 || true; } # NAME

# From here on `docker` speaks to every engine, and first to the machine's own.
engines_enter() { # DIRECTORY: for the command
    OUTER_HOST=$(docker context inspect -f '{{.Endpoints.docker.Host}}')
    mkdir "$1/bin"
    ln -s "$(docker_command 9<&-)" "$1/bin/docker"
    export PATH=$1/bin:$PATH DOCKER_HOST=$OUTER_HOST
}

engines_leave() { # also those of a run that was killed, and the bridge that they share
    local name
    cut -d ' ' -f 1 <<<"$ENGINES" | while read -r name; do engine_stop "$name"; done
    docker -H "$OUTER_HOST" run --rm --privileged --network host --entrypoint ip "$ENGINES_IMAGE" link delete rwml-lab0 >/dev/null 2>&1 || true
}

# The rest needs DOCKER_HOST, and with it everything that a test asks of an engine or a node.

node_role() { if [ "$1" = "${NODE_SUITES[0]}" ]; then echo control-plane; else echo worker; fi; } # SUITE

# All of the nodes' programs are the suite's own, read only.
engine_node_image() { # CONTAINER: of the engine
    docker -H "$OUTER_HOST" exec "$1" cat /suites/bin/node.tar |
        docker import --change 'ENV PATH=/usr/sbin:/usr/bin:/lab/bin' - rwml-test-node:1 >/dev/null
}

engine_node() { # SUITE ROLE SIZE: its containerd lies on a tmpfs, as in standalone.sh
    docker run -d --name "node-$1" --hostname "node-$1" --privileged --network none \
        --label "io.x-k8s.kind.cluster=$CLUSTER" --label "io.x-k8s.kind.role=$2" \
        --tmpfs /run --tmpfs /tmp --tmpfs "/var/lib/containerd:exec,size=$3" \
        --volume "/suites/$1/usr:/usr:ro" --volume /suites/bin:/lab/bin:ro rwml-test-node:1 containerd >/dev/null
}

engine_nodes() { # CONTAINER: of the engine
    local suite
    engine_node_image "$1"
    for suite in "${NODE_SUITES[@]}"; do engine_node "$suite" "$(node_role "$suite")" 256m; done
    for suite in "${NODE_SUITES[@]}"; do engine_node_wait "node-$suite"; done
}

engine_node_wait() { # NODE
    local attempt
    for attempt in $(seq 1 150); do
        if docker exec "$1" crictl images >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    echo "node $1 does not answer after $((attempt / 5)) s" >&2
    docker logs --tail 10 "$1" >&2
    return 1
}

engine_facts() { # what answers, in one line
    local node versions=()
    for node in $(nodes); do versions+=("$(docker exec "$node" containerd --version | awk '{print $3}')"); done
    echo "Docker $(docker version -f '{{.Server.Version}}'), nodes with containerd ${versions[*]}"
}
