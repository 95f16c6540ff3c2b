# shellcheck shell=bash
# A registry of the tests, as kind's documented script makes one: a container in the nodes' network,
# published at this machine's loopback, a certs.d file in each node, and the ConfigMap by which the
# cluster names it. All of a test's own, but for the ConfigMap: the tests that use it run one by one, and
# others don't read it, since their images name no registry.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

REGISTRY_CONTAINER=rwml-test-registry

registry_run() { # CONTAINER
    local image
    image=$("$CHECKOUT/tests/lab/registry-image.sh")
    docker rm -fv "$1" >/dev/null 2>&1 || true
    docker run -d --name "$1" --network kind --publish 127.0.0.1::5000 "$image" sh -c '
        cat >/tmp/config.yml <<END
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: /var/lib/registry}
http:
  addr: :5000
END
        exec docker-registry serve /tmp/config.yml' >/dev/null
}

registry_start() { # REGISTRY: "localhost:41234"
    local attempt
    registry_run "$REGISTRY_CONTAINER"
    REGISTRY=localhost:$(docker port "$REGISTRY_CONTAINER" 5000/tcp | sed -n 's/^127.0.0.1://p')
    for attempt in $(seq 1 100); do
        if curl -sf "http://$REGISTRY/v2/" >/dev/null; then return; fi
        sleep 0.1
    done
    echo "the registry does not answer after $((attempt / 10)) s" >&2
    docker logs --tail 10 "$REGISTRY_CONTAINER" >&2
    return 1
}

# It takes connections and says nothing.
registry_run_silent() { # CONTAINER
    registry_run "$1"
    sleep 1
    docker pause "$1" >/dev/null
}

registry_remove() { # CONTAINER
    docker rm -fv "$1" >/dev/null 2>&1 || true
}

# NODE REGISTRY [CONTAINER]: it pulls from there; read at each pull, where containerd's config_path is set.
registry_tell_node() {
    docker exec -i "$1" sh -c "mkdir -p '/etc/containerd/certs.d/$2' && cat >'/etc/containerd/certs.d/$2/hosts.toml'" <<END
[host."http://${3:-$REGISTRY_CONTAINER}:5000"]
END
}

registry_forget_node() { docker exec "$1" rm -rf "/etc/containerd/certs.d/$2"; } # NODE REGISTRY

registry_name() { # TEXT: the cluster's ConfigMap says this
    kube -n kube-public create configmap local-registry-hosting --from-literal="localRegistryHosting.v1=$1" \
        --dry-run=client -o yaml | kube apply -f - >/dev/null
}

registry_unname() { kube -n kube-public delete configmap local-registry-hosting --ignore-not-found >/dev/null; }

registry_log() { docker logs "$REGISTRY_CONTAINER" 2>&1; }

# METHOD PATH: how many requests there were, by the access log's lines "… "PUT /v2/… HTTP/1.1" 201 …".
registry_requests() { registry_log | grep -c "\"$1 /v2/$2" || true; }

registry_config_digest() { # NAME TAG: of the image that it has
    curl -sf -H 'Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json' \
        "http://$REGISTRY/v2/$1/manifests/$2" | jq -r .config.digest
}
