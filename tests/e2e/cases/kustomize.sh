# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# What rwml reads and renders is what kubectl reads and renders.

KUSTOMIZATIONS=$CHECKOUT/tests/data/kustomize
MOST_KUSTOMIZATIONS=60

# A kustomization of the corpus: its overlay, where it has one.
entry_of() { # NAME
    [ -d "$KUSTOMIZATIONS/$1/overlay" ] && echo "$1/overlay" || echo "$1"
}

# For each one two services, of the same name but for the end: the directory itself, and one file with
# what kubectl makes of it. Their images are nobody's here, so that nothing is contacted.
corpus_workspace() {
    local name
    mkdir -p "$T/corpus/by-kubectl"
    cp -r "$KUSTOMIZATIONS" "$T/corpus/by-rwml"
    cd "$T/corpus" || fail "no $T/corpus"
    echo 'services:' >rwml.yaml
    for name in $(cd "$KUSTOMIZATIONS" && printf "%s\n" *); do
        kubectl kustomize "by-rwml/$(entry_of "$name")" >"by-kubectl/$name.yaml" || fail "kubectl refuses $name"
        echo "  $name--rwml: {manifests: by-rwml/$(entry_of "$name")}" >>rwml.yaml
        echo "  $name--kubectl: {manifests: by-kubectl/$name.yaml}" >>rwml.yaml
    done
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent KUBECONFIG=/nonexistent)
}

# One line for each object: service, then the object with its keys sorted.
objects_of() { # --rwml or --kubectl: from $T/out
    jq -cS --arg side "$1" 'select(.event == "object" and (.service | endswith($side)))
        | [(.service | rtrimstr($side)), .object]' "$T/out" | sort
}

test_kustomize_equals_kubectl() {
    local count
    corpus_workspace
    rwml render --settle 0 --show-secrets -o json
    expect_ok
    objects_of --rwml >"$T/rwml"
    objects_of --kubectl >"$T/kubectl"
    count=$(find "$KUSTOMIZATIONS" -mindepth 1 -maxdepth 1 | wc -l)
    [ "$count" -ge "$MOST_KUSTOMIZATIONS" ] || fail "only $count kustomizations"
    expect_equal "$(cut -d '"' -f 2 "$T/rwml" | sort -u | wc -l)" "$count" "kustomizations with objects"
    diff "$T/kubectl" "$T/rwml" || fail "not what kubectl makes of it, see above"
}

test_render_yaml_is_read_by_kubectl() {
    local name=yaml-scalars
    corpus_workspace
    rwml render --settle 0 --show-secrets -o json "$name--rwml"
    expect_ok
    jq -cS .object "$T/out" | sort >"$T/json"
    rwml render --settle 0 --show-secrets "$name--rwml"
    expect_ok
    kube create --dry-run=client --validate=false -o json -f "$T/out" | jq -cS . | sort >"$T/by-kubectl"
    diff "$T/json" "$T/by-kubectl" || fail "kubectl reads other objects, see above"
}

test_render_masks_secrets() {
    corpus_workspace
    rwml render dev-env-file--rwml
    expect_ok
    expect_line 'values of Secrets are masked'
    grep -q "API_KEY: '\*\*\*'\|API_KEY: \"\*\*\*\"" "$T/out" || fail "the value is shown"
    ! grep -q "$(printf 'a=b&c<d>' | base64)" "$T/out" || fail "the value is shown"
    rwml render --show-secrets dev-env-file--rwml
    expect_result "$(printf 'a=b&c<d>' | base64)"
}

test_render_names_the_image_that_is_built() {
    new_pulse
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent)
    rwml render
    expect_ok
    expect_line "images keep the manifest's names"
    expect_result "image: $SVC:dev$"
}

test_kustomize_missing_env_file() {
    corpus_workspace
    cp by-rwml/dev-env-file/.env.kind by-rwml/dev-env-file/.env.kind.sample
    rm by-rwml/dev-env-file/.env.kind
    rwml render dev-env-file--rwml
    expect_only_error 2 RW5004
    expect_cause '\.env\.kind\.sample lies beside it and sets API_KEY, OTHER, EMPTY'
    expect_where 'by-rwml/dev-env-file/kustomization.yaml:[0-9]*:[0-9]'
    expect_next 'cp by-rwml/dev-env-file/.env.kind.sample by-rwml/dev-env-file/.env.kind'
    expect_state 'nothing was contacted'
}

# What no one has thought of: documents by chance, the same ones for the same seed.
test_yaml_equals_kubectl() {
    local count=2000 seed=${YAML_SEED:-1}
    mkdir -p "$T/documents/all"
    cd "$T/documents" || fail "no $T/documents"
    echo 'services: {all: {manifests: all}}' >rwml.yaml
    python3 "$E2E/documents.py" make "$seed" "$count" all || fail "no documents were made"
    kube create --dry-run=client --validate=false -o json -f all >"$T/kubectl" 2>/dev/null || true
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent KUBECONFIG=/nonexistent)
    rwml render -o json all
    expect_exit 2
    jq -r 'select(.event == "error") | "\(.where | split(":")[0] | ltrimstr("all/") | rtrimstr(".yaml")) \(.code)"' \
        "$T/out" | sort -u >"$T/refused"
    while read -r name _; do rm "all/$name.yaml"; done <"$T/refused"
    rwml render -o json all >/dev/null
    expect_ok
    python3 "$E2E/documents.py" judge "$T/kubectl" "$T/out" "$T/refused" || fail "seed $seed, see above"
}
