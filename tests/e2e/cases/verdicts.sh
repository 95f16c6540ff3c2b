# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Each way in which a container does not come up, and the card that it gets.

in_container() { sed -i "s|^\( *\)  image: $SVC:dev|&\n\1  $1|" "$MANIFEST"; } # LINE: of YAML
in_pod() { sed -i "s|^      containers:|      $1\n&|" "$MANIFEST"; }           # LINE

beside() { # LINE...: of a second container
    in_pod_list containers "$@"
}

in_pod_list() { # LIST LINE...: the first line begins an item
    local list=$1 text="        - $2" line
    for line in "${@:3}"; do text+="\n          $line"; done
    grep -q "^      $list:" "$MANIFEST" || in_pod "$list:"
    sed -i "s|^      $list:|&\n$text|" "$MANIFEST"
}

# What every card has: the object in its first line, what the state is, a command to go on with.
expect_card() { # EXIT CODE STATE
    expect_error "$1" "$2"
    expect_line "^error\[$2\]: .*$SVC"
    expect_state "$3"
    expect_next "kubectl -n $NS"
    ! out_has ' deploy ' || fail "a result of deploy was told"
}

# The kubelet's InvalidImageName does not come so far.
test_verdict_name_that_is_no_image() {
    new_pulse
    beside 'name: other' 'image: "Not:An:Image"'
    rwml up
    expect_error 2 RW5001
    expect_line '"Not:An:Image" is no image name'
    expect_state 'nothing was applied'
    expect_where "$MANIFEST:$(line_of "$MANIFEST" Not:An:Image):"
}

test_verdict_image_that_may_not_be_pulled() {
    new_pulse
    beside 'name: other' 'image: nowhere.invalid/none:1' 'imagePullPolicy: Never'
    rwml up
    expect_card 1 RW6102 'new version applied; no pod serves'
    expect_line 'container "other" has no image: nowhere.invalid/none:1 (ErrImageNeverPull)'
    expect_long_before_timeout
}

# A registry may come back, so this one is waited for.
test_verdict_image_whose_registry_does_not_answer() {
    new_pulse
    beside 'name: other' 'image: nowhere.invalid/none:1'
    rwml up --timeout 20s
    expect_card 1 RW6102 'new version applied; no pod serves'
    expect_line 'container "other" has no image: nowhere.invalid/none:1'
    expect_cause 'nowhere.invalid'
    [ "$TOOK_MS" -ge 20000 ] || fail "given up before the time"
}

test_verdict_program_that_may_not_be_root() {
    new_pulse
    in_container 'securityContext: {runAsNonRoot: true}'
    rwml up
    expect_card 1 RW6101 'new version applied; no pod serves'
    expect_line 'container "pulse" cannot be created as configured'
    expect_cause 'runAsNonRoot'
    expect_long_before_timeout
}

test_verdict_image_without_a_command() {
    new_pulse
    sed -i '/^ENTRYPOINT/d' "docker/$SVC.Dockerfile"
    rwml up
    expect_card 1 RW6101 'new version applied; no pod serves'
    expect_line 'container "pulse" cannot start'
    expect_cause 'no command specified'
    expect_long_before_timeout
}

test_verdict_folder_that_cannot_be_worked_in() {
    new_pulse
    in_container 'workingDir: /message'
    rwml up
    expect_card 1 RW6101 'new version applied; no pod serves'
    expect_line 'container "pulse" cannot start'
    expect_cause 'not a directory'
    expect_long_before_timeout
}

# Between the check and the pod's start what it refers to goes: a gate holds the pod back for so long.
gated_up() { # KIND NAME
    kube create namespace "$NS" >/dev/null
    in_pod 'schedulingGates: [{name: test/held}]'
    case $1 in
    configmap) kube -n "$NS" create configmap "$2" --from-literal=key=value >/dev/null ;;
    secret) kube -n "$NS" create secret generic "$2" --from-literal=key=value >/dev/null ;;
    esac
    start_rwml up
    eventually 60 pod_is_there
    kube -n "$NS" delete "$1" "$2" >/dev/null
    kube -n "$NS" patch pod "$(pod_name)" --type json -p '[{"op": "remove", "path": "/spec/schedulingGates"}]' >/dev/null
    await_rwml up
}

pod_name() { kube -n "$NS" get pods -l "app=$SVC" -o 'jsonpath={.items[0].metadata.name}'; }
pod_is_there() { [ -n "$(pod_name 2>/dev/null)" ]; }

test_verdict_secret_that_went() {
    new_pulse
    in_container 'envFrom: [{secretRef: {name: keys}}]'
    gated_up secret keys
    expect_card 1 RW6104 'new version applied; no pod serves'
    expect_line 'container "pulse" cannot start: secret "keys" not found'
}

test_verdict_configmap_of_a_volume_that_went() {
    new_pulse
    in_pod 'volumes: [{name: settings, configMap: {name: settings}}]'
    in_container 'volumeMounts: [{name: settings, mountPath: /settings}]'
    gated_up configmap settings
    expect_card 1 RW6104 'new version applied; no pod serves'
    expect_line 'container "pulse" cannot be created'
    expect_cause 'configmap "settings" not found'
}

test_verdict_volume_that_cannot_be_mounted() {
    new_pulse
    in_pod 'volumes: [{name: disk, hostPath: {path: /not/there, type: Directory}}]'
    in_container 'volumeMounts: [{name: disk, mountPath: /disk}]'
    rwml up --timeout 25s
    expect_card 5 RW6201 'new version applied; no pod serves'
    expect_line 'container "pulse" cannot be created'
    expect_cause '/not/there is not a directory'
}

test_verdict_too_little_memory() {
    python_service 'print("eating", flush=True)' 'kept = []' 'while True: kept.append(bytearray(1 << 20))'
    in_container 'resources: {limits: {memory: 40Mi}}'
    rwml up
    expect_card 1 RW6103 'new version applied; no pod serves'
    expect_line 'container "pulse" \(ran out of\|was killed, perhaps for lack of\) memory (limit 40Mi'
    expect_cause 'last output: eating'
    expect_next "logs $SVC-.* -c pulse"
}

test_verdict_init_container_that_fails() {
    new_pulse
    in_pod_list initContainers 'name: prepare' "image: $SVC:dev" 'args: [refuse]'
    rwml up
    expect_card 1 RW6103 'new version applied; no pod serves'
    expect_line 'init container "prepare" keeps crashing (exit 3, '
    expect_cause 'last output: not yet'
    expect_next "logs $SVC-.* -c prepare"
}

test_verdict_init_container_that_cannot_start() {
    new_pulse
    in_pod_list initContainers 'name: prepare' "image: $SVC:dev" 'command: [/nothing]'
    rwml up
    expect_card 1 RW6101 'new version applied; no pod serves'
    expect_line 'init container "prepare" cannot start'
    expect_cause '/nothing'
    expect_long_before_timeout
}

test_verdict_killed_by_its_liveness_probe() {
    new_pulse
    in_container 'livenessProbe: {exec: {command: [/pulse, refuse]}, periodSeconds: 1, failureThreshold: 1}'
    rwml up
    expect_card 1 RW6103 'new version applied; no pod serves'
    expect_line 'container "pulse" fails its liveness probe (exit '
    expect_cause 'Liveness probe failed: not yet'
}

test_verdict_port_that_nobody_listens_on() {
    new_pulse
    in_container 'readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}'
    rwml up --timeout 20s
    expect_card 5 RW6203 'new version applied; no pod serves'
    expect_line 'container "pulse" runs, but never became ready'
    expect_cause 'Readiness probe failed: .*8080.*refused.* (readiness probe: TCP port 8080)'
}

test_verdict_startup_probe_that_never_passes() {
    new_pulse
    in_container 'startupProbe: {exec: {command: [/pulse, refuse]}, periodSeconds: 1, failureThreshold: 60}'
    rwml up --timeout 20s
    expect_card 5 RW6203 'new version applied; no pod serves'
    expect_cause 'Startup probe failed: not yet.* (startup probe: exec /pulse refuse)'
}

test_verdict_python_error_names_the_line_to_change() {
    python_service 'from lib.settings import read' 'read({})'
    mkdir -p app/lib
    printf '%s\n' 'import json' '' 'def read(values):' '    return json.loads(values["PORT"])' >app/lib/settings.py
    rwml up
    expect_card 1 RW6103 'new version applied; no pod serves'
    expect_cause "last output: KeyError: 'PORT' at app/lib/settings.py:4$"
    expect_line "^  where: app/lib/settings.py:4\$"
    expect_line '| Traceback'
}
