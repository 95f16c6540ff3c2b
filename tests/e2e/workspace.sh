# shellcheck shell=bash
# Workspaces to work on, each a copy that belongs to one test.
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

pulse_program() { # compiles the small service's program where that has not been done
    local program=$KEPT/pulse
    mkdir -p "$KEPT"
    [ "$program" -nt "$E2E/fixtures/pulse.c" ] ||
        "${CC:-gcc}" -Os -s -static -o "$program" "$E2E/fixtures/pulse.c"
}

rename_in() { # DIRECTORY OLD NEW: in the names of files and directories, and in all text
    local path
    find "$1" -mindepth 1 -depth -name "*$2*" | while read -r path; do
        mv "$path" "$(dirname "$path")/$(basename "$path" | sed "s/$2/$3/g")"
    done
    grep -rlZI -- "$2" "$1" | xargs -0 -r sed -i "s/$2/$3/g"
}

pulse_workspace() { # DIRECTORY SERVICE NAMESPACE: one small service
    mkdir -p "$1"
    cp -a "$E2E/fixtures/pulse/." "$1"
    cp "$KEPT/pulse" "$1"
    rename_in "$1" e2e-pulse "$2"
    sed -i "s/e2e-space/$3/" "$1/manifests/dev/$2/$2.yaml"
    sed -i "s/^name: .*/name: $CLUSTER/" "$1/manifests/dev/kind/cluster.yaml"
}

# The sample of this checkout under other names, with a uv.lock. What it is made of:
SAMPLE_PARTS=(.dockerignore docker manifests pyproject.toml services)

sample_workspace() { # DIRECTORY NAMESPACE
    mkdir -p "$1"
    tar -C "$CHECKOUT" --exclude __pycache__ --exclude .venv -cf - "${SAMPLE_PARTS[@]}" | tar -C "$1" -xf -
    rename_in "$1" trades e2eticks
    rename_in "$1" candles e2ebars
    find "$1/manifests" -name '*.yaml' -exec sed -i "s/^\( *namespace:\) .*/\1 $2/" {} +
    sed -i "s/^name: .*/name: $CLUSTER/" "$1/manifests/dev/kind/cluster.yaml"
    sed -i "\$a LABEL $IMAGE_LABEL=1" "$1/docker/Dockerfile"
    sample_lock "$1"
}

sample_lock() { # DIRECTORY: uv.lock, made once for each set of pyproject.toml
    local kept
    kept=$KEPT/uv.lock.$(find "$1" -name pyproject.toml -print0 | sort -z | xargs -0 cat | sha256sum | cut -c1-12)
    if [ ! -e "$kept" ]; then
        "$CHECKOUT/scripts/uv-lock.sh" "$1"
        cp "$1/uv.lock" "$kept.$$"
        mv "$kept.$$" "$kept"
    fi
    cp "$kept" "$1/uv.lock"
}

# The small service with two layers: its program beside random bytes, which no node has from another
# test, and its message. The first text is built and pushed.
layered_pulse() { # [BYTES]: of a layer that stays as it is
    new_pulse
    sed -i 's|^COPY pulse message /$|COPY pulse /\nCOPY message /|' "docker/$SVC.Dockerfile"
    [ "$(grep -c '^COPY' "docker/$SVC.Dockerfile")" = 2 ] || fail "the Dockerfile is another one by now"
    head -c "${1:-400000}" /dev/urandom >filler
    sed -i 's|^COPY pulse /$|COPY pulse filler /|' "docker/$SVC.Dockerfile"
    echo '!filler' >>.dockerignore
    push_text "$SVC's first text"
}

# The small service with its program, 12 MB and its message in one layer; the first text is pushed.
one_layer_pulse() {
    new_pulse
    head -c 12000000 /dev/urandom >filler
    sed -i 's|^COPY pulse message /$|COPY pulse filler message /|' "docker/$SVC.Dockerfile"
    grep -q '^COPY pulse filler message' "docker/$SVC.Dockerfile" || fail "the Dockerfile is another one by now"
    echo '!filler' >>.dockerignore
    push_text "$SVC's first text"
    expect_ok
}

push_text() { # TEXT [OPTION...]: builds and pushes it
    set_message "$1, $(date +%s%N)"
    shift
    rwml build && expect_ok
    rwml push -v "$@"
}
