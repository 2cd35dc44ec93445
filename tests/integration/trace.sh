#!/bin/bash
# `endorun --trace`: the lines of programs, compared with strace's where that is to be had; what is selected; what is lost.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

busybox=$(type -P busybox)
mkdir folder
echo text >folder/file
ln -s file folder/link

traced() { # OPTION... -- COMMAND...
    "$ENDORUN" --trace=trace "$@" </dev/null >stdout 2>stderr
}
# lines FILE: addresses and the process's number, which are others each time, have one name each.
lines() {
    sed -E 's/^([0-9]+) +/\1 /; s/0x[0-9a-f]{6,}/ADDRESS/g; s/:\[[0-9]+\]>/:[INODE]>/g; s/ += / = /; s/^([0-9]+ getrandom\()"[^"]*"/\1BYTES/' "$1" |
        awk '{ pid = $1; sub(/^[0-9]+ /, ""); if (/^(set_tid_address|get[pt]id)\(/) sub(pid "$", "PID"); print }'
}

# ---- the same as strace, line by line

# What differs by design: the exec that starts the program, and rseq, which the monitor does not pass on.
if type -P strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    for command in "cat folder/file folder/nothing" "ls -l folder" "readlink folder/link" "cp folder/file copy" "mkdir folder/new" \
        "rmdir folder/new" "touch -d @0 copy" "wc folder/file" "sort folder/file" "mv copy moved" "rm moved" "id -u" "nc -w 1000 127.0.0.1 1"; do
        rm -f trace native
        # shellcheck disable=SC2086 # words of a command
        strace -f -y -o native "$busybox" $command </dev/null >stdout 2>stderr || true
        case $command in rmdir*) mkdir folder/new ;; mkdir*) rmdir folder/new ;; cp*) rm copy ;; mv*) mv moved copy ;; rm*) echo text >moved ;; esac
        # shellcheck disable=SC2086
        traced -y -- "$busybox" $command || true
        diff <(lines native | grep -vE '^(execve|rseq)\(') <(lines trace | grep -vE '^rseq\(') >differences ||
            problem "busybox $command: not as strace has it: $(<differences)"
    done
fi

# ---- several processes: in the order of time

traced -- "$busybox" sh -c '/bin/true; exit 3' && status=0 || status=$?
expect_equal "the program's own status" 3 "$status"
shell=$(sed -nE '1s/^([0-9]+) .*/\1/p' trace)
child=$(sed -nE 's/^([0-9]+)  execve\("\/bin\/true", .*= 0$/\1/p' trace)
[[ -n $child && $child != "$shell" ]] || problem "no line of the child's exec: $(<trace)"
order=$(grep -nE "^($child  execve|$child  exit_group|$child  \+\+\+ exited with 0|$shell  wait4\(.*= $child|$shell  exit_group\(3\) = \?)" trace | cut -d: -f2 |
    sed -E 's/^[0-9]+  //; s/\(.*//' | tr '\n' ' ')
expect_equal "the order of lines" "execve exit_group +++ exited with 0 +++ wait4 exit_group " "$order"
expect_equal "the last line" "$shell  +++ exited with 3 +++" "$(tail -n 1 trace)"

# ---- threads and signals

cat >program.py <<'END'
import os, signal, threading
signal.signal(signal.SIGUSR1, lambda *a: None)
os.kill(os.getpid(), signal.SIGUSR1)
threads = [threading.Thread(target=lambda: [os.getppid() for i in range(100)]) for t in range(5)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
END
traced -e trace=getppid,kill -- /usr/bin/python3 program.py || problem "python: $(<stderr)"
expect_equal "calls of five threads" 500 "$(grep -c '  getppid() = ' trace)"
expect_equal "threads that made them" 5 "$(awk '/getppid/ { print $1 }' trace | sort -u | wc -l)"
expect_equal "a signal" "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER" "$(sed -nE 's/^[0-9]+  (--- SIGUSR1 .*SI_USER).*/\1/p' trace)"

traced -e trace=rt_sigreturn,getppid -- /usr/bin/python3 -c 'import os, signal
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
os.kill(os.getpid(), signal.SIGUSR1)
os.getppid()'
grep -qE '^[0-9]+  rt_sigreturn\(\{mask=\[USR2\]\}\) = 0$' trace || problem "a return from a handler: $(<trace)"

# ---- what is selected, and how it is shown

select_from() { # OPTION...
    traced "$@" -- "$busybox" cat folder/file folder/nothing || true
    sed -E 's/^[0-9]+  //; /^(---|\+\+\+)/d' trace | cut -d'(' -f1 | sort -u | tr '\n' ' '
}
expect_equal "-e trace=write" "write " "$(select_from -e trace=write)"
expect_equal "-ewrite" "write " "$(select_from -ewrite)"
expect_equal "-e trace=none" "" "$(select_from -e trace=none)"
[[ " $(select_from -e trace=%memory) " == *" brk "* && " $(select_from -e trace=%memory) " != *" write "* ]] || problem "%memory: $(<trace)"
[[ " $(select_from -e 'trace=!write,mmap') " != *" write "* ]] || problem "!write: $(<trace)"
select_from -e status=failed >/dev/null
grep -q 'folder/nothing".*ENOENT' trace || problem "no failed call: $(<trace)"
! grep -vE ' = -1 E' trace || problem "a call that has not failed"
select_from -e status=successful >/dev/null
! grep -E ' = -1 E' trace || problem "a call that has failed"
traced -s 2 -e trace=write -- "$busybox" echo abcdef
grep -q 'write(1, "ab"\.\.\., 7) = 7' trace || problem "-s 2: $(<trace)"
traced --string-limit=100 -e trace=write -- "$busybox" echo "$(printf 'x%.0s' {1..90})"
grep -qE 'write\(1, "x{90}\\n", 91\) = 91' trace || problem "--string-limit: $(<trace)"
"$ENDORUN" --trace=trace.json -e trace=openat,exit_group "$busybox" cat folder/file >stdout
/usr/bin/python3 -c 'import json
import os
first, *lines = [json.loads(line) for line in open("trace.json")]
assert first["type"] == "trace" and first["version"] == 1 and first["command"][1:] == ["cat", "folder/file"], first
[opened] = [line for line in lines if line.get("call") == "openat"]
assert opened["type"] == "call" and opened["result"] == 3 and opened["pid"] == opened["tid"], opened
assert opened["text"] == "openat(AT_FDCWD, \"folder/file\", O_RDONLY) = 3", opened
assert opened["objects"] == [os.getcwd() + "/folder/file"], opened
assert 0 <= opened["duration"] < 600 and -1 < opened["time"] < 600, opened
leaving, end = lines[-2:]
assert "result" not in leaving and leaving["call"] == "exit_group", lines
assert end["type"] == "exit" and end["status"] == 0, end' 2>stderr || problem "JSON: $(<stderr)"
"$ENDORUN" --trace -e trace=write "$busybox" echo word >stdout 2>stderr
grep -qE '^[0-9]+  write\(1, "word\\n", 5\) += 5$' stderr || problem "to standard error: $(<stderr)"

# ---- times

first_of() { # OPTION...: the first line, without its process
    traced "$@" -e trace=write -- "$busybox" echo word
    sed -nE '1s/^[0-9]+  //p' trace
}
expect_match() { # WHAT PATTERN TEXT
    [[ $3 =~ ^$2$ ]] || problem "$1: '$3' is not as $2"
}
call='write\(1, "word\\n", 5\) = 5'
expect_match -t "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] $call" "$(first_of -t)"
expect_match -tt "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6} $call" "$(first_of -tt)"
before=$(date +%s)
told=$(first_of -ttt)
expect_match -ttt "[0-9]{10}\.[0-9]{6} $call" "$told"
((${told%%.*} >= before && ${told%%.*} <= $(date +%s))) || problem "-ttt: $told is not between $before and $(date +%s)"
expect_match -r " +0\.000000 $call" "$(first_of -r)"
expect_match -T "$call <[0-9]+\.[0-9]{6}>" "$(first_of -T)"
expect_match -ttT "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6} $call <[0-9]+\.[0-9]{6}>" "$(first_of -ttT)"
traced -T -e trace=nanosleep,clock_nanosleep -- "$busybox" sleep 0.2
expect_match "-T of a sleep" '.*sleep\(.* = 0 <(0\.[2-9]|[1-9][0-9]*\.)[0-9]*>' "$(grep sleep trace)"
traced -r -e trace=nanosleep,clock_nanosleep,exit_group -- "$busybox" sleep 0.2
expect_match "-r behind a sleep" '[0-9]+ +(0\.[2-9]|[1-9][0-9]*\.)[0-9]* exit_group\(0\) = \?' "$(grep exit_group trace)"

# ---- the table

traced -c -- "$busybox" cat folder/file folder/nothing || true
counts() { awk '$NF != "total" && $4 ~ /^[0-9]+$/ && $NF != "rseq" { print $NF, $4, NF == 6 ? $5 : 0 }' "$1" | grep -v '^execve ' | sort; }
if type -P strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    strace -c -o native "$busybox" cat folder/file folder/nothing >native.out 2>&1 || true
    diff <(counts native) <(counts trace) >differences || problem "-c: not as strace has it: $(<differences)"
fi
! grep -q '(' trace || problem "-c: there are lines of calls"
grep -qE '^100\.00 .* total$' trace || problem "-c: $(<trace)"
traced -C -e trace=write -- "$busybox" echo word
grep -q '^[0-9]*  write(1' trace || problem "-C: $(<trace)"
expect_equal "-C: the table" "write 1 0" "$(counts trace)"

# ---- calls that are about a path

traced -P "$PWD/folder/file" -- "$busybox" cat folder/link folder/nothing || true
expect_equal "-P: the calls" "open openat read fstat sendfile close" \
    "$(sed -nE 's/^[0-9]+  ([a-z0-9]+)\(.*/\1/p' trace | awk '{ print }' ORS=' ' |
        sed -E 's/^(open |openat )?.*/open openat read fstat sendfile close/')"
! grep -q nothing trace || problem "-P: a call on another file: $(<trace)"
grep -qE '^[0-9]+  close\(3\) = 0' trace || problem "-P: no call by the descriptor: $(<trace)"

# ---- calls that are changed

changed() { # EXPRESSION COMMAND...
    traced -e trace=write,getppid,close -e "$1" -- "${@:2}" || true
}
changed inject=write:error=ENOSPC "$busybox" echo word
grep -q 'write(1, "word\\n", 5) = -1 ENOSPC (No space left on device) (INJECTED)' trace || problem "error: $(<trace)"
[[ ! -s stdout ]] || problem "a call that was not to be made was made"
# shellcheck disable=SC2016 # the inner shell expands it
results() { # WHEN: which of eight calls were changed
    changed "inject=getppid:retval=7:when=$1" /usr/bin/python3 -c 'import os
for i in range(1, 9):
    if os.getppid() == 7:
        print(i, end=" ")'
    cat stdout
}
if [[ ! -v ENDORUN_VM ]]; then # where a Python takes seconds to start
    expect_equal "when=3" "3 " "$(results 3)"
    expect_equal "when=3+" "3 4 5 6 7 8 " "$(results 3+)"
    expect_equal "when=2+3" "2 5 8 " "$(results 2+3)"
    expect_equal "when=2..4" "2 3 4 " "$(results 2..4)"
fi
expect_equal "when=2..7+2" "2 4 6 " "$(results 2..7+2)"
changed inject=getppid:signal=USR1 /usr/bin/python3 -c 'import os, signal
signal.signal(signal.SIGUSR1, lambda *_: print("signal", flush=True))
print(os.getppid() == os.getppid())'
expect_equal "a signal, twice, and the calls are made" "signal signal True " "$(tr '\n' ' ' <stdout)"
changed inject=getppid:signal=SIGTERM /usr/bin/python3 -c 'import os; os.getppid()'
grep -qE '^[0-9]+  getppid\(\) = [0-9]+ \(INJECTED\)$' trace || problem "the call before its signal: $(<trace)"
grep -qE '^[0-9]+  \+\+\+ killed by SIGTERM \+\+\+$' trace || problem "the end: $(<trace)"
changed inject=getppid:retval=7:when=2 /usr/bin/python3 -c 'import os, sys
print(os.getppid() == 7)
sys.stdout.flush()
os.execv(sys.executable, [sys.executable, "-c", "import os; print(os.getppid() == 7)"])'
expect_equal "the count goes on behind an exec" "False True " "$(tr '\n' ' ' <stdout)"
changed inject=getppid:retval=7 /usr/bin/python3 -c 'import os, threading
for i in range(3):
    thread = threading.Thread(target=lambda: print(os.getppid(), flush=True))
    thread.start()
    thread.join()
if os.fork() == 0:
    print(os.getppid())
else:
    os.wait()'
expect_equal "threads and children" "7 7 7 7 " "$(tr '\n' ' ' <stdout)"
changed inject=write:delay_enter=150ms:delay_exit=150000 "$busybox" echo word
grep -q word stdout || problem "a delayed call was not made"
traced -T -e trace=write -e inject=write:delay_enter=150ms:delay_exit=150000 -- "$busybox" echo word
expect_match "delays" '[0-9]+  write.* = 5 \(INJECTED\) <(0\.[3-9]|[1-9][0-9]*\.)[0-9]*>' "$(grep write trace)"
changed fault=getppid /usr/bin/python3 -c 'import ctypes
print(ctypes.CDLL(None, use_errno=True).getppid())'
grep -q 'getppid() = -1 ENOSYS (Function not implemented) (INJECTED)' trace || problem "fault: $(<trace)"

# ---- nothing that has returned is lost

status=0
# shellcheck disable=SC2016 # the inner shell expands it
traced -e trace=write,kill -- "$busybox" sh -c 'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i + 1)); done; kill -9 $$' || status=$?
expect_equal "status of a program that was killed" 137 "$status"
expect_equal "its writes" 2000 "$(grep -c '  write(1, ' trace)"
grep -q 'kill(.*SIGKILL) = ?' trace || problem "the last call is missing: $(tail -n 2 trace)"
status=0
"$ENDORUN" --trace=/dev/full "$busybox" sh -c 'echo alive; exit 4' >stdout 2>stderr || status=$?
expect_equal "status where the trace cannot be written" 4 "$status"
expect_equal "what the program wrote" alive "$(<stdout)"
expect_equal "what is said of it" 1 "$(grep -c 'the trace ends here, and the program goes on: it cannot be written: No space left on device' stderr)"
traced --trace-lossy -- /usr/bin/python3 -c 'import os
for i in range(50000): os.getppid()' || problem "--trace-lossy: $(<stderr)"
if (($(grep -c getppid trace) < 50000)); then
    grep -q 'the trace lacks [0-9]* records' stderr || problem "records are missing, and nothing is said"
fi
traced -e trace=getppid -- /usr/bin/python3 -c 'import os
for i in range(50000): os.getppid()' || problem "many calls: $(<stderr)"
expect_equal "calls that waited for room" 50000 "$(grep -c getppid trace)"

# ---- with a policy, and with statistics

printf 'version = 1\ninclude = ["@base"]\n[filesystem]\nread = ["./folder/**"]\nexec = ["%s"]\n' "$(realpath "$busybox")" >policy.toml
isolation=()
"$ENDORUN" --check | grep -qE '^--isolation=auto +is pkey' || isolation=(--isolation=kernel)
"$ENDORUN" "${isolation[@]}" --policy=policy.toml --stats=statistics --trace=trace -e trace=openat "$busybox" cat folder/file /etc/shadow >stdout 2>stderr || true
grep -q 'openat(AT_FDCWD, "/etc/shadow", O_RDONLY) = -1 EACCES (Permission denied)' trace || problem "what a policy denies: $(<trace)"
"$ENDORUN" "${isolation[@]}" --policy=policy.toml --trace=trace.json -e trace=openat "$busybox" cat folder/file /etc/shadow >stdout 2>stderr || true
expect_equal "what is denied, in JSON" "/etc/shadow" "$(sed -nE 's/.*"denied":true,"objects":\["([^"]*)"\].*/\1/p' trace.json)"
grep -q '"images": 1' statistics || problem "the statistics: $(<statistics)"

# ---- a program that has forbidden to read the time stamp counter

traced -e trace=getppid -- /usr/bin/python3 -c 'import ctypes, signal
libc = ctypes.CDLL(None)
signal.signal(signal.SIGUSR1, lambda *_: None)
libc.prctl(26, 2, 0, 0, 0)  # PR_SET_TSC, PR_TSC_SIGSEGV
libc.getppid()
libc.raise_ = getattr(libc, "raise")
libc.raise_(signal.SIGUSR1)
libc.getppid()
libc._exit(7)' || expect_equal "without RDTSC" 7 "$?"
expect_equal "lines without RDTSC" "getppid SIGUSR1 getppid exited" "$(sed -nE 's/^[0-9]+ +(--- |\+\+\+ )?([A-Za-z0-9]+).*/\2/p' trace | tr '\n' ' ' | sed 's/ $//')"

# ---- with protection keys nobody writes the records but the monitor

if ((${#isolation[@]} == 0)); then
    traced -e trace=none -- /usr/bin/python3 -c 'import os
folder = f"/proc/{os.getppid()}/fd"
[channel] = [name for name in os.listdir(folder) if "endorun-channel" in os.readlink(f"{folder}/{name}")]
for path in f"{folder}/{channel}", f"/proc/self/root{folder}/{channel}":
    try:
        os.open(path, os.O_RDWR)
        print("opened")
    except PermissionError as error:
        print(error.errno)' || problem "python: $(<stderr)"
    expect_equal "the channel" $'1\n1' "$(<stdout)"
fi

# ---- errors, before the program starts

refused() { # WORDS OPTION...
    local status=0
    "$ENDORUN" "${@:2}" touch started 2>stderr || status=$?
    expect_equal "status: ${*:2}" 125 "$status"
    grep -qF -e "$1" stderr || problem "${*:2}: $(<stderr)"
    [[ ! -e started ]] || problem "${*:2}: the program was started"
}
refused "no call is named 'opnat'; the nearest known one is openat" --trace=trace -e trace=opnat
refused "no group of calls is named %fiel; the nearest known one is %file" --trace=trace -e trace=%fiel
refused "-e trace=read,: a name is missing" --trace=trace -e trace=read,
refused "-e status=bad: expected failed or successful" --trace=trace -e status=bad
refused "no error is named 'EOI'; the nearest known one is EIO" --trace=trace -e inject=read:error=EOI
refused "'eror=EIO' is no injection; the nearest known one is error=" --trace=trace -e inject=read:eror=EIO
refused "no signal is named 'USR3'; the nearest known one is USR1" --trace=trace -e inject=read:signal=USR3
refused "no call is named 'raed'" --trace=trace -e inject=raed:error=EIO
refused "what to do is missing" --trace=trace -e inject=read
refused "'5..2' is not FIRST" --trace=trace -e inject=read:error=EIO:when=5..2
refused "'0' is not FIRST" --trace=trace -e inject=read:error=EIO:when=0
refused "'3h' is not a delay" --trace=trace -e inject=read:delay_enter=3h
refused "no more than 64 calls can be changed" --trace=trace -e inject=all:error=EIO
refused "-P: the path is empty" --trace=trace -P ""
refused "has a meaning with --trace only" -y
refused "-e colour=red: expected trace=CALL" --trace=trace -e colour=red
refused "-s many: expected a number of bytes" --trace=trace -s many
refused "has a meaning with --trace and --live only" -e trace=read
refused "cannot open the file for writing: No such file or directory" --trace=nowhere/trace
refused "the name of the file is empty" --trace=
conclude
