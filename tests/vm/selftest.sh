#!/bin/bash
# selftest.sh SERIES PROBE: checks tests/vm/run and run-tests themselves, and that the machine has what the tests that run in it rely on.
# PROBE is the compiled probe.c.
set -euo pipefail

series=$1 probe=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# machine NAME ARG...: runs tests/vm/run; leaves $scratch/NAME.out, .err and .status.
machine()
{
    local name=$1 status=0
    shift
    "$here/run" --kernel "$series" "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" || status=$?
    echo "$status" >"$scratch/$name.status"
}

# expect NAME PROPERTY WANTED GOT
expect()
{
    if [[ $3 != "$4" ]]; then
        printf '%s: %s: wanted %q, got %q\n' "$1" "$2" "$3" "$4"
        tail -n 20 "$scratch/$1.err"
        failures=$((failures + 1))
    fi
}

expect_status()
{
    expect "$1" "exit status" "$2" "$(<"$scratch/$1.status")"
}

the_machine_has_what_tests_need()
{
    machine inside bash "$here/selftest-guest.sh" "$series" "$probe"
    expect_status inside 0
    [[ $(<"$scratch/inside.status") == 0 ]] || cat "$scratch/inside.out"
}

# The guest user is a number that no user database knows.
arguments_streams_and_status_pass()
{
    local arguments=('a  b' '' $'line\nbreak' $'\xff\xfe' "*" "\$HOME" -- --user "quote'\"s")
    # shellcheck disable=SC2016 # the shell in the machine expands it
    machine arguments --user 12345 -- bash -c 'id -u >&2; printf "%s\n" "$@"; exit 7' bash "${arguments[@]}"
    expect_status arguments 7
    expect arguments "standard error" 12345 "$(<"$scratch/arguments.err")"
    expect arguments "standard output" "$(printf '%s\n' "${arguments[@]}" | sha256sum)" \
        "$(sha256sum <"$scratch/arguments.out")"
}

# One writes much and dies by a signal, the other runs into its time limit after it has written.
two_machines_run_at_once()
{
    # shellcheck disable=SC2016
    machine signal --user root -- bash -c 'id -u >&2; head -c 5000000 /dev/zero; kill -KILL $$' &
    machine late --timeout 90 sh -c 'echo begun; sleep 1000' &
    wait
    expect_status signal 137
    expect signal "user" 0 "$(<"$scratch/signal.err")"
    expect signal "standard output" "$(head -c 5000000 /dev/zero | sha256sum)" \
        "$(sha256sum <"$scratch/signal.out")"
    expect_status late 124
    expect late "standard output" begun "$(<"$scratch/late.out")"
}

# run-tests, with tests of its own: one that passes, one that fails, one that is left out, and none at all.
tests_are_run_and_counted()
{
    # shellcheck disable=SC2016 # the shell in the machine expands it
    machine tests bash -c '
        mkdir /tmp/tests
        printf "%s\n" "add_test(passes true)" "add_test(fails sh -c \"echo its words; exit 1\")" \
            "add_test(forgotten false)" "add_test(skipped sh -c \"exit 77\")" \
            "set_tests_properties(skipped PROPERTIES SKIP_RETURN_CODE 77)" >/tmp/tests/CTestTestfile.cmake
        for selected in "passes|skipped" . nothing; do
            if "$1" /tmp/tests sample "$selected" forgotten; then echo "passed"; else echo "failed"; fi
        done' bash "$here/run-tests"
    expect_status tests 0
    expect tests "counts and verdicts" "2 tests, 0 failed, 1 skipped|passed|3 tests, 1 failed, 1 skipped|failed|\
no result, 0 skipped|failed" "$(sed -nE 's/^vm: sample on Linux [^ ]+: (.*), [0-9]+ s$/\1/p; /^(passed|failed)$/p' \
        "$scratch/tests.out" | paste -sd '|')"
    expect tests "output of the failed test" 1 "$(grep -c '^its words$' "$scratch/tests.out")"
}

# What run itself refuses, it says, with 125.
refusals_are_told()
{
    machine no-command --user root
    expect_status no-command 125
    machine option --no-such-option true
    expect_status option 125
    machine timeout --timeout soon true
    expect_status timeout 125
    machine small --memory 64 true
    expect_status small 125
    machine user --user no-such-user true
    expect_status user 125
    expect user "message" "tests/vm/run: --user no-such-user: no such user" "$(<"$scratch/user.err")"
    machine not-found no-such-program
    expect_status not-found 127
}

the_machine_has_what_tests_need
[[ $series == 6.1 ]] || exit "$((failures > 0))" # the rest is the same on every kernel
arguments_streams_and_status_pass
two_machines_run_at_once
tests_are_run_and_counted
refusals_are_told
exit "$((failures > 0))"
