# shellcheck shell=bash disable=SC2034
case_program="python3: threading"
case_exercises="40 threads with locks, conditions, queues, semaphores, barriers, timers, thread pools, daemon threads, per-thread data, switching every 10 us"
case_needs=(/usr/bin/python3:python3)
case_timeout=60

work() {
    under /usr/bin/python3 -B "$PROGRAMS/py_threading.py"
}
