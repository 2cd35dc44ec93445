# shellcheck shell=bash disable=SC2034
case_program="C program, musl, dynamic"
case_exercises="threads, pthread_cancel in six blocking calls and in a loop, posix_spawn, popen, vfork, signals (queued, nested, alternate stack, faults caught), mremap, brk"
case_needs=(musl-gcc:musl-tools /lib/ld-musl-x86_64.so.1:musl gcc:gcc /usr/include/stdio.h:libc6-dev)
case_timeout=60

prepare() {
    musl-gcc -O2 -g -pthread -o features "$PROGRAMS/libc_features.c"
}

work() {
    expect_status 33 "$PREPARED/features" argument
    expect_status 33 "$PREPARED/features" '' 'second argument'
}
