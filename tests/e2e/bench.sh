# shellcheck shell=bash
# What the benches share: two ways side by side on the tests' cluster, in rounds, in alternating order.
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"
. "$E2E/workspace.sh"
. "$E2E/standalone.sh"

ROUNDS=${ROUNDS:-5}
[[ $ROUNDS =~ ^[1-9][0-9]*$ ]] || usage_error "ROUNDS is a number"

begin_bench() { # the cluster, the lock, and WORK, a folder of its own
    take_lock
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/rwml-bench.XXXXXX")
    trap 'rm -rf "$WORK"; standalone_remove; cluster_clean' EXIT
    cluster_up_and_clean
}

bench_nodes() { # COUNT SIZE: so many nodes without a cluster around them, and none of before
    local number
    standalone_remove
    for ((number = 1; number <= $1; number++)); do
        standalone_node "$STANDALONE-$number" "$([ "$number" = 1 ] && echo control-plane || echo worker)" "$2"
    done
}

exec_true() { # in every such node, side by side
    local node pids=()
    for node in $(nodes_of "$STANDALONE"); do docker exec "$node" true & pids+=($!); done
    wait "${pids[@]}"
}

large_workspace() { # SERVICE MEGABYTES: of an image in whose lower layer they are; goes there
    pulse_workspace "$WORK/$1" "$1" e2e-bench
    cd "$WORK/$1"
    head -c $(($2 * 1000000)) /dev/urandom >large
    echo '!large' >>.dockerignore
    sed -i 's|^COPY pulse message /$|COPY pulse large /\nCOPY message /|' "docker/$1.Dockerfile"
    grep -q '^COPY pulse large' "docker/$1.Dockerfile" || die "the small service's Dockerfile is another one"
}

new_large_image() { # SERVICE: builds what was never built before
    date +%s%N >message
    "$RWML" build "$1" >"$WORK/log" 2>&1 || { cat "$WORK/log" >&2; die "the build failed"; }
}

measure() { # WAY KIND COMMAND...: appends the time in ms to a file
    local way=$1 kind=$2 began took
    shift 2
    began=$(date +%s%N)
    "$@" >"$WORK/log" 2>&1 || {
        cat "$WORK/log" >&2
        die "$way failed, see above"
    }
    took=$((($(date +%s%N) - began) / 1000000))
    echo "$took" >>"$WORK/$way.$kind"
    printf '  %-8s %-9s %6d ms\n' "$way" "$kind" "$took" >&2
}

figures() { # FILE: minimum, median, maximum in seconds
    sort -n "$1" | awk '{v[NR] = $1 / 1000} END {
        printf "%.3f %.3f %.3f", v[1], NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, v[NR]}'
}

report() { # "KIND WAY..." each: the first way is what the others are compared with
    local line kind ways way low middle high first
    for line in "$@"; do
        read -r kind ways <<<"$line"
        read -r _ first _ < <(figures "$WORK/${ways%% *}.$kind" && echo)
        printf '\n%-10s %-8s %8s %8s %8s   %s\n' '' '' min median max "${ways%% *} / this"
        for way in $ways; do
            read -r low middle high < <(figures "$WORK/$way.$kind" && echo)
            printf '%-10s %-8s %8s %8s %8s   %s\n' "$kind" "$way" "$low" "$middle" "$high" \
                "$(awk -v a="$first" -v b="$middle" 'BEGIN { if (b > 0) printf "%.2f", a / b; else print "no time at all" }')"
        done
    done
    printf '\n%s rounds, seconds; %s CPUs, load %s\n' "$ROUNDS" "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)"
}
