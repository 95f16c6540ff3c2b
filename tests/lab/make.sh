#!/usr/bin/env bash
# Makes every image that kind-setup.sh needs where public ones cannot be pulled, and shows how
# far it is. Each part is kept: what was made before, and has the same inputs, is not made again.
#
#   make.sh                       all, in LAB_CACHE (/var/cache/rwml-lab) and the engine
#   make.sh --print-node-image    the image for `kind create cluster --image`
#   make.sh --print-kafka-image   the image of Kafka
. "$(dirname "$0")/common.sh"

# Measured on two cores; they only feed the estimate.
PACKAGES=3380
PROGRAMS_SECONDS=300
IMAGES_SECONDS=120
NODE_IMAGE_SECONDS=30
AFTERWARDS_SECONDS=50 # cluster and Kafka, which kind-setup.sh makes next
LOGS=$LAB_CACHE/log
declare -A JOBS=()

# In a process group of its own, so that it can be ended as one. It keeps the lock, too: when this
# script is killed, its jobs go on. A group in the background cannot be asked for a password.
start_job() { # NAME COMMAND...
    local name=$1
    shift
    set -m
    SUDO_ASKS_NOTHING=yes "$@" >"$LOGS/$name.log" 2>&1 </dev/null &
    JOBS[$name]=$!
    set +m
}

ask_for_password() { # now, where root will be needed for something that was never made
    local image
    for image in "$NODE_IMAGE" "$KAFKA_IMAGE" "$PYTHON_IMAGE" rwml-lab/node-base:bookworm rwml-lab/service-base:bookworm; do
        if ! image_exists "$image"; then
            as_root true
            return
        fi
    done
}

debian_images() {
    "$LAB_DIR/node-image.sh" bases && "$LAB_DIR/bases.sh" && "$LAB_DIR/kafka-image.sh"
}

end_jobs() {
    local name
    for name in "${!JOBS[@]}"; do kill -- "-${JOBS[$name]}" 2>/dev/null || true; done
}

running() { # NAME
    [ -n "${JOBS[$1]:-}" ] && kill -0 "${JOBS[$1]}" 2>/dev/null
}

finish_job() { # NAME: 1 when it is still at work; ends the script when it failed
    if running "$1"; then return 1; fi
    [ -n "${JOBS[$1]:-}" ] || return 0
    local pid=${JOBS[$1]}
    unset "JOBS[$1]"
    wait "$pid" || {
        tail -30 "$LOGS/$1.log" >&2
        die "making the $1 failed; the end of $LOGS/$1.log is above. What was made is kept: run it again (if sudo wanted a password, after: sudo true)."
    }
}

minutes() { # SECONDS
    if [ "$1" -lt 60 ]; then echo "less than a minute"; else echo "about $((($1 + 30) / 60)) min"; fi
}

programs_seconds_left() { # COMPILED ELAPSED
    if [ "$1" -lt $((PACKAGES / 10)) ]; then
        echo $((PROGRAMS_SECONDS > $2 ? PROGRAMS_SECONDS - $2 : 60))
    elif [ "$1" -lt "$PACKAGES" ]; then
        echo $(($2 * (PACKAGES - $1) / $1))
    else
        echo 15
    fi
}

report() { # ELAPSED
    local compiled left=0 now=
    if running programs; then
        compiled=$(grep -cv '^go: ' "$LOGS/programs.log" || true)
        left=$(programs_seconds_left "$compiled" "$1")
        now="compiled $compiled of about $PACKAGES Go packages"
    fi
    if running images; then
        now+="${now:+; }making Debian, Python and Kafka images"
        left=$((left > IMAGES_SECONDS - $1 ? left : IMAGES_SECONDS - $1))
    fi
    say "  $now; $(minutes $((left + NODE_IMAGE_SECONDS + AFTERWARDS_SECONDS))) left"
}

wait_for_jobs() {
    local started=$SECONDS next=20 name left
    while :; do
        left=
        for name in programs images; do finish_job "$name" || left=yes; done
        [ -n "$left" ] || return 0
        if [ $((SECONDS - started)) -ge "$next" ]; then
            report $((SECONDS - started))
            next=$((next + 30))
        fi
        sleep 0.5
    done
}

case ${1:-} in
--print-node-image) echo "$NODE_IMAGE" && exit 0 ;;
--print-kafka-image) echo "$KAFKA_IMAGE" && exit 0 ;;
-h | --help) print_header "$0" && exit 0 ;;
'') ;;
*) usage_error "no option is called $1" ;;
esac
"$CHECKOUT/scripts/packages.sh" lab
prepare_cache
mkdir -p "$LOGS"
exec {lock}>"$LAB_CACHE/lock"
flock --nonblock "$lock" || {
    say "  another run makes the images; waiting for it"
    flock "$lock"
}
ask_for_password
trap end_jobs EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start_job programs "$LAB_DIR/programs.sh"
start_job images debian_images
wait_for_jobs
"$LAB_DIR/node-image.sh"
