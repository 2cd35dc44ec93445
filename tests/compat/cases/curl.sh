# shellcheck shell=bash disable=SC2034
case_program="curl"
case_exercises="downloads, uploads (PUT, multipart), keep-alive, -Z parallel, resume, redirects, authentication, compressed bodies, file://, time-outs and refused connections, against a native server"
case_needs=(curl:curl /usr/bin/python3:python3)
case_timeout=60

work() {
    local port url
    port=$(free_port)
    start_native server /usr/bin/python3 -B "$PROGRAMS/http_server.py" "$port"
    wait_until 60 port_answers "$port"
    url=http://127.0.0.1:$port
    seq 1 300000 >upload

    under curl -sS "$url/numbers/1000" | tail -n 1
    under curl -sS "$url/numbers/200000" -o result/large
    under curl -sS -T upload "$url/upload"
    under curl -sS -F name=value -F "file=@upload" "$url/form" | grep -c .
    under curl -sS --data-binary @upload "$url/upload"
    under curl -sS --compressed "$url/gzip" | sha256sum
    under curl -sS -L "$url/redirect/5"
    under curl -sS -u user:secret "$url/authenticated"
    under curl -sS -H 'X-Test: yes' -A agent -b 'a=b' -c cookies "$url/headers"
    grep -c session cookies
    # One connection for three transfers.
    under curl -sS -o /dev/null -o /dev/null -o /dev/null -w '%{http_code} %{num_connects}\n' \
        "$url/numbers/10" "$url/numbers/20" "$url/numbers/30"
    mkdir parallel
    under curl -sS -Z --parallel-max 10 "$url/numbers/[1-60]" -o 'parallel/#1' 2>progress
    cat parallel/* | sha256sum
    head -c 5000 result/large >result/resumed
    under curl -sS -C - "$url/numbers/200000" -o result/resumed
    cmp result/large result/resumed && printf 'resumed\n'
    under curl -sS "file://$PWD/upload" | sha256sum
    under curl -sS "http://localhost:$port/numbers/3" | paste -sd,
    expect_status 28 curl -sS --max-time 0.5 "$url/slow" -o /dev/null 2>/dev/null
    expect_status 22 curl -sS --fail "$url/missing" -o /dev/null 2>/dev/null
    expect_status 7 curl -sS http://127.0.0.1:1/ 2>/dev/null
    expect_status 1 curl -sS no-such-protocol://x 2>/dev/null
    under curl -sS --limit-rate 3M "$url/numbers/200000" | sha256sum
}
