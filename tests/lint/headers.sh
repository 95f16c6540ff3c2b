#!/usr/bin/env bash
# Every header compiles alone, twice, with gcc and clang.
. "$(dirname "$0")/lib.sh"

export FLAGS
FLAGS="-std=gnu17 -Ipkg -Itests -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c $(
    pkg-config --cflags libcurl yaml-0.1 jansson openssl libgit2 libarchive libmicrohttpd)"

compile() { # HEADER: what each compiler says
    local compiler
    for compiler in gcc clang; do
        # shellcheck disable=SC2086
        printf '#include "%s"\n#include "%s"\n' "$PWD/$1" "$PWD/$1" | LC_ALL=C $compiler $FLAGS - 2>&1 |
            sed -n "s|^$PWD/||; s/:[0-9]*: \(fatal \)*error: /: $compiler: /p"
    done
}
export -f compile
c_files | grep '\.h$' | xargs -r -P 2 -I '{}' bash -c 'compile {}' | sort -u | finish
