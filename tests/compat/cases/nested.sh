# shellcheck shell=bash disable=SC2034
case_program="endorun"
case_exercises="endorun endorun PROGRAM, directly and from a script under endorun: works, or fails with 125 and one line of reason"
case_needs=(sh:dash)
case_timeout=60

# usage: nested COMMAND...    where COMMAND would end with status 3 and print "inside"
nested() {
    local status=0 output
    output=$("$@" 2>messages) || status=$?
    if [[ $status -eq 3 && $output == inside && ! -s messages ]]; then
        printf 'as specified\n'
    elif [[ $status -eq 125 && -z $output && $(grep -cE '^endorun(\[[0-9]+\])?: ' messages) -eq 1 ]]; then
        printf 'as specified\n'
    else
        printf 'status %d, output "%s", messages:\n' "$status" "$output"
        cat messages
    fi
}

work() {
    local inner=$UNDER_COMMAND
    nested under "$inner" sh -c 'echo inside; exit 3'
    nested under sh -c "'$inner' sh -c 'echo inside; exit 3'"
    nested under sh -c "exec '$inner' '$inner' sh -c 'echo inside; exit 3'"
}
