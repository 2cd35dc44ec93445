# shellcheck shell=bash disable=SC2034
case_program="python3: asyncio"
case_exercises="subprocesses, streams over loopback, signals in the loop, timers, executors, 50 concurrent connections"
case_needs=(/usr/bin/python3:python3)
case_timeout=60

work() {
    under /usr/bin/python3 -B "$PROGRAMS/py_asyncio.py"
}
