# shellcheck shell=bash disable=SC2034
case_program="python3: mmap"
case_exercises="anonymous, file-backed, shared and private mappings, resize (mremap), madvise, flush, mappings across fork, 2,000 mappings, SIGBUS in a child"
case_needs=(/usr/bin/python3:python3)
case_timeout=60

work() {
    under /usr/bin/python3 -B "$PROGRAMS/py_mmap.py"
}
