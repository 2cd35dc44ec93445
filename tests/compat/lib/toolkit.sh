# shellcheck shell=bash
# What case files may use. Sourced by leg.

# PIDs of the servers that run. Only stop and stop_all wait for them, so none is somebody else's by now.
declare -A started=()

# Runs a command natively in the native leg, under endorun in the other.
under() {
    "${UNDER[@]}" "$@"
}

# As under, for a command with an exit status of its own. The native leg fails when the status is
# another one: two legs that fail alike prove nothing. Also keeps the shell's remark on a signal, which
# has a PID in it, off stderr.
# usage: expect_status STATUS COMMAND...
expect_status() {
    local expected=$1 status=0
    shift
    { "${UNDER[@]}" "$@" 2>&3 3>&-; } 3>&2 2>/dev/null || status=$?
    printf 'status %d\n' "$status"
    if [[ $LEG == native && $status -ne $expected ]]; then
        printf 'natively %s ends with status %d, not %d\n' "$*" "$status" "$expected" >&2
        return 1
    fi
}

# Starts a server the same way. endorun becomes the program, so $started_pid is the server's own.
# usage: start NAME COMMAND...    (its output goes to NAME.log in the working directory)
start() {
    local name=$1
    shift
    "${UNDER[@]}" "$@" >"$name.log" 2>&1 &
    started_pid=$!
    started[$started_pid]=$name
}

# As start, but natively in both legs: the other end of a conversation.
start_native() {
    local name=$1
    shift
    "$@" >"$name.log" 2>&1 &
    started_pid=$!
    started[$started_pid]=$name
}

# Waits for a started server that ends by itself; its exit status is the server's.
await() {
    unset "started[$1]"
    wait "$1"
}

# Ends a started server with a signal; prints its exit status as the shell sees it.
stop() {
    local pid=$1 signal=$2 status=0
    kill -s "$signal" "$pid"
    await "$pid" || status=$?
    printf 'server ended by %s with status %d\n' "$signal" "$status"
}

# No server outlives its leg, whatever made the case end.
stop_all() {
    local pid
    for pid in "${!started[@]}"; do
        kill -KILL "$pid" || true
        wait "$pid" || true
    done 2>/dev/null
}

# Repeats a command until it succeeds; a failure after SECONDS, in the emulated machine more of them, names what was
# waited for.
wait_until() {
    local limit=$(($1 * time_scale)) deadline
    deadline=$((SECONDS + limit))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            printf 'waited %d s in vain for: %s\n' "$limit" "$*" >&2
            return 1
        fi
        sleep 0.05
    done
}

port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A free TCP port of 127.0.0.1, above the range from which the kernel serves connect() and bind(0),
# so that no client takes it before the server does.
free_port() {
    local port
    while :; do
        port=$((61000 + RANDOM % 4500))
        port_answers "$port" || break
    done
    printf '%d\n' "$port"
}

# usage: amount HERE IN_MACHINE      how much of something a case does: less in the emulated machine
amount() {
    if ((time_scale > 1)); then
        printf '%d\n' "$2"
    else
        printf '%d\n' "$1"
    fi
}
