#!/usr/bin/env bash
# Every code of base/codes.h is explained in docs/errors.md with its name and class, and no other.
. "$(dirname "$0")/lib.sh"

awk '
FNR == 1 { file++ }
file == 1 && match($0, /X\([0-9]+, [A-Z]+, [A-Z0-9_]+\)/) {
    split(substr($0, RSTART + 2, RLENGTH - 3), part, ", ")
    if (part[1] in class) print FILENAME ":" FNR ": " part[1] " is used twice"
    if (part[3] in used) print FILENAME ":" FNR ": " part[3] " is used twice"
    used[part[3]]
    class[part[1]] = part[2]; name[part[1]] = part[3]; line[part[1]] = FNR; source = FILENAME
}
function textless() { if (empty != "") print FILENAME ":" heading ": " empty " has no text"; empty = "" }
file == 2 && /^### / {
    textless()
    code = substr($2, 3)
    if ($2 !~ /^RW[0-9]+$/ || NF != 4) print FILENAME ":" FNR ": want \"### RWnnnn NAME CLASS\""
    else if (!(code in class)) print FILENAME ":" FNR ": " source " has no RW" code
    else if ($3 != name[code] || $4 != class[code])
        print FILENAME ":" FNR ": " source " calls RW" code " " name[code] " " class[code]
    if (code in explained) print FILENAME ":" FNR ": RW" code " is explained twice"
    explained[code]; heading = FNR; empty = $2
    next
}
file == 2 && NF && !/^#/ { empty = "" }
END {
    textless()
    for (code in class) if (!(code in explained)) print source ":" line[code] ": RW" code " is not explained in docs/errors.md"
}' pkg/base/codes.h docs/errors.md | sort -t : -k 1,1 -k 2,2n | finish
