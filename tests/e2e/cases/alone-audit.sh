# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# A second run writes nothing: by every object's version, and by what the API server itself says was asked of it.
# Alone, since whoever asks the API server meanwhile is led to another one.
# shellcheck source=/dev/null
. "$E2E/audit.sh"

# One object of every kind that the sample repositories have. Values as people write them, and one that the server
# writes in another way.
objects_of_all_kinds() { # CPU: a request's value
    cat >"manifests/dev/$SVC/all.yaml" <<TEXT
apiVersion: v1
kind: Namespace
metadata: {name: $NS, labels: {team: e2e}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: account, namespace: $NS}}
---
{apiVersion: v1, kind: Secret, metadata: {name: secret, namespace: $NS}, type: Opaque, data: {password: c2VjcmV0}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: $NS, creationTimestamp: null}
data: {level: info, "odd.name-with": "yes", text: "two\nlines\n"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: $NS}
rules:
  - {apiGroups: [""], resources: [pods, pods/log], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: $NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: account, namespace: $NS}]
---
apiVersion: v1
kind: Service
metadata: {name: $SVC, namespace: $NS}
spec:
  selector: {app: $SVC}
  ports: [{name: web, port: 80, targetPort: 8000}, {name: metrics, port: 90}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: $NS}
spec:
  replicas: 0
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}, annotations: {prometheus.io/scrape: "true"}}
    spec:
      serviceAccountName: account
      containers:
        - name: store
          image: registry.k8s.io/pause:3.10
          ports: [{containerPort: 8000}, {containerPort: 8001, name: admin}]
          env:
            - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
            - {name: HOST, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
          envFrom: [{secretRef: {name: secret}}]
          resources: {requests: {cpu: $1, memory: 16Mi}, limits: {memory: 64Mi}}
          readinessProbe: {httpGet: {path: /, port: 8000}, periodSeconds: 5}
          volumeMounts: [{name: data, mountPath: /data}, {name: settings, mountPath: /settings, readOnly: true}]
      volumes:
        - {name: data, emptyDir: {}}
        - {name: settings, configMap: {name: settings, items: [{key: level, path: level}]}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: $NS}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      nodeSelector: {e2e/nowhere: "true"}
      tolerations: [{operator: Exists}]
      containers: [{name: agent, image: "registry.k8s.io/pause:3.10", command: [/pause], args: ["-v"]}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: $NS}
spec:
  schedule: "0 3 * * *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: nightly, image: "registry.k8s.io/pause:3.10"}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: $NS}
spec:
  rules:
    - host: web.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: $SVC, port: {number: 80}}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: store, namespace: $NS}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: store}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: $NS}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: $SVC}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: $NS}
spec:
  podSelector: {matchLabels: {app: $SVC}}
  ingress: [{from: [{podSelector: {}}], ports: [{port: 8000, protocol: TCP}]}]
TEXT
}

all_versions() {
    versions_state "$NS"
    kube get namespace "$NS" -o 'jsonpath={.metadata.resourceVersion}'
    kube -n "$NS" get ingresses,poddisruptionbudgets,networkpolicies -o json |
        jq -S '[.items[] | {kind, name: .metadata.name, version: .metadata.resourceVersion}]'
    # Its controller tells of its state whenever it looks at it, every quarter of a minute.
    kube -n "$NS" get horizontalpodautoscalers -o json --show-managed-fields |
        jq -S '[.items[] | {spec, written: [.metadata.managedFields[] | select(.subresource | not)]}]'
}

expect_same_versions() {
    all_versions >"$T/after"
    diff -U2 "$T/before" "$T/after" || fail "the version of an object has changed, see above"
}

run_all() { # COMMAND...
    local command
    for command in "$@"; do
        # shellcheck disable=SC2086 # several words
        rwml $command
        expect_ok
    done
}

# The log is complete once it has a request that is made now.
expect_verbs() { # VERB...: what was asked by now
    local verbs marker=e2e-marker-$RANDOM$RANDOM
    kube get --raw="/api/v1/namespaces/$marker" >/dev/null 2>&1 || true
    eventually 60 audit_has_seen "$marker"
    audit_of_rwml >"$T/audit"
    verbs=$(cut -d ' ' -f 1 "$T/audit" | sort -u | xargs)
    [ "$verbs" = "$1" ] || fail "verbs are '$verbs', not '$1': $(grep -v '^\(get\|list\) ' "$T/audit")"
}

# The versions first, since they have to hold in front of the cluster's own API server, too.
test_audit_second_run_writes_nothing() {
    new_pulse
    objects_of_all_kinds 100m
    rwml up --settle 0
    expect_ok
    sleep 3 # controllers write what they have to say about new objects
    all_versions >"$T/before"
    rwml up --settle 0
    expect_ok
    expect_result '; 0 objects written'
    expect_same_versions
    audit_server_up
    run_all 'up --settle 0' 'deploy --settle 0' 'diff --settle 0'
    expect_verbs 'get list'
    run_all status 'logs --tail 1' render "env $SVC"
    expect_verbs 'get list watch'
    expect_same_versions
    # What the server writes in another way than the manifest is asked for in a dry run, and not written either.
    objects_of_all_kinds 0.1
    rwml deploy --settle 0
    expect_ok
    expect_result '; 0 objects written'
    expect_same_versions
    eventually 60 audit_has '^patch '
    audit_of_rwml | grep -v '^\(get\|list\|watch\) ' >"$T/others"
    [ "$(wc -l <"$T/others")" = 1 ] || fail "not one request besides reads: $(cat "$T/others")"
    grep -q '^patch .*/statefulsets/store?.*dryRun=All' "$T/others" || fail "no dry run: $(cat "$T/others")"
}

audit_has() { audit_of_rwml | grep "$1" >/dev/null; } # PATTERN
