#!/bin/bash
# With protection keys: code that holds an unsafe instruction runs when it can be cured; else the program is refused, or the
# library, with a line that says where and what helps.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

grep -qwm1 ospke /proc/cpuinfo || skip "no protection keys here"

# BODY of a function, f, in a file of its own
compile() { # NAME BODY OPTION...
    cat >"$1.s" <<S
    .globl f
    .type f, @function
    .balign 4096
f:  .cfi_startproc
    $2
    ret
    .cfi_endproc
    .size f, . - f
    .balign 4096
    .section .note.GNU-stack, "", @progbits
S
    gcc "$1.s" "${@:3}" -o "$1"
}

cat >main.c <<'C'
int f(void);
int main(void)
{
    return f() != 3;
}
C
cat >load.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) {
        return 7;
    }
    int (*f)(void) = (int (*)(void))dlsym(library, "f");
    if (f() != 3) {
        return 8;
    }
    if (argc > 2) {
        puts(mremap((void *)f, 4096, 4096, MREMAP_MAYMOVE) == MAP_FAILED ? "failed" : "moved");
        fflush(stdout);
        _exit(0); /* the library's destructors can't be executed either */
    }
    return 0;
}
C
gcc load.c -o load -ldl

expect_run() { # WHAT STATUS MESSAGE MODE COMMAND...
    local status=0
    "$ENDORUN" --isolation="$4" "${@:5}" >out 2>err || status=$?
    expect_equal "status of $1" "$2" "$status"
    if [[ -n $3 ]]; then
        grep -qF -- "$3" err || problem "$1 does not say '$3': $(cat err)"
    else
        expect_equal "messages of $1" "" "$(cat err)"
    fi
}

cured=".byte 0x48, 0x8d, 0x0d, 0x0f, 0xae, 0x28, 0x00; mov \$3, %eax"
stays="mov \$0x28ae0f, %ecx; mov \$3, %eax"

compile cured "$cured" main.c
compile stays "$stays" main.c
compile cured.so "$cured" -shared
compile stays.so "$stays" -shared

expect_run "a program that is cured" 0 "" pkey ./cured
expect_run "a program that is not cured" 126 "--isolation=kernel" pkey ./stays
expect_run "the same" 126 "$PWD/stays" pkey ./stays
expect_run "the same without protection keys" 0 "" kernel ./stays
expect_run "a library that is cured" 0 "" pkey ./load ./cured.so
expect_run "a library that is not cured" 7 "--isolation=kernel" pkey ./load ./stays.so
expect_run "the same" 7 "0f ae 28 00" pkey ./load ./stays.so
expect_run "the same without protection keys" 0 "" kernel ./load ./stays.so
expect_run "code that moves" 0 "not executable with protection keys" pkey ./load ./cured.so move
expect_equal "what was moved" moved "$(cat out)"
expect_run "a cure without a cache" 0 "" pkey env HOME=/nonexistent XDG_CACHE_HOME=/nonexistent "$PWD/load" "$PWD/cured.so"

# Data in the executable segment: its pages are there to be read.
cat >data.c <<'C'
__attribute__((aligned(4096))) const unsigned char data[3 * 4096] = {
    [0] = 0xc3, [4096] = 0xc3, [4097] = 0x0f, 0x01, 0xef, [2 * 4096] = 0xc3};
int f(void)
{
    return 3;
}
C
cat >jump.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
static sigjmp_buf back;
static void handle(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    siglongjmp(back, info->si_code == SEGV_ACCERR ? 1 : 2);
}
static void jump(const char *what, void *to)
{
    int how = sigsetjmp(back, 1);
    if (how == 0) {
        ((void (*)(void))to)();
    }
    printf("%s: %s\n", what, how == 0 ? "executed" : how == 1 ? "not executable" : "other");
    fflush(stdout);
}
int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    void *library = dlopen(argv[1], RTLD_NOW);
    if (library == NULL) {
        return 7;
    }
    char *data = dlsym(library, "data"), *f = dlsym(library, "f");
    if (((int (*)(void))f)() != 3 || memcmp(data + 4096, "\xc3\x0f\x01\xef", 5) != 0) {
        return 8;
    }
    jump("data", data + 4096);
    char *code = f - (unsigned long)f % 4096;
    size_t size = (size_t)(data + 3 * 4096 - code);
    if (code < data && mprotect(code, size, PROT_READ | PROT_EXEC) == 0 &&
        ((int (*)(void))f)() == 3) {
        jump("protected anew", data + 4096);
    }
    if (argc > 2) {
        mprotect(data + 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
        jump("writable", data + 4096);
        jump("in it", data + 4097);
    }
    return 0;
}
C
gcc jump.c -o jump -ldl
gcc -shared -fPIC data.c -Wl,-z,noseparate-code -o data.so
expect_run "data among code" 0 "" pkey ./jump ./data.so
expect_equal "jumps to data" $'data: not executable\nprotected anew: not executable' "$(cat out)"
expect_run "the same without protection keys" 0 "" kernel ./jump ./data.so
expect_equal "jumps to data" $'data: executed\nprotected anew: executed' "$(cat out)"
expect_run "data that becomes writable code" 137 "could write PKRU" pkey ./jump ./data.so writable
expect_equal "what is harmless in it" "writable: executed" "$(grep writable out)"
expect_run "data and no plan" 7 "could write PKRU" pkey --no-rewrite ./jump ./data.so
cp data.so data_stripped.so
python3 - data_stripped.so <<'PYTHON'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    file.seek(40)
    file.write(struct.pack("<Q", 0))
    file.seek(60)
    file.write(struct.pack("<HH", 0, 0))
PYTHON
expect_run "data that no section tells of" 7 "could write PKRU" pkey ./jump ./data_stripped.so

# Segments that ask for execution alone are read all the same.
compile execute_only "mov \$3, %eax" main.c -static
python3 - execute_only <<'PYTHON'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    data = bytearray(file.read())
    table, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    changed = 0
    for at in range(table, table + 56 * count, 56):
        kind, flags = struct.unpack_from("<II", data, at)
        if kind == 1 and flags == 5:
            struct.pack_into("<I", data, at + 4, 1)
            changed += 1
    assert changed == 1
    file.seek(0)
    file.write(data)
PYTHON
expect_run "a program whose code can only be executed" 0 "" pkey ./execute_only

# What was written becomes executable, or not.
cat >made.c <<'C'
#include <string.h>
#include <sys/mman.h>
int main(int argc, char **argv)
{
    int protection = PROT_READ | PROT_WRITE;
    char *way = argc > 1 ? argv[1] : "";
    protection |= strcmp(way, "both") == 0 ? PROT_EXEC : 0;
    char *page = mmap(0, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return 5;
    }
    page[0] = (char)0xc3;
    if (strcmp(way, "later") == 0 && mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0) {
        return 6;
    }
    ((void (*)(void))page)();
    return 0;
}
C
gcc made.c -o made
expect_run "code that is made in place" 0 "" pkey ./made both
expect_run "code that is made first" 0 "" pkey ./made later
expect_run "code that is made in place, denied" 5 "" pkey --jit=deny ./made both
expect_run "code that is made first, denied" 6 "" pkey --jit=deny ./made later
expect_run "a program's own code, where other is denied" 0 "" pkey --jit=deny ./cured

conclude
