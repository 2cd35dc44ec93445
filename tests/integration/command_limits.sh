#!/bin/bash
# RLIMIT_FSIZE holds for memfds: it is lifted for the copy, and set back.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

limited() { # SOFT HARD COMMAND...
    /usr/bin/python3 -c 'import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL) # python ignores it
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[2])))
os.execv(sys.argv[3], sys.argv[3:])' "$@"
}

# A report is some kilobytes, the image some hundred.
size=$(stat -c %s "$STANDIN")
[[ $size -gt 100000 ]] || problem "the stand-in is too small for this test: $size"
run_standin limited 50000 -1 "$ENDORUN_STANDIN" /bin/true
expect_reported file-size-limit "50000 -1"
run_standin limited 50000 10000000 "$ENDORUN_STANDIN" /bin/true
expect_reported file-size-limit "50000 10000000"

expect_refusal 125 "endorun: the monitor image: the hard limit of file sizes is too low for it; raise it (ulimit -f)" \
    limited 50000 50000 "$ENDORUN_STANDIN" /bin/true
conclude
