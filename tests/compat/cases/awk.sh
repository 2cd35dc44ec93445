# shellcheck shell=bash disable=SC2034
case_program="mawk, gawk"
case_exercises="records, arrays, sorting, pipes to and from commands, getline, system(), output to many files; gawk's two-way pipes, sockets and time functions"
case_needs=(mawk:mawk gawk:gawk)
case_timeout=60

work() {
    local awk
    for awk in mawk gawk; do
        printf '== %s\n' "$awk"
        seq 1 50000 | expect_status 5 "$awk" -f "$PROGRAMS/records.awk" -v out="result/$awk"
    done
    printf '== gawk only\n'
    under gawk -f "$PROGRAMS/two_way.gawk" -v port="$(free_port)"
}
