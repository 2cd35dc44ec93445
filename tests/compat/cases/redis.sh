# shellcheck shell=bash disable=SC2034
case_program="redis-server"
case_exercises="redis-benchmark over loopback with 20 connections and pipelining, I/O threads, values read back, BGSAVE and BGREWRITEAOF by fork, restart from RDB and AOF, Lua, blocking pops, expiry, SIGTERM"
case_needs=(redis-server:redis-server redis-benchmark:redis-tools redis-cli:redis-tools)
case_timeout=90
case_serial=yes

cli() {
    redis-cli -h 127.0.0.1 -p "$port" "$@"
}

# usage: launch NAME [OPTION]...
launch() {
    start "$1" redis-server --bind 127.0.0.1 --port "$port" --dir "$PWD" --daemonize no --save '' \
        --appendonly yes --enable-debug-command local "${@:2}"
    server=$started_pid
    wait_until 60 pong
}

pong() {
    [[ $(cli ping) == PONG ]]
}

field_is() {
    cli info persistence | tr -d '\r' | grep -qx "$1:$2"
}

fill() {
    {
        for n in $(seq 3000); do
            printf 'SET key:%d value:%d\r\nRPUSH list:%d a b %d\r\n' "$n" $((n * n)) $((n % 50)) "$n"
        done
    } | cli --pipe | tail -n 1
}

# The digest covers every key and value, whatever order they are held in.
check() {
    cli dbsize
    cli get key:1234
    cli lrange list:7 -2 -1
    cli debug digest
}

work() {
    local port server blocked
    port=$(free_port)
    launch first
    # Every request must be answered; how fast is not compared.
    redis-benchmark -h 127.0.0.1 -p "$port" -n "$(amount 20000 2000)" -c 20 -q -t ping,incr,lpush,lrange_100 --csv | cut -d, -f1
    redis-benchmark -h 127.0.0.1 -p "$port" -n "$(amount 32000 3200)" -c 20 -P 16 -q -t incr --csv | cut -d, -f1
    cli get counter:__rand_int__
    cli llen mylist
    cli flushall
    fill
    check
    cli eval 'local s = 0 for i = 1, 1000 do s = s + #redis.call("GET", "key:" .. i) end return s' 0
    cli set short lived px 50 >/dev/null
    wait_until 60 expired
    printf 'expired\n'
    cli blpop waiting 0 >popped &
    blocked=$!
    wait_until 60 blocked_client
    cli lpush waiting now
    wait "$blocked"
    cat popped

    cli bgsave
    wait_until 60 field_is rdb_bgsave_in_progress 0
    field_is rdb_last_bgsave_status ok && printf 'saved\n'
    redis-check-rdb dump.rdb | grep -c 'RDB looks OK'
    cli bgrewriteaof
    wait_until 60 rewritten
    field_is aof_last_bgrewrite_status ok && printf 'rewritten\n'
    cli set after rewrite
    stop "$server" TERM

    launch second --io-threads 2 --io-threads-do-reads yes
    cli get after
    cli del after
    check
    cli config set appendonly no
    cli save
    cli shutdown nosave || true
    await "$server"
    printf 'shut down with status %d\n' $?

    rm -r appendonlydir
    start third redis-server --bind 127.0.0.1 --port "$port" --dir "$PWD" --save '' \
        --enable-debug-command local
    server=$started_pid
    wait_until 60 pong
    check
    stop "$server" INT
}

expired() {
    [[ -z $(cli get short) ]]
}

blocked_client() {
    cli info clients | tr -d '\r' | grep -qx blocked_clients:1
}

rewritten() {
    field_is aof_rewrite_in_progress 0 && field_is aof_rewrite_scheduled 0
}
