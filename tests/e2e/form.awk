# The form of what rwml prints on stderr when it fails (pkg/base/err.h): whatever stands before the
# first error is free, and from there on each line belongs to an error, in this order:
#
#   error[RWnnnn]: what failed
#     cause: …                 once or not at all; more lines of it are indented by nine
#     | …                      lines of the user's program
#     state: …                 once, always
#     next:  …                 once or not at all, and at most one more below it
#     where: …                 once or not at all
#
# Prints "LINE: what is wrong with it". NAMES: what the test calls its things, one a line, longest
# first. Each counts as six bytes, as "trades" has: the limit holds rwml's own words.
BEGIN {
    names_count = split(ENVIRON["NAMES"], name, "\n")
    KIND = "(Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|Pod|Service|ConfigMap|Secret|Namespace|PersistentVolumeClaim)[ /]"
}

function wrong(what) {
    print (NR ": " what ": " $0)
}

function close_error() {
    if (rank && rank < 3)
        wrong("no state: before this")
}

function with_short_names(text, i, at) {
    for (i = 1; i <= names_count; i++)
        while (name[i] != "" && (at = index(text, name[i])))
            text = substr(text, 1, at - 1) "\001" substr(text, at + length(name[i]))
    gsub("\001", "trades", text)
    return text
}

function check_message(message) {
    if (length(with_short_names(message)) > 100)
        wrong("more than 100 characters")
    if (message ~ /^[A-Z]/ && message !~ ("^" KIND) && message !~ /^[A-Z]+_[A-Z_]+ /)
        wrong("begins with a capital letter, and no name")
    if (message ~ /[.!]$/ || message ~ /^ *$/ || message ~ /^failed$/)
        wrong("no message")
}

# A label that has its place: each later than the one before.
function label(its_rank, text) {
    if (its_rank <= rank && !(its_rank == 2 && rank == 2))
        wrong("not at its place")
    if (text !~ /[^ ]/)
        wrong("empty")
    rank = its_rank
    more = its_rank == 1 ? 1000 : its_rank == 4 ? 1 : 0
}

/[\001-\010\013-\037\177]/ { wrong("a control character") }

/^error\[/ {
    close_error()
    if ($0 !~ /^error\[RW[0-9][0-9][0-9][0-9]\]: [^ ]/)
        wrong("no such code")
    check_message(substr($0, 16))
    rank = 0.5
    more = 0
    next
}
!rank { next }
/^  cause: / { label(1, substr($0, 10)); next }
/^  \| ?/ { label(2, "|"); next }
/^  state: / { label(3, substr($0, 10)); next }
/^  next:  / { label(4, substr($0, 10)); next }
/^  where: / { label(5, substr($0, 10)); next }
/^         [^ ]/ && more > 0 { more--; next }
{ wrong("no part of an error") }
END { close_error() }
