# shellcheck shell=bash disable=SC2034
case_program="less (pty)"
case_exercises="paging, searching forwards and backwards, jumping, following a growing file and Ctrl-C, reading a pipe, shell escape, window size, quit"
case_needs=(less:less expect:expect)
case_timeout=240

work() {
    seq 1 5000 | sed 's/$/ line/' >paged.txt
    expect "$PROGRAMS/pty_less.exp"
}
