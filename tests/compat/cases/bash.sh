# shellcheck shell=bash disable=SC2034
case_program="bash"
case_exercises="pipes, jobs, traps, subshells, coprocess, process substitution, here-documents, wait -n, signals between jobs, 300 forks"
case_needs=(bash:bash seq:coreutils)
case_timeout=60

work() {
    expect_status 17 bash "$PROGRAMS/bash_features.sh"
}
