#!/usr/bin/env bash
# Every shell script, told by its first line, passes shellcheck.
. "$(dirname "$0")/lib.sh"

files -size -1000k | while read -r file; do
    if head -n 1 "$file" | grep -qaE '^#!.*\b(ba|da)?sh\b|^# shellcheck shell='; then echo "$file"; fi
done | { xargs -r shellcheck -x -f gcc || true; } | finish
