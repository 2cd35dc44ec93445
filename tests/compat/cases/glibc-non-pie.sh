# shellcheck shell=bash disable=SC2034
case_program="C program, glibc, dynamic non-PIE"
case_exercises="threads, pthread_cancel in six blocking calls and in a loop, posix_spawn, popen, vfork, signals (queued, nested, alternate stack, faults caught), mremap, brk"
case_needs=(/usr/lib/x86_64-linux-gnu/libc.so:libc6-dev gcc:gcc)
case_timeout=60

prepare() {
    gcc -no-pie -O2 -g -pthread -o features "$PROGRAMS/libc_features.c"
}

work() {
    expect_status 33 "$PREPARED/features" argument
    expect_status 33 "$PREPARED/features" '' 'second argument'
}
