#!/bin/bash
# `endorun --trace` beside strace, on runs of real programs: the same calls with the same arguments and results in each
# thread. What is left out of the comparison, and why, is said in traces/compare.
#
# Programs of tests/compat that are not here make other calls in each run: they have threads that meet (go, java, node, zstd,
# the python-* and thread cases, redis, nginx, postgres), draw random names or seeds (git, perl), look at themselves in /proc
# (gawk, grep and others with libsigsegv, proc-self, glibc-*, auxv), wait for a terminal (pty-*), or are tracers themselves (gdb, strace).
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"
compare=${BASH_SOURCE[0]%/*}/traces/compare

type -P strace >/dev/null || skip "strace is not installed"
strace -o /dev/null true 2>/dev/null || skip "ptrace is not allowed here"

# The program has the same small environment both times, and a folder of its own with the same content.
run_in_folder() { # COMMAND...
    rm -rf folder
    mkdir folder
    seq 1000 >folder/numbers
    printf '#include <stdio.h>\nint main(void) { return puts("word") < 0; }\n' >folder/main.c
    sqlite3 folder/base.db 'create table t(a); insert into t values (1), (2);'
    (cd folder && env -i PATH=/usr/bin:/bin HOME="$work/home" LC_ALL=C.UTF-8 PYTHONHASHSEED=0 "$@" </dev/null >out 2>err) || true
}
compared() { # COMMAND...
    run_in_folder strace -f -s 64 -o ../native "$@"
    run_in_folder "$ENDORUN" --trace=../traced -s 64 "$@"
    "$compare" native traced >differences || problem "$*: $(head -n 40 differences)"
    printf '%s: %s\n' "$1" "$(tail -n 1 differences)"
}

compared ls -la /usr/lib
compared sort -n numbers
compared cp -a numbers copy
compared find /etc/default -type f
compared sed -n '1,3p;s/5/x/' numbers
# shellcheck disable=SC2016 # awk expands it
compared mawk '{ sum += $1 } END { print sum }' numbers
compared tar cf archive.tar numbers main.c
compared gzip -n -k numbers
compared xz -T1 -k numbers
compared bzip2 -k numbers
compared sqlite3 -readonly base.db 'select sum(a) from t'
compared openssl dgst -sha256 numbers
compared curl -s file:///etc/hostname
compared luajit -e 'for i = 1, 10 do print(i) end'
compared busybox sh -c 'ls / >list; grep usr list; (exit 3)'
# Of bash and dash no children: whether a SIGCHLD is there before they wait is chance.
# shellcheck disable=SC2016 # the inner shell expands it
compared bash -c 'for i in 1 2 3; do echo $i >>list; done; read -r x <numbers; cd /; exec cat /etc/hostname'
# shellcheck disable=SC2016
compared dash -c 'for i in 1 2 3; do echo $i >>list; done; read -r x <numbers; cd /; exec cat nothing'
compared gcc -c -pipe -o main.o main.c
compared git --version
compared make -f /dev/null nothing
conclude
