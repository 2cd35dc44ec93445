# shellcheck shell=bash disable=SC2034
case_program="strace"
case_exercises="strace -f inside, over a shell with children: execve and openat of the traced program's own files, write, exit statuses, signals; -c; -o per process; attaching (-p)"
case_needs=(strace:strace dash:dash)
case_timeout=60

work() {
    local target
    printf 'data\n' >traced.data
    expect_status 3 strace -f -qq -e trace=execve,openat,write -o log \
        dash -c 'cat traced.data; cat missing.data 2>/dev/null; (exit 4); echo from the shell; exit 3'
    # The program's own lines; libraries, the loader's and the monitor's files are not its business.
    # What is executed shows in the argument lists: under endorun the file executed is the monitor's.
    sed -E 's/^[0-9]+ +//' log | grep -E '^(openat|write)\(.*(traced|missing)\.data|^write\(1' | sort
    grep -oE '\["(dash|cat)", [^]]*\]' log | sort -u
    expect_status 143 strace -f -e trace=none -e signal=TERM -o signals sh -c 'kill -TERM $$'
    grep -cE -- '--- SIGTERM \{si_signo=SIGTERM, si_code=SI_USER' signals
    grep -c 'killed by SIGTERM' signals
    under strace -c -f -o counts sh -c 'for i in 1 2 3; do cat traced.data; done' >/dev/null
    grep -cE ' (write|total)$' counts
    under strace -ff -qq -e trace=exit_group -o each sh -c '(exit 6) & wait $!; exit 0'
    cat each.* | grep exit_group | sort
    # The traced one started natively in both legs; only the tracer differs.
    start_native target sh -c 'while [ ! -e go ]; do sleep 0.05; done; cat traced.data; exit 0'
    target=$started_pid
    start attached strace -qq -f -e trace=openat -o attach.log -p "$target"
    wait_until 60 traced "$target"
    touch go
    await "$target"
    await "$started_pid"
    grep -c '"traced.data"' attach.log
}

traced() {
    grep -qE '^TracerPid:\s+[1-9]' "/proc/$1/status"
}
