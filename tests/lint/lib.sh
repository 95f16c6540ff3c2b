# shellcheck shell=bash
# What the checks share. A check works on the tree in its current folder, prints each finding as
# "file:line: what is wrong" and ends with 1 if there is any: its last command is a pipe into finish.
set -euo pipefail
LINT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LC_ALL=C.UTF-8

# The tree's own files, sorted. What was built or fetched, and the seeded violations, are not.
files() { # [FIND-CONDITION...]
    find . \( -path ./build -o -path ./.git -o -path ./tests/lint/seeds -o -name .venv -o -name __pycache__ \
        -o -name uv.lock \) -prune -o -type f "$@" -printf '%P\n' | sort
}

c_files() { files -name '*.[ch]' | grep -E '^(pkg|cmd|tests/fake)/' || true; }

# Each line of C as "file:line: code", without comments and with empty strings.
c_code() { # FILE...
    [ $# = 0 ] || awk -f "$LINT/code.awk" "$@"
}

finish() {
    awk '{ print } END { exit NR > 0 }'
}
