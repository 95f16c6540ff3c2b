#!/usr/bin/env bash
# Sees to it that a Docker engine answers to the caller: starts the installed one where none
# runs (without an init system, too), and gives a user who runs it through sudo access at once,
# without a new login. Does nothing when one answers.
. "$(dirname "$0")/common.sh"

SOCKET=/var/run/docker.sock
LOG=/var/log/rwml-dockerd.log
RUNC=/usr/local/sbin/runc-nosr

answers_to_root() { as_root docker -H "unix://$SOCKET" version >/dev/null 2>&1; }

has_resource_capability() { # CAP_SYS_RESOURCE, number 24, in the bounding set
    local set
    set=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
    (((0x$set >> 24) & 1))
}

start_by_hand() {
    local options=
    if ! has_resource_capability; then
        say "this machine lacks CAP_SYS_RESOURCE: containers run without it"
        as_root install -m 755 "$CHECKOUT/tests/lab/runc-nosr" "$RUNC"
        options="--add-runtime nosr=$RUNC --default-runtime nosr"
    fi
    # A session of its own: the engine outlives the shell that started it.
    as_root sh -c "setsid nohup dockerd $options >>$LOG 2>&1 </dev/null &"
}

start_engine() {
    if [ -d /run/systemd/system ]; then
        say "starting the Docker engine by systemctl"
        as_root systemctl enable --now docker
    else
        say "starting the Docker engine by hand, since no init system does; its log is $LOG"
        start_by_hand
    fi
}

wait_for_engine() {
    local attempt
    for attempt in $(seq 1 150); do
        if answers_to_root; then return; fi
        sleep 0.2
    done
    [ ! -e "$LOG" ] || as_root tail -20 "$LOG" >&2
    die "the Docker engine does not answer after $((attempt / 5)) s, see above"
}

grant_access() {
    local user
    user=$(id -un)
    say "giving $user access to $SOCKET: now by an access list, from the next login on by group docker"
    as_root usermod -aG docker "$user"
    as_root setfacl -m "u:$user:rw" "$SOCKET"
}

engine_answers && exit 0
[ -z "${DOCKER_HOST:-}" ] || die "the engine at DOCKER_HOST=$DOCKER_HOST does not answer. Start it, or unset DOCKER_HOST."
[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "no Docker engine answers to $(id -un). Start it, or install sudo so that this can."
command -v dockerd >/dev/null || "$CHECKOUT/scripts/packages.sh" cluster
answers_to_root || start_engine
wait_for_engine
engine_answers || grant_access
engine_answers || die "the engine answers to root, but not to $(id -un)"
