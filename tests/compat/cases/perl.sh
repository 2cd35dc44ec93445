# shellcheck shell=bash disable=SC2034
case_program="perl"
case_exercises="fork and wait, pipes, open to and from commands, signal handlers, alarm and interrupted calls, sockets, SysV IPC, threads by fork, select, sort and hash work"
case_needs=(perl:perl)
case_timeout=60

work() {
    under perl "$PROGRAMS/processes_and_signals.pl"
    under perl "$PROGRAMS/sockets_and_ipc.pl"
    expect_status 137 perl -e 'kill KILL => $$'
    expect_status 7 perl -e 'exec "sh", "-c", "exit 7"'
}
