#!/usr/bin/env bash
# pkg/LAYERS: a package includes only packages that it names, and names only packages above it; a
# third-party header is included by its owner only, and every one has an owner; tests may include
# cmocka and tests/fake besides.
. "$(dirname "$0")/lib.sh"

c_files | xargs grep -nHE '^[[:space:]]*#[[:space:]]*include' | awk -v layers=pkg/LAYERS '
function package_of(file, parts) { return split(file, parts, "/") > 2 && parts[1] == "pkg" ? parts[2] : "" }
function found(text) { print place ": " text }
function check_ours(name,    other) {
    if (name !~ /\//) { if (package != "") found("\"" name "\": write the package, too"); return }
    other = substr(name, 1, index(name, "/") - 1)
    if (other == "fake") { if (!is_test) found("only tests include tests/fake"); return }
    if (!(other in allowed)) found("no package " other " in " layers)
    else if (package != "" && other != package && !((package, other) in may))
        found(package " may not include " other)
}
function check_foreign(name,    prefix) {
    if (file in exempt) return
    for (prefix in owner)
        if (index(name, prefix) == 1) {
            if (package != owner[prefix]) found("<" name "> belongs to pkg/" owner[prefix])
            return
        }
    if (name == "cmocka.h") { if (!is_test) found("only tests include cmocka"); return }
    if (name !~ system_headers) found("<" name "> has no owner in " layers)
}
BEGIN {
    system_headers = "^((assert|ctype|dirent|errno|fcntl|fnmatch|grp|inttypes|limits|locale|math|poll|pthread|pwd|regex|setjmp|signal|" \
        "spawn|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|termios|time|unistd)|(arpa|netinet|sys)/[a-z]+|linux/[a-z0-9_]+)\\.h$"
    exempt["cmd/rwml/main.c"]        # starts the libraries
    exempt["cmd/rwml/cmd_version.c"] # asks them for their versions
    while ((getline line < layers) > 0) {
        number++
        if (line ~ /^#/ || line ~ /^[ \t]*$/) continue
        split(line, columns, "|")
        split(columns[1], halves, ":")
        name = halves[1]
        count = split(halves[2], others, " ")
        for (i = 1; i <= count; i++) {
            if (!(others[i] in allowed)) print layers ":" number ": " name " names " others[i] ", which does not stand above it"
            may[name, others[i]]
        }
        allowed[name]
        count = split(columns[2], headers, " ")
        for (i = 1; i <= count; i++) owner[headers[i]] = name
    }
}
{
    file = $0; sub(/:.*/, "", file)
    rest = substr($0, length(file) + 2)
    line_number = rest; sub(/:.*/, "", line_number)
    place = file ":" line_number
    package = package_of(file)
    is_test = file ~ /_test\.c$/ || file ~ /^tests\/fake\//
    if (file ~ /^tests\/fake\//) exempt[file]
    if (package != "" && !(package in allowed)) found("pkg/" package " is not in " layers)
    if (match(rest, /"[^"]+"/)) check_ours(substr(rest, RSTART + 1, RLENGTH - 2))
    else if (match(rest, /<[^>]+>/)) check_foreign(substr(rest, RSTART + 1, RLENGTH - 2))
}' | finish
