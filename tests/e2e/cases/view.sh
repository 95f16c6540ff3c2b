# shellcheck shell=bash disable=SC2034,SC2016 # lib.sh reads what is set here; ${…} and $(…) are rwml's and Kubernetes'
# What is said beforehand: rwml env, explain, diff and --dry-run.

# Every way in which a container gets its environment.
add_environment() {
    sed -i "s|^\( *\)  image: .*|&\n\1  envFrom:\n\1  - {prefix: C_, configMapRef: {name: $SVC-settings}}\n\1  - {secretRef: {name: $SVC-keys}}\n\1  - {configMapRef: {name: $SVC-far, optional: true}}\n\1  env:|" "$MANIFEST"
    add_env JOINED '"$(PASSWORD)@$(C_LEVEL)$(NOWHERE)$$(C_LEVEL)"'
    add_env MOOD '"${MOOD:-calm}"'
    add_env MESSAGE '"plain, with $ and ünicode"'
    sed -i "s|^\( *\)  env:$|&\n\1    - {name: WHERE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}\n\1    - {name: ONE, valueFrom: {configMapKeyRef: {name: $SVC-far, key: ONE}}}|" "$MANIFEST"
    cat >>"$MANIFEST" <<TEXT
---
apiVersion: v1
kind: ConfigMap
metadata: {name: $SVC-settings, namespace: $NS}
data: {LEVEL: info, OTHER: "1"}
---
apiVersion: v1
kind: Secret
metadata: {name: $SVC-keys, namespace: $NS}
stringData: {PASSWORD: geheim-$SVC}
TEXT
}

# What the runtime was told, without what the image and the kubelet add; sorted NAME=VALUE.
runtime_environment() {
    local id node
    for node in $(nodes); do
        id=$(docker exec "$node" crictl ps -q --label "io.kubernetes.pod.namespace=$NS" --name pulse)
        [ -z "$id" ] || docker exec "$node" crictl inspect "$id" |
            jq -r '.info.config.envs[] | select(.key | test("^KUBERNETES_|_SERVICE_|_PORT") | not) | .key + "=" + .value'
    done | LC_ALL=C sort
}

test_env_is_what_the_container_gets() {
    new_pulse
    add_environment
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create configmap "$SVC-far" --from-literal=ONE=1 --from-literal=FAR=away >/dev/null
    rwml up --settle 0 --set LEVEL=debug
    expect_ok
    rwml env --set LEVEL=debug --show-secrets -o json
    expect_ok
    runtime_environment >"$T/runtime"
    [ "$(wc -l <"$T/runtime")" -ge 9 ] || fail "the runtime has no environment"
    sed -i "s/^WHERE=$NS$/WHERE=at start/" "$T/runtime"
    jq -r 'select(.event == "environment") | .name + "=" + (.value // .state)' "$T/out" | LC_ALL=C sort >"$T/told"
    diff -U1 "$T/runtime" "$T/told" || fail "rwml env tells something else, see above"
}

test_env_masks_and_names_places() {
    local line
    new_pulse
    add_environment
    kube create namespace "$NS" >/dev/null
    rwml env --set MOOD=gay
    expect_ok
    ! grep -q geheim "$T/out" || fail "a secret is shown"
    line=$(line_of "$MANIFEST" 'name: MOOD')
    expect_result "^Deployment/$SVC  pulse  *MOOD  *gay  *known  *\${MOOD} by --set  *$MANIFEST:$((line + 1)):"
    expect_result " PASSWORD  *-  *masked  *Secret $NS/$SVC-keys key PASSWORD  *$MANIFEST:$(line_of "$MANIFEST" geheim):"
    expect_result ' JOINED  *-  *masked '
    expect_result " ONE  *-  *absent  *ConfigMap $NS/$SVC-far key ONE "
    expect_result ' WHERE  *-  *at start  *field metadata.namespace '
}

test_env_without_a_cluster() {
    new_pulse
    add_environment
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent)
    rwml env
    expect_ok
    expect_line 'warning: the cluster could not be asked: .*nonexistent'
    expect_result ' ONE  *-  *not asked '
    expect_result ' C_LEVEL  *info  *known '
    sed -i '/far/d' "$MANIFEST"
    rwml env
    expect_ok
    expect_no_line warning # there is nothing to ask for
    add_env KAFKA_BROKER_ADDRESS '${KAFKA_BROKER_ADDRESS}'
    rwml env
    expect_ok
    expect_line 'warning: the cluster could not be asked'
    expect_result ' KAFKA_BROKER_ADDRESS  *${KAFKA_BROKER_ADDRESS}  *known  .* by nobody: no broker was found'
}

test_env_of_a_broker_that_is_found() {
    new_pulse
    add_env KAFKA_BROKER_ADDRESS '${KAFKA_BROKER_ADDRESS}'
    rwml env
    expect_ok
    expect_result " KAFKA_BROKER_ADDRESS  *$BROKER  *known  *\${KAFKA_BROKER_ADDRESS} by what the cluster has "
}

test_explain() {
    local line
    new_pulse
    add_environment
    printf 'vars: {LEVEL: fine}\n' >rwml.yaml
    RWML_ENV+=(RWML_VAR_LEVEL=trace DOCKER_HOST=unix:///nonexistent)
    line=$(line_of "$MANIFEST" 'LEVEL: info')
    rwml explain --set LEVEL=debug LEVEL
    expect_ok
    expect_result '^the variable  *debug  *the command line  *--set  *wins$'
    expect_result "^the variable  *trace  *rwml's environment  *RWML_VAR_LEVEL  *loses to --set$"
    expect_result '^the variable  *fine  *vars of the workspace  *rwml.yaml:1:8  *loses to --set$'
    expect_result "^ConfigMap/$SVC-settings  *info  *key LEVEL  *$MANIFEST:$line:[0-9]*  *loses to --set$"
    rwml explain "$SVC" C_LEVEL
    expect_ok
    expect_result "^Deployment/$SVC, pulse  *trace  *ConfigMap $NS/$SVC-settings key LEVEL, by RWML_VAR_LEVEL  *$MANIFEST:$line:[0-9]*  *wins$"
    expect_result "^Deployment/$SVC, pulse  *-  *\$(C_LEVEL) in JOINED "
    rwml explain PASSWORD
    expect_ok
    ! grep -q geheim "$T/out" || fail "a secret is shown"
    rwml explain PASSWORD --show-secrets
    expect_result "geheim-$SVC"
    rwml explain LEVLE
    expect_error 2 RW1031
    expect_line 'did you mean LEVEL?'
    rwml explain
    expect_only_error 2 RW1020
}

# ---------------------------------------------------------------- diff

test_diff_of_something_new() {
    new_pulse
    remember_state
    rwml diff --exit-status
    expect_exit 11
    expect_line "$SVC:dev is not built: its image is left out of the comparison"
    expect_result "Namespace $NS would be created"
    expect_result "Deployment $NS/$SVC would be created"
    expect_result '2 of 2 objects would be written'
    expect_same_state
}

test_diff_field_by_field() {
    new_pulse
    add_environment
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create configmap "$SVC-far" --from-literal=ONE=1 >/dev/null
    rwml up --settle 0
    expect_ok
    rwml diff --settle 0 --exit-status
    expect_exit 10
    expect_result '0 of 3 objects would be written'
    sed -i "s/LEVEL: info, OTHER: \"1\"/LEVEL: warn/; s/geheim/versteckt/; s/replicas: 1/replicas: 2/" "$MANIFEST"
    sed -i 's/- {secretRef.*//' "$MANIFEST"
    remember_state
    rwml diff --settle 0 --exit-status
    expect_exit 11
    expect_result '.data.LEVEL: info -> warn'
    expect_result '.data.OTHER: 1 -> nothing'
    expect_result '.data.PASSWORD: \*\*\* (before) -> \*\*\* (after)'
    expect_result "ConfigMap $NS/$SVC-settings would be changed: no pod restarts: .*, since .data.LEVEL and 1 more change"
    expect_result "Deployment $NS/$SVC would be changed: rolling restart of 1 pod, since .spec.template.spec.containers\[name=\"pulse\"\].envFrom"
    expect_result '.spec.replicas: 1 -> 2'
    expect_result '3 of 3 objects would be written'
    ! grep -q -e geheim -e versteckt -e "$(printf 'geheim' | base64 | cut -c1-6)" "$T/out" || fail "a secret is shown"
    rwml deploy --dry-run --settle 0 -o json
    expect_ok
    jq -se --arg place "$MANIFEST:$(line_of "$MANIFEST" 'replicas: 2')" 'any(.[]; .field == ".spec.replicas" and .before == 1
        and .after == 2 and (.where | startswith($place)))' "$T/out" >/dev/null || fail "no such field as JSON"
    expect_same_state
    rwml deploy --settle 0 --exit-status
    expect_exit 11
    expect_line "Deployment $NS/$SVC: rolling restart of 1 pod, since .spec.template"
    rwml deploy --settle 0 --exit-status
    expect_exit 10
    expect_no_line restart
}

test_diff_of_an_image_on_its_way() {
    new_pulse
    rwml up --settle 0
    expect_ok
    remember_state
    set_message "another text of $SVC"
    rwml up --dry-run --settle 0
    expect_ok
    expect_line 'the images that the engine has now, without a build'
    expect_result '0 of 1 objects\? would be written'
    rwml build && expect_ok
    rwml diff --settle 0
    expect_ok
    expect_line "is not on every node of cluster $CLUSTER: missing on"
    expect_result "image: $SVC:dev-[0-9a-f]* -> $(content_name "$SVC")"
    expect_same_state
    docker image rm "$SVC:dev" >/dev/null
    rwml diff --settle 0 --exit-status
    expect_exit 10
    expect_line "$SVC:dev is not built: its image is left out of the comparison"
}

test_diff_of_a_deployment_that_stops_first() {
    new_pulse
    sed -i 's/^  replicas: 1/&\n  strategy: {type: Recreate}/' "$MANIFEST"
    add_env MOOD calm
    rwml up --settle 0
    expect_ok
    sed -i 's/calm/wild/' "$MANIFEST"
    rwml diff --settle 0
    expect_ok
    expect_result 'restart of 1 pod, stopped before new ones start (Recreate), since .*env\[name="MOOD"\].value changes'
    expect_result 'env\[name="MOOD"\].value: calm -> wild'
    rwml deploy --settle 0
    expect_ok
    expect_line 'restart of 1 pod, stopped before new ones start (Recreate)'
}

test_diff_refuses_what_a_deploy_would() {
    new_pulse
    kube create namespace "$NS" >/dev/null
    sed -i 's/replicas: 1/replicas: -1/' "$MANIFEST"
    rwml diff
    expect_error 4 RW5401
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'replicas')"
    expect_state 'nothing in the cluster was changed'
}
