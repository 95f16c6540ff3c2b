# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Manifests of very many objects.

many_configmaps() { # COUNT TEXT: in one file
    awk -v count="$1" -v text="$2" -v namespace="$NS" 'BEGIN {
        for (i = 1; i <= count; i++)
            printf "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: many-%05d\n  namespace: %s\ndata:\n  text: %s %d\n",
                i, namespace, text, i
    }' >"manifests/dev/$SVC/many.yaml"
}

# The kernel keeps the peak of what a process holds, in KB, as long as it runs.
await_peak() { # of what start_rwml began: PEAK
    local now
    PEAK=0
    while now=$(awk '/^VmHWM:/ { print $2 }' "/proc/$PID/status" 2>/dev/null) && [ -n "$now" ]; do
        PEAK=$now
        sleep 0.005
    done
    [ "$PEAK" -gt 0 ] || fail "nothing was seen of its memory"
}

count_of() { kube -n "$NS" get configmaps -o name | grep -c /many-; }

# All of them are there, one that differs is found among them, and the whole set is never in memory twice.
test_many_objects() {
    new_pulse
    no_pods
    rwml build && expect_ok
    rwml push && expect_ok
    many_configmaps 2000 first
    rwml deploy -q --settle 0
    expect_ok
    expect_result '; 2001 objects written'
    expect_equal "$(count_of)" 2000 'objects in the cluster'
    rwml deploy -q --settle 0
    expect_ok
    expect_result '; 0 objects written'
    expect_within 30000
    sed -i 's/first 1234$/other 1234/' "manifests/dev/$SVC/many.yaml"
    rwml diff --settle 0
    expect_ok
    expect_result 'many-01234 would be changed'
    expect_result '1 of 2001 objects would be written'
    start_rwml deploy -q --settle 0
    await_peak
    await_rwml deploy
    expect_ok
    expect_result '; 1 object written'
    [ "$PEAK" -le 100000 ] || fail "it held $PEAK KB at its peak"
    expect_equal "$(kube -n "$NS" get configmap many-01234 -o 'jsonpath={.data.text}')" 'other 1234'
}

# The server refuses two of very many: both are named, with their lines, and nothing is written.
test_many_objects_of_which_some_are_refused() {
    new_pulse
    no_pods
    rwml build && expect_ok
    rwml push && expect_ok
    many_configmaps 60 first
    kube create namespace "$NS" >/dev/null
    sed -i 's/^  text: first 7$/  text: 7/; s/^  text: first 47$/  text: 47/' "manifests/dev/$SVC/many.yaml"
    remember_state
    rwml deploy --settle 0
    expect_only_error 4 RW5401
    expect_where "$(line_at 'text: 7$')"
    expect_where "$(line_at 'text: 47$')"
    expect_state 'nothing in the cluster was changed'
    expect_same_state
}

line_at() { echo "manifests/dev/$SVC/many.yaml:$(line_of "manifests/dev/$SVC/many.yaml" "$1")"; } # PATTERN
