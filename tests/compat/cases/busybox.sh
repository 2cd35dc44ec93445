# shellcheck shell=bash disable=SC2034
case_program="busybox (static)"
case_exercises="ash script of many applets: pipes, jobs, traps, awk, sed, tar, gzip, find, xargs, httpd and wget over loopback; applets as children of one static program"
case_needs=(busybox:busybox-static)
case_timeout=60

work() {
    expect_status 13 busybox sh "$PROGRAMS/busybox_applets.sh"
    local port
    port=$(free_port)
    mkdir site
    seq 1 50000 >site/numbers
    start httpd busybox httpd -f -p "127.0.0.1:$port" -h site
    wait_until 60 port_answers "$port"
    under busybox wget -q -O fetched "http://127.0.0.1:$port/numbers"
    cmp fetched site/numbers && printf 'served and fetched\n'
    stop "$started_pid" TERM
}
