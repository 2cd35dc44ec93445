# shellcheck shell=bash disable=SC2034
case_program="postgres, pgbench"
case_exercises="initdb, a server with its background processes, pgbench -i and TPC-B with 8 clients and 2 threads, prepared statements, the invariant of the balances, parallel query, COPY, VACUUM, NOTIFY, a killed backend and the recovery after it, SIGINT and restart"
case_needs=(/usr/lib/postgresql/15/bin/postgres:postgresql-15 pgbench:postgresql-client-15)
case_timeout=180
case_serial=yes
case_full=yes

binaries=/usr/lib/postgresql/15/bin

query() {
    under psql -X -q -A -t -h "$PWD/socket" -U tester -d bench "$@"
}

answers() {
    psql -X -q -h "$PWD/socket" -U tester -d postgres -c 'select 1'
}

launch() {
    start "$1" "$binaries/postgres" -D data -k "$PWD/socket" -c listen_addresses= -c fsync=off \
        -c max_parallel_workers_per_gather=2 -c min_parallel_table_scan_size=0 -c parallel_setup_cost=0 \
        -c parallel_tuple_cost=0
    server=$started_pid
    wait_until 60 answers
}

balances() {
    query -c 'select (select sum(abalance) from pgbench_accounts) = (select sum(bbalance) from pgbench_branches),
              (select sum(delta) from pgbench_history) = (select sum(tbalance) from pgbench_tellers),
              (select count(*) from pgbench_history)'
}

work() {
    local server
    export LC_ALL=C.UTF-8 TZ=UTC
    mkdir -m 700 socket
    under "$binaries/initdb" -D data -U tester -A trust --no-sync >init.log
    grep -c '^Success' init.log
    launch first
    under createdb -h "$PWD/socket" -U tester bench
    under pgbench -h "$PWD/socket" -U tester -i -s 1 -q bench 2>/dev/null
    under pgbench -h "$PWD/socket" -U tester -c 8 -j 2 -t 200 bench 2>/dev/null | grep -E '^number of (trans|failed)'
    under pgbench -h "$PWD/socket" -U tester -c 4 -j 2 -t 200 -n -M prepared -S bench 2>/dev/null |
        grep -E '^number of (trans|failed)'
    balances
    query -c 'explain (costs off) select count(*) from pgbench_accounts' | grep -c Parallel
    query -c 'select count(*), sum(aid) from pgbench_accounts'
    query -c 'copy pgbench_branches (bid) to stdout'
    query -c 'vacuum full pgbench_tellers' -c 'listen here' -c "notify here, 'heard'" | sed -E 's/PID [0-9]+/PID/'
    # A backend that dies takes the others along, and the server recovers by itself.
    query -c 'select pg_backend_pid()' >/dev/null
    query -c "copy (select pg_backend_pid()) to program 'xargs kill -KILL'" 2>/dev/null || printf 'lost: %d\n' $?
    wait_until 60 grep -q 'all server processes terminated; reinitializing' first.log
    wait_until 60 answers
    balances
    stop "$server" INT
    launch second
    balances
    stop "$server" TERM
}
