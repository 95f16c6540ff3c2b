#!/usr/bin/env bash
# No mutable globals in pkg/: no object in .data or .bss of the release build. Tables of pointers
# that only relocation writes (.data.rel.ro) are constant. Compiles what has not been built.
. "$(dirname "$0")/lib.sh"

object_of() { # SOURCE
    [ -f "build/obj/${1%.c}.o" ] && echo "build/obj/${1%.c}.o" && return
    local object
    object=$scratch/${1//\//.}.o
    gcc -std=gnu17 -Ipkg -D_GNU_SOURCE -fPIE -O2 -c -o "$object" "$1" && echo "$object"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
c_files | grep -E '^pkg/.*\.c$' | grep -v '_test\.c$' | while read -r source; do
    object=$(object_of "$source")
    { readelf -SW "$object" && echo SYMBOLS && readelf -sW "$object"; } | awk -v source="$source" '
        /^SYMBOLS/ { symbols = 1 }
        !symbols && match($0, /\[ *[0-9]+\]/) {
            number = substr($0, RSTART + 1, RLENGTH - 2) + 0
            split(substr($0, RSTART + RLENGTH), fields, " ")
            section[number] = fields[1]
        }
        symbols && ($4 == "OBJECT" || $4 == "TLS") && $3 > 0 {
            where = section[$7]
            if ($7 == "COM" || (where ~ /^\.(data|bss|tdata|tbss)/ && where !~ /^\.data\.rel\.ro/)) print $8
        }' | while read -r name; do
        line=$(grep -nwm1 "${name%%.*}" "$source" | cut -d : -f 1)
        echo "$source:${line:-1}: $name can be changed by everybody"
    done
done | finish
