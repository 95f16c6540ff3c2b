# shellcheck shell=bash
# Nodes without a cluster around them: a node's image with its containerd, labelled as Kind labels
# its nodes, but no kubelet and no API server. To be stopped, filled up and thrown away. Their
# containerd lies on a tmpfs of a fixed size, so that nothing here can fill the machine's disk.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

standalone_node() { # NAME ROLE SIZE
    local image
    image=$(docker inspect -f '{{.Image}}' "$CLUSTER-control-plane")
    docker run -d --name "$1" --hostname "$1" --privileged --cgroupns private \
        --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
        --label "io.x-k8s.kind.cluster=$STANDALONE" --label "io.x-k8s.kind.role=$2" \
        --tmpfs /run --tmpfs /tmp --volume /var --tmpfs "/var/lib/containerd:exec,size=$3" \
        --volume /lib/modules:/lib/modules:ro "$image" >/dev/null
    standalone_wait "$1"
    # Where no blob ever was, containerd 1.6 cannot collect what a broken import left: in no node of Kind.
    docker exec "$1" mkdir -p /var/lib/containerd/io.containerd.content.v1.content/blobs/sha256
}

standalone_wait() { # NAME: until its container runtime answers
    local attempt
    for attempt in $(seq 1 150); do
        if docker exec "$1" crictl images >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    echo "node $1 does not answer after $((attempt / 5)) s" >&2
    return 1
}

standalone_remove() {
    docker ps -aq --filter "label=io.x-k8s.kind.cluster=$STANDALONE" | xargs -r docker rm -fv >/dev/null
}
