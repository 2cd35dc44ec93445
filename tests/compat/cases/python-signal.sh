# shellcheck shell=bash disable=SC2034
case_program="python3: signal"
case_exercises="handlers, masks, sigwait, sigtimedwait, setitimer, pthread_kill, wakeup fd, interrupted calls, siginterrupt, faulthandler of a real SEGV"
case_needs=(/usr/bin/python3:python3)
case_timeout=60

work() {
    expect_status 130 /usr/bin/python3 -B "$PROGRAMS/py_signal.py"
}
