# shellcheck shell=bash disable=SC2034
case_program="top (pty)"
case_exercises="batch mode over /proc with its own line in it, interactive refresh by key and by time, another sort order, full command lines, help, window resize, q"
case_needs=(top:procps expect:expect)
case_timeout=240

work() {
    under top -b -n 2 -d 0.2 -w 200 >batch.log
    grep -cE '^top - ' batch.log
    grep -cE '^ +PID USER ' batch.log
    # It sees itself, running; others may run as well.
    (($(grep -cE ' top$' batch.log) >= 2)) && echo "itself, each time"
    under top -b -n 1 -p $$ -c -w 300 | grep -c "lib/leg"
    expect "$PROGRAMS/pty_top.exp"
}
