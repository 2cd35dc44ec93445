# shellcheck shell=bash disable=SC2034
case_program="Go"
case_exercises="go build under endorun; goroutines and channels, net/http on loopback, os/exec, signal.Notify, recovered panics and nil dereferences, timers, preemption of tight loops, GC under load, mmap"
case_needs=(go:golang-go)
case_timeout=120
case_serial=yes

go_environment() {
    export GO111MODULE=off GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0
}

prepare() {
    if [[ -n ${COMPAT_BUILT:-} ]]; then
        cp "$COMPAT_BUILT/go_features" features
        return
    fi
    go_environment
    export GOCACHE=$PREPARED/cache GOPATH=$PREPARED/path
    go build -o features "$PROGRAMS/go_features.go"
}

# In the emulated machine the compiler takes minutes for a page.
compile() {
    go_environment
    export GOPATH=$PWD/path GOCACHE=$PWD/cache
    # The compiler is a Go program as well: its result is the same to the byte.
    cp "$PROGRAMS/go_compiled.go" .
    GOMAXPROCS=2 under go build -p 2 -trimpath -o result/compiled go_compiled.go
    under ./result/compiled
    GODEBUG=asyncpreemptoff=1 under ./result/compiled
    chmod -R u+w cache path 2>/dev/null || true
}

work() {
    (($(amount 1 0) == 0)) || compile
    expect_status 7 "$PREPARED/features"
    GOMAXPROCS=1 GOGC=10 expect_status 7 "$PREPARED/features"
    expect_status 2 "$PREPARED/features" crash 2>crash.log
    grep -E '^(panic:|\[signal)' crash.log
}

# The address of the code that crashed moves with the program's source only; the rest is fixed.
normalise() {
    sed -E 's/ pc=0x[0-9a-f]+//'
}
