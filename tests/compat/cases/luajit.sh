# shellcheck shell=bash disable=SC2034
case_program="luajit"
case_exercises="JIT-compiled loops with and without the JIT, FFI calls (read, write, fork, mmap, raw syscall), FFI callbacks by qsort, io.popen, coroutines, string buffers"
case_needs=(luajit:luajit)
case_timeout=60

work() {
    local share
    share=$(amount 1 10)
    expect_status 3 luajit "$PROGRAMS/luajit_work.lua" "$share"
    expect_status 3 luajit -joff "$PROGRAMS/luajit_work.lua" "$share"
    expect_status 3 luajit -O3 -Ohotloop=2 "$PROGRAMS/luajit_work.lua" "$share"
}
