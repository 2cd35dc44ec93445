# shellcheck shell=bash disable=SC2034
case_program="C++ program (libstdc++)"
case_exercises="exceptions through many frames, libraries and threads; backtrace() from functions, from handlers and out of system calls; forced unwinding by pthread_cancel; std::thread, async, atomics, shared_mutex"
case_needs=(g++:g++)
case_timeout=60

prepare() {
    g++ -std=c++17 -O1 -g -fPIC -shared -o libthrower.so "$PROGRAMS/thrower.cc"
    # shellcheck disable=SC2016 # $ORIGIN is the loader's
    g++ -std=c++17 -O1 -g -fnon-call-exceptions -pthread -rdynamic -o exceptions "$PROGRAMS/exceptions.cc" \
        -L. -lthrower -Wl,-rpath,'$ORIGIN'
    g++ -std=c++17 -O1 -g -fnon-call-exceptions -pthread -static -o exceptions.static "$PROGRAMS/exceptions.cc" "$PROGRAMS/thrower.cc"
}

work() {
    expect_status 3 "$PREPARED/exceptions"
    expect_status 3 "$PREPARED/exceptions.static"
    expect_status 134 "$PREPARED/exceptions" uncaught 2>uncaught.log
    cat uncaught.log
}
