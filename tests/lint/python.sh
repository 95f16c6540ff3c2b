#!/usr/bin/env bash
# Every Python file is one.
. "$(dirname "$0")/lib.sh"

files -name '*.py' | python3 -c '
import ast, sys
for path in sys.stdin.read().split("\n"):
    try:
        path and ast.parse(open(path, encoding="utf-8").read())
    except SyntaxError as e:
        print(f"{path}:{e.lineno}: {e.msg}")
    except ValueError as e:
        print(f"{path}:1: {e}")
' | finish
