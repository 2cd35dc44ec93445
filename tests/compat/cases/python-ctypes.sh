# shellcheck shell=bash disable=SC2034
case_program="python3: ctypes"
case_exercises="libc calls, callbacks into Python (qsort), structures, errno, raw syscall(), mprotect, executable memory written at run time"
case_needs=(/usr/bin/python3:python3)
case_timeout=60

work() {
    under /usr/bin/python3 -B "$PROGRAMS/py_ctypes.py"
}
