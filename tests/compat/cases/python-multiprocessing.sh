# shellcheck shell=bash disable=SC2034
case_program="python3: multiprocessing"
case_exercises="fork, spawn and forkserver: pools, queues, pipes, shared memory, managers, semaphores, exit codes, terminate"
case_needs=(/usr/bin/python3:python3)
case_timeout=60

work() {
    under /usr/bin/python3 -B "$PROGRAMS/py_multiprocessing.py"
}
