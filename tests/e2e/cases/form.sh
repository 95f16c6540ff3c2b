# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# The form of an error, which every other test relies on: what breaks it is seen.

form_of() { # LINE...: as if rwml had printed them
    printf '%s\n' "$@" >"$T/err"
    (expect_form) >"$T/said" 2>&1
}

must_be_wrong() { # WHY LINE...
    local why=$1
    shift
    ! form_of "$@" || fail "nothing is wrong with: $*"
    grep -qF -- "$why" "$T/said" || fail "no '$why', but: $(cat "$T/said")"
}

test_form_that_is_right() {
    form_of 'step one' '  of this' || fail "$(cat "$T/said")"
    form_of 'talk' "error[RW1234]: Deployment $NS/$SVC: it stopped" '  cause: a' '         more' '  | log' '  |' \
        '  state: b' '  next:  c' '         d' '  where: e' 'error[RW1235]: other' '  state: f' || fail "$(cat "$T/said")"
    form_of "error[RW1234]: $(printf '%086d' 0) $SVC $NS" '  state: b' || fail "names are counted as they are"
    form_of 'error[RW1234]: DOCKER_HOST ssh://x is of no use' '  state: b' || fail "$(cat "$T/said")"
}

test_form_that_is_wrong() {
    local first='error[RW1234]: it stopped' state='  state: b' long
    long=$(printf '%0101d' 0)
    must_be_wrong 'more than 100' "error[RW1234]: $long" "$state"
    must_be_wrong 'capital' 'error[RW1234]: It stopped' "$state"
    must_be_wrong 'no message' 'error[RW1234]: it stopped.' "$state"
    must_be_wrong 'no message' 'error[RW1234]: failed' "$state"
    must_be_wrong 'no such code' 'error[RW12]: it stopped' "$state"
    must_be_wrong 'no state' "$first"
    must_be_wrong 'no state' "$first" "$first" "$state"
    must_be_wrong 'not at its place' "$first" "$state" "$state"
    must_be_wrong 'not at its place' "$first" "$state" '  cause: a'
    must_be_wrong 'not at its place' "$first" "$state" '  | log'
    must_be_wrong 'not at its place' "$first" '  cause: a' '  cause: a' "$state"
    must_be_wrong 'empty' "$first" '  state: '
    must_be_wrong 'no part' "$first" "$state" '  next:  a' '         b' '         c'
    must_be_wrong 'no part' "$first" "$state" '         more'
    must_be_wrong 'no part' "$first" "$state" 'Traceback (most recent call last):'
    must_be_wrong 'control' "$first" "$state" $'  where: \033[31m'
}
