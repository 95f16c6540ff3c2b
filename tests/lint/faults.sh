#!/usr/bin/env bash
# Every fault point is told in a header of its package and hit by a test.
. "$(dirname "$0")/lib.sh"

mapfile -t code < <(files -name '*.c' | grep -E '^(pkg|cmd)/' | grep -v -e '_test\.c$' -e '^pkg/base/fault\.c$')
mapfile -t tests < <(files | grep -E '_test\.c$|^tests/e2e/')
grep -noE 'fault_point\("[a-z0-9._]+"' "${code[@]}" /dev/null | while IFS=: read -r file line call; do
    point=${call#*\"}
    point=${point%\"}
    grep -qwF -- "$point" "$(dirname "$file")"/*.h || echo "$file:$line: no header names the fault point $point"
    grep -qE -- "(^|[\"';])${point//./\\.}=" "${tests[@]}" /dev/null || echo "$file:$line: no test hits the fault point $point"
done | finish
