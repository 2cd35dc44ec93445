#!/bin/bash
# The image inherits exactly what the program would have inherited: compared with a native start. With protection keys
# it has the backstop's filters besides, and hides them from the program (command_run.sh).
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

# What both reports have in common. Not the process IDs: each start has its own.
inherited() {
    grep -Ev '^(image-|session|open-files-limit|pid=|parent=)' "$STANDIN_REPORT"
}

same_as_native() { # WHAT: runs `start COMMAND ARGUMENT...` both ways
    run_standin start "$STANDIN" >/dev/null 2>errors
    inherited >native
    run_standin start "$ENDORUN_STANDIN" --isolation=kernel prog >/dev/null 2>errors
    inherited >under
    [[ ! -s errors ]] || problem "$1: $(cat errors)"
    cmp -s native under || problem "$1: $(diff native under || true)"
}

# Both get "prog" as argument 0; with endorun, PROGRAM is that word.
everything=$'\x01\x02\t\n\r \x7f\x80\xff\'"$`\\'
# shellcheck disable=SC2317 # start is called by same_as_native
start() {
    (exec -a prog "$1" "${@:2}" '' ' ' -- --help -x "$everything" 'ü' "$(printf 'a%.0s' {1..5000})")
}
export PATH=$work:$PATH
cp "$STANDIN" prog
same_as_native "arguments"
expect_equal "number of arguments" 9 "$(reported argument | wc -l)"

# What no shell can make: a name twice, entries that are no assignment, variables that the dynamic
# linker and the C library act on.
cat >exec_with.py <<'P'
import ctypes, os, sys
entries = [b"STANDIN_REPORT=" + os.environb[b"STANDIN_REPORT"], b"PATH=" + os.environb[b"PATH"],
           b"TWICE=1", b"NO-EQUALS", b"TWICE=2", b"", b"=", b"EMPTY=", b"ODD NAME=1",
           b"BYTES=" + bytes(range(1, 256)),
           b"LD_PRELOAD=/nonexistent.so", b"LD_AUDIT=/nonexistent.so", b"LD_DEBUG=all",
           b"LD_LIBRARY_PATH=" + os.getcwdb(), b"LD_BIND_NOW=1", b"GLIBC_TUNABLES=glibc.malloc.check=3",
           b"MALLOC_PERTURB_=1", b"POSIXLY_CORRECT=1", b"LC_ALL=tr_TR", b"TMPDIR=/nonexistent"]
words = [b"prog"] + [word.encode() for word in sys.argv[2:]]
def array(strings):
    return (ctypes.c_char_p * (len(strings) + 1))(*strings, None)
ctypes.CDLL(None).execve(sys.argv[1].encode(), array(words), array(entries))
P
# shellcheck disable=SC2317
start() {
    /usr/bin/python3 exec_with.py "$@"
}
same_as_native "environment"
grep -qx 'environment=NO-EQUALS' under || problem "the odd environment did not arrive"

# shellcheck disable=SC2317
start() {
    /usr/bin/python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.signal(signal.SIGSYS, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM, signal.SIGUSR1, signal.SIGSYS, signal.SIGRTMIN + 3})
os.kill(os.getpid(), signal.SIGUSR1)
os.umask(0o027)
os.chdir("/usr")
os.execv(sys.argv[1], ["prog"] + sys.argv[2:])' "$@"
}
same_as_native "signals, umask, folder"
grep -qx 'pending=10' under || problem "the pending signal did not arrive"
grep -qx 'ignored=31' under || problem "the ignored SIGSYS did not arrive"

# Descriptors keep number, file, flags and position; those above and between as well.
printf '0123456789' >data
# shellcheck disable=SC2317
start() {
    (
        # shellcheck disable=SC2094 # nothing is written
        exec 5<data 7>>output 9<>data 40</dev/null 41>/dev/null
        read -r -N 3 -u 5 _
        exec -a prog "$@"
    )
}
same_as_native "descriptors"
grep -q "^descriptor=5 $work/data .*offset=3$" under || problem "descriptor 5 did not arrive"

# The same process: endorun forks nothing.
"$ENDORUN_STANDIN" prog &
wait $!
expect_reported pid $!
expect_reported parent $$

# --argv0 changes argument 0 and nothing else.
for arguments in '--argv0=-name' '--argv0 -name'; do
    # shellcheck disable=SC2086
    run_standin "$ENDORUN_STANDIN" $arguments prog x
    expect_reported argument $'-name\nx'
    expect_reported session.execfn "$work/prog"
    expect_reported session.comm prog
done
run_standin "$ENDORUN_STANDIN" --argv0= prog
expect_reported argument ''
run_standin "$ENDORUN_STANDIN" --argv0=a --argv0=b prog
expect_reported argument b

# Options end at the first word that is none, and at "--".
run_standin "$ENDORUN_STANDIN" --no-rewrite prog --argv0=x --
expect_reported argument $'prog\n--argv0=x\n--'
run_standin "$ENDORUN_STANDIN" -- prog --
expect_reported argument $'prog\n--'
cp prog ./--odd
run_standin "$ENDORUN_STANDIN" -- --odd -- x
expect_reported argument $'--odd\n--\nx'
cp prog learn
run_standin "$ENDORUN_STANDIN" -- learn
expect_reported session.execfn "$work/learn"
conclude
