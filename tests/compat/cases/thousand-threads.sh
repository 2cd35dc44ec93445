# shellcheck shell=bash disable=SC2034
case_program="C program, glibc"
case_exercises="1,000 threads alive at once, each with its own signal, mask, alternate stack and TLS; threads that end while others start (5,000 in all); fork and exec out of the crowd; exit_group from a thread"
case_needs=(/lib64/ld-linux-x86-64.so.2:libc6 gcc:gcc /usr/include/stdio.h:libc6-dev)
case_timeout=60
case_serial=yes

prepare() {
    gcc -O2 -g -pthread -o threads "$PROGRAMS/thousand_threads.c"
}

work() {
    expect_status 21 "$PREPARED/threads"
}
