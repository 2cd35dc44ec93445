# shellcheck shell=bash
# The samples of servers: the server runs in the configuration, pinned to one CPU, its clients run
# natively. Sourced by tools/bench.

# Sets `server`, the process to wait for: not by as_user, it must not be a shell's.
start_server() { # WORKLOAD PROGRAM [ARG]...
    local log=$scratch/$1.log
    shift
    timeout --kill-after=5 "$sample_limit" "${user[@]}" taskset -c "$cpu" "${prefix[@]}" "$@" \
        </dev/null >"$log" 2>&1 &
    server=$!
}

# Waits until the server answers `IS_OURS PORT`: another may have taken the port in the meantime.
await_server() { # WORKLOAD PORT IS_OURS
    local attempt
    for ((attempt = 0; attempt < 500; attempt++)); do
        kill -0 "$server" 2>/dev/null || complain "$1: the server ended: $(tail -n 1 "$scratch/$1.log")"
        ! "$3" "$2" || return 0
        sleep 0.02
    done
    complain "$1: the server did not answer within 10 s"
}

free_port() {
    local port
    for port in $(shuf -i 20000-29999 -n 20); do
        # A refused connection is the sign of a free port.
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    complain "no free port for a server"
}

# The server is told to stop by a command, because a signal would reach strace instead of it.
sample_redis() {
    local port requests=$redis_requests results before after server
    case $configuration in
    strace | ptrace | seccomp-notify) requests=$((requests / 10)) ;;
    esac
    port=$(free_port)
    make_server_policy redis-server "$scratch/redis" "$port" >"$(policy_for redis)"
    start_server redis /usr/bin/redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no \
        --dir "$scratch/redis"
    await_server redis "$port" is_our_redis
    before=$(redis_cpu_seconds "$port")
    results=$(/usr/bin/redis-benchmark -h 127.0.0.1 -p "$port" -P 1 -n "$requests" -t set,get --csv)
    after=$(redis_cpu_seconds "$port")
    check_redis_served "$port" "$requests"
    /usr/bin/redis-cli -p "$port" shutdown nosave
    wait "$server" || complain "redis-server ended with status $?"
    awk -F '"' '$2 == "SET" || $2 == "GET" { print "redis_" tolower($2), $4 }' <<<"$results"
    awk -v from="$before" -v to="$after" -v requests="$requests" \
        'BEGIN { print "redis_server_cpu", (to - from) * 1e6 / (2 * requests), "us/request lower" }'
}

is_our_redis() { # PORT
    /usr/bin/redis-cli -p "$1" config get dir 2>/dev/null | grep -qxF "$scratch/redis"
}

# What the server's process used so far. Unlike the rate it does not depend on whether the client or
# another program held the server up.
redis_cpu_seconds() { # PORT
    /usr/bin/redis-cli -p "$1" info cpu |
        awk -F : '/^used_cpu_(sys|user):/ { sum += $2 } END { printf "%.6f", sum }'
}

# redis-benchmark counts an error as an answer like any other.
check_redis_served() { # PORT REQUESTS
    local served
    served=$(/usr/bin/redis-cli -p "$1" info commandstats |
        grep -cE "^cmdstat_(get|set):calls=$2,.*rejected_calls=0,failed_calls=0") || true
    [[ $served == 2 ]] || complain "redis-server did not serve $2 of each command without an error"
}

sample_nginx() {
    local folder=$scratch/nginx port size server master worker
    port=$(free_port)
    make_server_policy nginx "$folder" "$port" >"$(policy_for nginx)"
    make_nginx_configuration "$folder" "$port" >"$folder/nginx.conf"
    rm -f "$folder"/*.log
    start_server nginx /usr/sbin/nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log"
    await_server nginx "$port" is_our_nginx
    master=$(nginx_master "$server")
    worker=$(ps -o pid= --ppid "$master" | tr -d ' ')
    for size in 1k 64k; do
        measure_nginx "$port" "$size" "$worker"
    done
    # To the process itself: its own idea of its number is of no use where it has a PID namespace.
    kill -QUIT "$master"
    wait "$server" || complain "nginx ended with status $?"
}

# wrk looks at the status of an answer, not at what is in it.
measure_nginx() { # PORT SIZE WORKER
    local before after said
    fetch "$1" "$2" | cmp -s - "$scratch/nginx/site/$2" || complain "nginx did not serve the file of $2"
    before=$(process_cpu_ticks "$3")
    said=$(wrk -t 1 -c 50 -d "${wrk_seconds}s" "http://127.0.0.1:$1/$2")
    after=$(process_cpu_ticks "$3")
    ! grep -qE 'Non-2xx|Socket errors' <<<"$said" || complain "nginx did not serve without an error: $said"
    awk -v name="nginx_$2" -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" '
        / requests in / { requests = $1 }
        /^Requests\/sec:/ { print name, $2 }
        END {
            if (!requests) exit 1
            print name "_server_cpu", ticks * 1e6 / hertz / requests, "us/request lower"
        }' <<<"$said" || complain "nginx served nothing: $said"
}

is_our_nginx() { # PORT
    [[ $(fetch "$1" whose 2>/dev/null) == "$scratch" ]]
}

# Prints the file that the server of PORT has by that name.
fetch() ( # PORT NAME
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET /%s HTTP/1.0\r\n\r\n' "$2" >&3
    sed '1,/^\r$/d' <&3
)

# The uppermost process of that name among those that PROCESS has started: PROCESS itself, or what it
# has become or started, is a sandbox's or a tracer's in some configurations.
nginx_master() { # PROCESS
    ps -e -o pid= -o ppid= -o comm= | awk -v root="$1" '
        { parent[$1] = $2; name[$1] = $3 }
        END {
            for (process in name) {
                if (name[process] != "nginx" || name[parent[process]] == "nginx") continue
                for (above = process; above != root && above > 1;) above = parent[above]
                if (above == root) print process
            }
        }'
}

process_cpu_ticks() { # PROCESS
    awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}
