# shellcheck shell=bash disable=SC2034
case_program="dash"
case_exercises="pipes, subshells, background jobs and wait, traps, here-documents, vfork by execution, exec replacing the shell"
case_needs=(dash:dash)
case_timeout=60

work() {
    expect_status 21 dash "$PROGRAMS/dash_features.sh"
    printf 'echo from stdin\nexit 4\n' | expect_status 4 dash -s
    expect_status 143 dash -c 'kill -TERM $$'
}
