# shellcheck shell=bash disable=SC2034
case_program="python3: subprocess"
case_exercises="run, Popen, pipes, timeouts, kill, preexec_fn, close_fds, pass_fds, new sessions, posix_spawn, 100 children, failing exec"
case_needs=(/usr/bin/python3:python3)
case_timeout=60

work() {
    under /usr/bin/python3 -B "$PROGRAMS/py_subprocess.py"
}
