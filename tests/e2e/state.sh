# shellcheck shell=bash
# What the cluster and its nodes hold, as text that can be compared.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

KINDS=namespaces,configmaps,secrets,serviceaccounts,services,persistentvolumeclaims,pods,deployments,replicasets
KINDS+=,statefulsets,daemonsets,controllerrevisions,jobs,cronjobs,resourcequotas,roles,rolebindings

# Two files of tests run at a time, so what other tests own is left out. Of the rest all is kept
# but what changes by itself: status, versions, and the kubelets' and controllers' field lists.
objects_state() { # NAMESPACE
    kube get "$KINDS" --all-namespaces -o json | jq -S --arg own "$1" '
        [.items[]
         | (if .kind == "Namespace" then .metadata.name else .metadata.namespace end) as $where
         | select(["kube-system", "kube-node-lease", "local-path-storage"] | index($where) | not)
         | select(($where | startswith("e2e") | not) or $where == $own)
         | .metadata.managedFields = [.metadata.managedFields[]? | select(.manager | test("^(rwml|kubectl|other)"))]
         | .restarts = [.status.containerStatuses[]?.restartCount]
         | del(.status, .metadata.resourceVersion)]
        | sort_by(.kind, .metadata.namespace, .metadata.name)'
}

versions_state() { # NAMESPACE: every object with its version, every container with its id
    kube -n "$1" get "${KINDS#namespaces,}" -o json | jq -S '
        [.items[] | {kind, name: .metadata.name, uid: .metadata.uid, version: .metadata.resourceVersion,
                     generation: .metadata.generation,
                     containers: [.status.containerStatuses[]? | {containerID, restartCount}]}]
        | sort_by(.kind, .name)'
}

# By the runtime and by containerd; of those of tests only what matches. CRI's own names, which are
# bare digests, don't tell whose image it is; one that has no other name is "<none>" for the runtime.
node_state() { # NODE IMAGES
    docker exec "$1" sh -c 'crictl images --no-trunc; ctr -n k8s.io images ls' |
        tr -s ' ' | awk -v own="$2" '$1 !~ /^sha256:/ && $1 != "<none>" && ($1 !~ /\/e2e/ || ($1 ":") ~ own)' | sort
}

state() { # NAMESPACE IMAGES
    local node
    [ -n "$LAB_ENGINE" ] || objects_state "$1"
    for node in $(nodes); do
        echo "node $node"
        [ "$(docker inspect -f '{{.State.Running}}' "$node")" != true ] || node_state "$node" "$2"
    done
}
