#!/usr/bin/env bash
# Runs every check of this folder on the tree, and on its own seeds/CHECK, a small tree with
# violations: what seeds/CHECK.expected lists, line by line, has to be found there, so that no
# check can go blind. Ends with "N passed, N failed, N skipped".
#
#   tests/lint/run.sh [CHECK...]     e.g. layers; "builds" is gcc's and clang's warnings
. "$(dirname "$0")/lib.sh"
cd "$LINT/../.."

passed=0 failed=0
tell() { # NAME FINDINGS-FILE EXIT-CODE
    if [ "$3" = 0 ] && [ ! -s "$2" ]; then
        passed=$((passed + 1))
        echo "ok - lint $1"
    else
        failed=$((failed + 1))
        echo "not ok - lint $1"
        cat "$2"
    fi
}

build() { # VARIANT COMPILER TARGET...
    local code=0
    make --no-print-directory -s -k -j2 BUILD="$1" "${@:3}" >"$out" 2>&1 || code=$?
    # Only what compilers and linkers say counts; each object has its own line of progress.
    sed -i -e '/^  \(as\|cc\|ar\|link\) /d' "$out"
    tell "builds with $2" "$out" "$code"
}

check() { # NAME
    local code=0
    "$LINT/$1.sh" >"$out" 2>&1 || code=$?
    tell "$1" "$out" "$code"
    code=0
    (cd "$LINT/seeds/$1" && "$LINT/$1.sh") >"$seen" 2>&1 || code=$?
    : >"$out"
    [ "$code" = 1 ] || echo "tests/lint/$1.sh:1: ended with $code on its seeds" >>"$out"
    while read -r line; do
        grep -qF -- "$line" "$seen" || echo "tests/lint/seeds/$1.expected:1: not found: $line" >>"$out"
    done <"$LINT/seeds/$1.expected"
    [ "$(wc -l <"$seen")" = "$(wc -l <"$LINT/seeds/$1.expected")" ] || {
        echo "tests/lint/seeds/$1.expected:1: lists other findings than these:" && cat "$seen"
    } >>"$out"
    tell "$1 sees its seeds" "$out" 0
}

out=$(mktemp)
seen=$(mktemp)
trap 'rm -f "$out" "$seen"' EXIT
checks=("$@")
if [ $# = 0 ]; then
    checks=(builds)
    for script in "$LINT"/*.sh; do
        name=$(basename "$script" .sh)
        [[ $name = lib || $name = run ]] || checks+=("$name")
    done
fi
for name in "${checks[@]}"; do
    if [ "$name" = builds ]; then
        build release gcc objects all
        build clang clang objects
    else
        check "$name"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
