# shellcheck shell=bash disable=SC2034
case_program="nginx"
case_exercises="two workers under wrk, bytes of every served file, ranges, keep-alive, sendfile and aio threads, reload by HUP, log reopening by USR1, graceful QUIT, a killed worker replaced"
case_needs=(nginx:nginx-light wrk:wrk curl:curl)
case_timeout=60
case_serial=yes

configure() {
    cat >nginx.conf <<CONF
daemon off;
worker_processes 2;
pid $PWD/nginx.pid;
error_log $PWD/error.log warn;
thread_pool default threads=2;
events { worker_connections 256; }
http {
    access_log $PWD/access.log;
    client_body_temp_path $PWD/tmp/body;
    proxy_temp_path $PWD/tmp/proxy;
    fastcgi_temp_path $PWD/tmp/fastcgi;
    uwsgi_temp_path $PWD/tmp/uwsgi;
    scgi_temp_path $PWD/tmp/scgi;
    server {
        listen 127.0.0.1:$port;
        root $PWD/site;
        location / { sendfile on; }
        location /copied/ { alias $PWD/site/; sendfile off; aio threads; }
        location /generation { return 200 "$1\n"; }
        location /proxied/ { proxy_pass http://127.0.0.1:$port/; proxy_max_temp_file_size 0; }
    }
}
CONF
}

fetch() {
    curl -sS --max-time 300 "http://127.0.0.1:$port/$1"
}

generation_is() {
    [[ $(fetch generation) == "$1" ]]
}

workers() {
    ps -o pid= --ppid "$server" | sort -n
}

two_other_workers() {
    [[ $(workers | wc -l) -eq 2 && $(workers) != "$1" ]]
}

work() {
    local port server before size path slow_client
    port=$(free_port)
    mkdir site
    seq 1 400000 >numbers
    for size in 0 1 1000 65536 300000 2000000; do
        head -c "$size" numbers >"site/file$size"
    done
    configure first
    start nginx nginx -p "$PWD" -c "$PWD/nginx.conf" -e "$PWD/error.log"
    server=$started_pid
    wait_until 60 generation_is first
    # The first may answer before the second is there.
    wait_until 60 two_other_workers ''
    [[ $(<nginx.pid) -eq $server ]] && printf 'one process, two workers: %d\n' "$(workers | wc -l)"

    for path in '' copied/ proxied/; do
        for size in 0 1 1000 65536 300000 2000000; do
            fetch "${path}file$size" | cmp - "site/file$size" && printf '%sfile%d served\n' "$path" "$size"
        done
    done
    curl -sS -r 1000-1099 "http://127.0.0.1:$port/file65536" | sha256sum
    curl -sS -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$port/missing"
    curl -sS --parallel -o one "http://127.0.0.1:$port/file1000" -o two "http://127.0.0.1:$port/copied/file300000" 2>progress
    cmp one site/file1000 && cmp two site/file300000 && printf 'in parallel\n'

    wrk --timeout 60s -t 2 -c 20 -d 5s "http://127.0.0.1:$port/file1000" >wrk.log
    wrk --timeout 60s -t 2 -c 20 -d 5s "http://127.0.0.1:$port/copied/file65536" >>wrk.log
    # Any number of requests but none, and every one answered rightly.
    grep -cE '^ +[1-9][0-9]* requests in' wrk.log
    grep -E 'Non-2xx|Socket errors' wrk.log || printf 'no errors under load\n'

    before=$(workers)
    configure second
    kill -HUP "$server"
    wait_until 60 generation_is second
    wait_until 60 two_other_workers "$before"
    printf 'reloaded\n'
    before=$(workers)
    kill -KILL "$(workers | head -n 1)"
    wait_until 60 two_other_workers "$before"
    printf 'killed worker replaced\n'
    mv access.log access.old
    kill -USR1 "$server"
    wait_until 60 test -e access.log
    wait_until 60 logged
    printf 'log reopened\n'
    grep -vE 'exited on signal 9|/missing' error.log || printf 'error log empty\n'

    # A graceful end answers the request that is under way: this client reads slowly.
    curl -sS --limit-rate 2M "http://127.0.0.1:$port/file2000000" -o slow &
    slow_client=$!
    wait_until 60 test -s slow
    stop "$server" QUIT
    wait "$slow_client"
    cmp slow site/file2000000 && printf 'slow client served\n'
}

logged() {
    fetch file1 >/dev/null && [[ -s access.log ]]
}
