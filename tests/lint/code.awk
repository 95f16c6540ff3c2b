# C without its comments and the contents of its strings, as "file:line: code".
FNR == 1 { in_comment = 0 }
{
    code = ""
    for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        two = substr($0, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++ }
        } else if (quote) {
            if (c == "\\") i++
            else if (c == quote) { quote = ""; code = code c }
        } else if (two == "/*") { in_comment = 1; i++ }
        else if (two == "//") break
        else {
            if (c == "\"" || c == "'") quote = c
            code = code c
        }
    }
    quote = ""
    if (code ~ /[^ \t]/) print FILENAME ":" FNR ": " code
}
