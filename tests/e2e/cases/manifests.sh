# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Manifests and variables: everything that is wrong with them is told before anything is contacted.

expect_nothing_contacted() { # EXIT CODE...
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent)
    rwml up
    expect_only_error "$@"
    expect_state 'nothing was contacted'
}

test_manifests_broken_yaml() {
    new_pulse
    remember_state
    printf 'a: b\n  c: [d\n' >"manifests/dev/$SVC/broken.yaml"
    expect_nothing_contacted 2 RW1107
    expect_where "manifests/dev/$SVC/broken.yaml:[0-9][0-9]*:[0-9]"
    rm "manifests/dev/$SVC/broken.yaml"
    sed -i 's/^  replicas: 1/   replicas: 1/' "$MANIFEST"
    expect_nothing_contacted 2 RW1107
    expect_where "$MANIFEST:[0-9][0-9]*:[0-9]"
    expect_same_state
}

test_manifests_two_broken_files_at_once() {
    new_pulse
    printf 'a: [\n' >"manifests/dev/$SVC/one.yaml"
    printf 'b: "\n' >"manifests/dev/$SVC/two.yaml"
    expect_nothing_contacted 2 RW1107
    expect_where one.yaml
    expect_where two.yaml
}

test_manifests_ambiguous_yaml() {
    new_pulse
    sed -i 's/^      app: .*/&\n      y: yes/' "$MANIFEST"
    expect_nothing_contacted 2 RW1108
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'y: yes'):7"
}

test_manifests_object_without_a_name() {
    new_pulse
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n' >"manifests/dev/$SVC/nameless.yaml"
    expect_nothing_contacted 2 RW5001
    expect_where "manifests/dev/$SVC/nameless.yaml:"
}

test_manifests_variables_unset() {
    new_pulse
    remember_state
    # shellcheck disable=SC2016 # they are rwml's
    add_env FIRST '${FIRST_VALUE}' && add_env SECOND '${SECOND_VALUE}' && add_env THIRD '${THIRD:-default}'
    expect_nothing_contacted 2 RW1030
    expect_line FIRST_VALUE
    expect_line SECOND_VALUE
    expect_no_line THIRD
    expect_where "$MANIFEST:$(line_of "$MANIFEST" FIRST_VALUE):"
    expect_where "$MANIFEST:$(line_of "$MANIFEST" SECOND_VALUE):"
    expect_same_state
}

test_manifests_variable_syntax() {
    new_pulse
    # shellcheck disable=SC2016 # they are rwml's
    add_env FIRST '"${NOT CLOSED"'
    expect_nothing_contacted 2 RW1032
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'NOT CLOSED'):"
}

test_manifests_set_of_a_name_used_nowhere() {
    new_pulse
    add_env MOOD '"calm"'
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent)
    remember_state
    rwml up --set MODO=wild
    expect_only_error 2 RW1031
    expect_line MODO
    expect_line 'did you mean MOOD'
    expect_state 'nothing was contacted'
    rwml up --set justaname
    expect_only_error 2 RW1020
    expect_same_state
}

test_manifests_unknown_key_in_rwml_yaml() {
    new_pulse
    printf 'clusterr: x\n' >rwml.yaml
    expect_nothing_contacted 2 RW1003
    expect_where 'rwml.yaml:1:1'
    expect_line 'did you mean "cluster"'
    printf 'vars: [1\n' >rwml.yaml
    expect_nothing_contacted 2 RW1107
    expect_where 'rwml.yaml:'
}

test_manifests_no_path_leaves_the_workspace() {
    new_pulse
    printf 'services:\n  %s:\n    dockerfile: ../../etc/passwd\n' "$SVC" >rwml.yaml
    expect_nothing_contacted 2 RW1016
    expect_where 'rwml.yaml:3:'
}

test_manifests_order_of_precedence() {
    local value
    new_pulse
    no_pods
    add_env MOOD '"literal"'
    rwml up --settle 0
    expect_ok
    expect_equal "$(env_of "$SVC" MOOD)" literal
    printf 'vars: {MOOD: workspace}\nservices:\n  %s:\n    vars: {MOOD: service}\n' "$SVC" >rwml.yaml
    rwml deploy --settle 0
    expect_ok
    expect_equal "$(env_of "$SVC" MOOD)" service
    printf 'vars: {MOOD: workspace}\n' >rwml.yaml
    rwml deploy --settle 0
    expect_equal "$(env_of "$SVC" MOOD)" workspace
    printf 'vars: {MOOD: workspace}\nservices:\n  %s:\n    vars: {MOOD: service}\n' "$SVC" >rwml.yaml
    echo 'MOOD=file' >values
    rwml deploy --settle 0 --var-file values
    expect_equal "$(env_of "$SVC" MOOD)" file
    RWML_ENV+=(RWML_VAR_MOOD=environment)
    rwml deploy --settle 0 --var-file values
    expect_equal "$(env_of "$SVC" MOOD)" environment
    # What a shell, YAML or sed would make something of arrives as it is.
    # shellcheck disable=SC2016 # they are to arrive as they are
    value='a: b # "c" ${D} $E & \n |'
    rwml deploy --settle 0 --var-file values --set "MOOD=$value"
    expect_ok
    expect_equal "$(env_of "$SVC" MOOD)" "$value"
}

test_manifests_broker_in_all_three_ways() {
    local address=192.0.2.7:9092
    new_pulse
    no_pods
    # shellcheck disable=SC2016 # it is rwml's
    add_env KAFKA_BROKER_ADDRESS '${KAFKA_BROKER_ADDRESS}'
    rwml up --settle 0 --set KAFKA_BROKER_ADDRESS=$address
    expect_ok
    expect_equal "$(env_of "$SVC" KAFKA_BROKER_ADDRESS)" $address placeholder
    # shellcheck disable=SC2016 # it is rwml's
    sed -i 's/\${KAFKA_BROKER_ADDRESS}/somewhere.else:9092/' "$MANIFEST"
    rwml deploy --settle 0 --set KAFKA_BROKER_ADDRESS=$address
    expect_equal "$(env_of "$SVC" KAFKA_BROKER_ADDRESS)" $address literal
    sed -i 's/^\( *\)- name: KAFKA_BROKER_ADDRESS/\1- name: UNUSED/; s|^\( *\)  image: .*|&\n\1  envFrom:\n\1    - configMapRef: {name: settings}|' "$MANIFEST"
    cat >"manifests/dev/$SVC/settings.yaml" <<TEXT
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: $NS}
data:
  KAFKA_BROKER_ADDRESS: somewhere.else:9092
  OTHER: untouched
TEXT
    rwml deploy --settle 0 --set KAFKA_BROKER_ADDRESS=$address
    expect_ok
    expect_equal "$(kube -n "$NS" get configmap settings -o json | jq -r '.data | .KAFKA_BROKER_ADDRESS, .OTHER' | xargs)" \
        "$address untouched" ConfigMap
}

test_manifests_configmap_that_is_nowhere() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  envFrom:\n\1    - configMapRef: {name: nowhere}|' "$MANIFEST"
    kube create namespace "$NS" >/dev/null
    rwml build && expect_ok
    rwml push && expect_ok
    remember_state
    rwml deploy
    expect_only_error 2 RW5003
    expect_line nowhere
    expect_where "$MANIFEST:$(line_of "$MANIFEST" nowhere):"
    expect_state 'nothing'
    expect_same_state
    kube -n "$NS" create configmap nowhere --from-literal=a=b >/dev/null
    no_pods
    rwml deploy --settle 0
    expect_ok
}
