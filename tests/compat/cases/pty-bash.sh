# shellcheck shell=bash disable=SC2034
case_program="bash, interactive (pty)"
case_exercises="prompt and line editing, Ctrl-C at the prompt and in a command, Ctrl-Z, jobs, bg, fg, Ctrl-\\\\, a stopped pipeline, read from the background (SIGTTIN), SIGWINCH, hang-up, exit status"
case_needs=(bash:bash expect:expect)
case_timeout=240

work() {
    expect "$PROGRAMS/pty_bash.exp"
}
