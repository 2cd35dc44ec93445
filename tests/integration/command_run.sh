#!/bin/bash
# The whole way, with the real monitor: what the command hands over arrives at the program as natively.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"
export XDG_CACHE_HOME=$work/cache

# The stand-in is a static program that reports what it inherited: now it is the program itself. Left
# out: the process IDs, each start's own.
inherited() {
    grep -Ev '^(pid|parent)=' "$STANDIN_REPORT"
}

same_as_native() { # WHAT: runs `start [COMMAND] PROGRAM ARGUMENT...` both ways
    run_standin start "$STANDIN" >/dev/null 2>errors
    inherited >native
    run_standin start "$ENDORUN" "$@" -- "$STANDIN" >/dev/null 2>errors
    inherited >under
    [[ ! -s errors ]] || problem "start $*: $(cat errors)"
    cmp -s native under || problem "start $*: $(diff native under || true)"
}

everything=$'\x01\x02\t\n\r \x7f\x80\xff\'"$`\\'
# shellcheck disable=SC2317 # start is called by same_as_native
start() {
    env "BYTES=$everything" EMPTY= 'ODD NAME=1' "$@" '' ' ' -- --help -x "$everything" 'ü'
}
same_as_native
same_as_native --no-rewrite
same_as_native --isolation=kernel
grep -q '^environment=BYTES=.x01' under || problem "the odd environment did not arrive"

# shellcheck disable=SC2317
start() {
    (
        exec 5</dev/null 9<>/dev/null 40</dev/null
        ulimit -Sn 64
        umask 027
        trap '' INT PIPE
        cd /usr
        exec "$@"
    )
}
same_as_native

# Closed standard descriptors, and a limit that leaves no room for what endorun needs itself.
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
    # shellcheck disable=SC2317
    start() {
        bash -c "exec \"\$@\" $closed" - "$@"
    }
    same_as_native
done
# shellcheck disable=SC2317
start() {
    bash -c 'ulimit -Sn 4; exec "$@"' - "$@"
}
same_as_native

# Argument 0, exit status, signal, name.
# shellcheck disable=SC2016 # the inner shell expands it
expect_equal "argument 0" other "$("$ENDORUN" --argv0=other bash -c 'head -zn1 /proc/$$/cmdline | tr -d "\0"')"
# shellcheck disable=SC2016
expect_equal "name" dash "$("$ENDORUN" dash -c 'read -r name </proc/$$/comm; echo "$name"')"
for ending in 'exit 0' 'exit 125' 'exit 255' 'kill -TERM $$' 'kill -SEGV $$'; do
    native=0 under=0
    {
        sh -c "ulimit -c 0; $ending" || native=$?
        "$ENDORUN" sh -c "ulimit -c 0; $ending" || under=$?
    } 2>/dev/null # bash tells of signals
    expect_equal "status of '$ending'" "$native" "$under"
done
# shellcheck disable=SC2016 # the inner shell expands it
"$ENDORUN" sh -c 'echo $$ $PPID' >pids &
wait $!
expect_equal "process and parent" "$! $$" "$(cat pids)"

# What cannot be run: one line, and the shell's status.
printf 'text\n' >plain
printf 'text\n' >text
chmod +x text
refused() { # STATUS FILE
    local status=0
    "$ENDORUN" "$2" >stdout 2>stderr || status=$?
    expect_equal "status of $2" "$1" "$status"
    expect_equal "lines about $2" 1 "$(wc -l <stderr)"
    grep -q "^endorun: $2: ." stderr || problem "about $2: '$(cat stderr)'"
    [[ ! -s stdout ]] || problem "$2 wrote on stdout"
}
refused 127 ./missing
refused 127 /nonexistent/program
refused 126 ./plain
refused 126 ./text
refused 126 "$work"
refused 126 ./plain/file

# Where no plan is kept, a process of endorun's makes one for every image: nobody sees its end.
cat >waiting.py <<'P'
import os, signal, sys
if sys.argv[1] == "blocked":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
else:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv("/bin/grep", ["grep", "-E", "Pnd:", "/proc/self/status"])
P
# Ignored, the signal would take the status along, and with it the plan.
unplanned() {
    /usr/bin/python3 -c 'import json, sys
for module in json.load(open(sys.argv[1]))["modules"]:
    if "libc.so" in module["path"] and module["planned"] < module["mappings"]:
        print(module)' "$1"
}
for how in blocked ignored; do
    /usr/bin/python3 waiting.py "$how" >native
    XDG_CACHE_HOME=/dev/null "$ENDORUN" --stats=stats.json /usr/bin/python3 waiting.py "$how" >under
    expect_equal "without a plan, SIGCHLD $how" "" "$(unplanned stats.json)"
    cmp -s native under || problem "SIGCHLD $how: $(diff native under || true)"
done
conclude
