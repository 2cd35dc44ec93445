# shellcheck shell=bash disable=SC2034
case_program="ld.so and libdl"
case_exercises="DT_RUNPATH with \$ORIGIN, LD_LIBRARY_PATH, LD_PRELOAD, LD_BIND_NOW, RTLD_NEXT, IFUNC, constructors; dlopen/dlclose 500 times, in 4 threads, a rewritten library file, dlmopen namespaces, libraries with system calls of their own, errors"
case_needs=(/lib64/ld-linux-x86-64.so.2:libc6 gcc:gcc /usr/include/stdio.h:libc6-dev)
case_timeout=60

prepare() {
    mkdir -p app/lib other
    gcc -O2 -g -fPIC -shared -o app/lib/libinner.so -DNAME='"inner"' "$PROGRAMS/plugin.c"
    # shellcheck disable=SC2016 # $ORIGIN is the loader's
    gcc -O2 -g -fPIC -shared -o app/lib/libouter.so -DNAME='"outer"' -DOUTER "$PROGRAMS/plugin.c" \
        -Lapp/lib -linner -Wl,--enable-new-dtags,-rpath,'$ORIGIN'
    # shellcheck disable=SC2016
    gcc -O2 -g -pthread -o app/dlopen "$PROGRAMS/dlopen_loops.c" -Lapp/lib -louter -linner \
        -Wl,--enable-new-dtags,-rpath,'$ORIGIN/lib'
    gcc -O2 -g -fPIC -shared -o other/libinner.so -DNAME='"inner from LD_LIBRARY_PATH"' "$PROGRAMS/plugin.c"
    gcc -O2 -g -fPIC -shared -o other/libpreload.so "$PROGRAMS/preload.c"
}

work() {
    expect_status 6 "$PREPARED/app/dlopen" "$PREPARED/app/lib"
    expect_status 6 env LD_BIND_NOW=1 "$PREPARED/app/dlopen" "$PREPARED/app/lib"
    expect_status 6 env LD_LIBRARY_PATH="$PREPARED/other" "$PREPARED/app/dlopen" "$PREPARED/app/lib" >with-path
    head -n 2 with-path
    expect_status 6 env LD_PRELOAD="$PREPARED/other/libpreload.so" "$PREPARED/app/dlopen" "$PREPARED/app/lib" | tail -n 3
    under env LD_PRELOAD=/no/such/library.so /bin/echo 'preload missing' 2>&1
    cp "$PREPARED/app/dlopen" alone
    expect_status 127 ./alone 2>&1
    ln -s "$PREPARED/app/dlopen" link
    expect_status 6 ./link "$PREPARED/app/lib" | tail -n 1
    under env LD_TRACE_LOADED_OBJECTS=1 "$PREPARED/app/dlopen" | sed -E 's/ \(0x[0-9a-f]+\)//' | grep -v vdso
    # ld.so as the program.
    expect_status 6 /lib64/ld-linux-x86-64.so.2 "$PREPARED/app/dlopen" "$PREPARED/app/lib" | tail -n 1
}
