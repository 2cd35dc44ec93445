# shellcheck shell=bash disable=SC2034
case_program="node"
case_exercises="worker_threads with SharedArrayBuffer and Atomics, child_process (spawn, exec, fork with IPC), cluster, JIT-heavy script, WebAssembly, fs promises and watch, http server and client, crypto, zlib, signals"
case_needs=(node:nodejs)
case_timeout=90

work() {
    expect_status 5 node "$PROGRAMS/node_features.js"
    under node "$PROGRAMS/node_jit.js" "$(amount 1 10)"
    expect_status 143 node -e 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 10000)'
    expect_status 1 node -e 'throw new Error("on purpose")' 2>error.log
    grep -c 'on purpose' error.log
}
