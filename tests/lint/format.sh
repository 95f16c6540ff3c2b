#!/usr/bin/env bash
# The layout of C is clang-format's business: `make format` puts it right. Versions 14 and 19 agree
# on this tree. The first place of each file is told.
. "$(dirname "$0")/lib.sh"

mapfile -t all < <(c_files)
[ ${#all[@]} = 0 ] || clang-format --style="file:$LINT/../../.clang-format" --dry-run "${all[@]}" 2>&1 |
    sed -n 's/^\([^:]*:[0-9]*\):[0-9]*: warning: .*/\1: laid out otherwise by clang-format/p' |
    awk -F : '!seen[$1]++' | finish
