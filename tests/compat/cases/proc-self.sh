# shellcheck shell=bash disable=SC2034
case_program="programs that look at themselves"
case_exercises="/proc/self/exe, maps, cmdline, comm, environ, auxv, stat, task, fd; prctl names; re-execution through /proc/self/exe; ps and /proc/PID from outside"
case_needs=(/lib64/ld-linux-x86-64.so.2:libc6 gcc:gcc /usr/include/stdio.h:libc6-dev /usr/bin/python3:python3 ps:procps busybox:busybox-static)
case_timeout=60

prepare() {
    gcc -O2 -g -pthread -o looks "$PROGRAMS/look_at_proc.c"
}

work() {
    local pid
    under "$PREPARED/looks" one '' 'three words'
    # shellcheck disable=SC2016 # for the shell that is started
    under bash -c 'exec -a renamed "$PREPARED/looks"' >renamed
    head -n 4 renamed
    ln -s "$PREPARED/looks" by-link
    under ./by-link >by-link.out
    head -n 3 by-link.out
    # Debian's own files, which the user cannot write: the names in maps are the files' own.
    under /usr/bin/python3 -B "$PROGRAMS/look_at_maps.py"
    under bash -c 'readlink /proc/self/exe /proc/$$/exe; cat /proc/$$/comm; tr "\0" " " </proc/$$/cmdline'
    printf '\n'
    under busybox readlink /proc/self/exe
    start sleeper sleep 1000
    pid=$started_pid
    wait_until 60 is_asleep "$pid"
    ps -o comm=,args= -p "$pid"
    tr '\0' ' ' <"/proc/$pid/cmdline"
    printf '\n'
    tr '\0' '\n' <"/proc/$pid/environ" | grep -c '^HOME='
    grep -E '^(Name|Threads|Uid|NoNewPrivs|Seccomp):' "/proc/$pid/status"
    stop "$pid" TERM
}

is_asleep() {
    [[ $(ps -o comm=,stat= -p "$1") == sleep*S* ]]
}
