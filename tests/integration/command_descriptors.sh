#!/bin/bash
# Two adjacent descriptors are found whatever is open, and the program sees nothing of them.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

descriptors() {
    reported descriptor | cut -d' ' -f1 | tr '\n' ' '
}

# The descriptors are those of python's list, whatever this test itself inherited.
cat >with_descriptors.py <<'P'
import os, resource, sys
soft, hard = (int(word) for word in sys.argv[1].split(":"))
wanted = [int(word) for word in sys.argv[2].split()]
null = os.open("/dev/null", os.O_RDWR)
for number in wanted:
    if number > 2:
        os.dup2(null, number)
        os.set_inheritable(number, True)
for number in range(4096):
    if number not in wanted:
        try:
            os.close(number)
        except OSError:
            pass
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
os.execv(sys.argv[3], sys.argv[3:])
P

places() { # LIMITS OPEN SESSION [NOFILE_SOFT]: where the session ends up; the rest stays as it was
    run_standin /usr/bin/python3 with_descriptors.py "$1" "$2" "$ENDORUN_STANDIN" /bin/true
    expect_equal "session with $1, open $2" "$3" "$(reported session-descriptor)"
    expect_equal "image with $1, open $2" "$(($3 + 1)) closed" "$(reported image-descriptor)"
    expect_equal "descriptors with $1, open $2" "$2${2:+ }" "$(descriptors)"
    expect_equal "nofile_soft with $1, open $2" "${4:--1}" "$(reported session.nofile_soft)"
    expect_equal "hard limit with $1" "${1#*:}" "$(reported open-files-limit | cut -d' ' -f2)"
}

places 1024:4096 '0 1 2' 3
# Closed standard descriptors stay closed.
places 1024:4096 '' 0
places 1024:4096 '2' 0
places 1024:4096 '0' 1
places 1024:4096 '1' 2
places 1024:4096 '0 2' 3
places 1024:4096 '0 1' 2
# Free numbers that have no free neighbour are passed by.
places 1024:4096 '0 1 2 4' 5
places 1024:4096 '0 1 2 4 6' 7
places 1024:4096 '1 3 5 7 9 11' 12
places 1024:4096 '0 1 2 4 7' 5
places 1024:4096 '0 1 2 5 7 8 9 20' 3
places 1024:4096 '0 2 4 5 8' 6
# At the limit: raised when the soft limit leaves no pair, and only then.
places 5:4096 '0 1 2' 3
places 4:4096 '0 1 2' 3 4
places 3:4096 '0 1 2' 3 3
places 6:4096 '0 1 2 4' 5 6
places 4:5 '0 1 2' 3 4
places 0:4096 '' 0 0
places 2:4096 '' 0
places 2:2 '' 0
places 7:7 '0 1 2 4' 5
places 4:4096 '0 1 2 3 4 5 6' 7 4
places 3:64 '0 1 2 40' 3 3

no_room='no descriptor is free below the hard limit of open files; raise it (ulimit -Hn) or close some'
refused() { # LIMITS OPEN NAME
    expect_refusal 125 "endorun: $3: $no_room" \
        /usr/bin/python3 with_descriptors.py "$1" "$2" "$ENDORUN_STANDIN" /bin/true
}
refused 3:3 '0 1 2' 'the session'
refused 4:4 '0 1 2' 'the monitor image'
refused 3:4 '0 1 2' 'the monitor image'
refused 6:6 '0 1 2 4' 'the monitor image'

# --check and the search need no more than is there.
"$ENDORUN" --check >/dev/null
expect_refusal 127 "endorun: nothing: not found in PATH" \
    env PATH=/nonexistent /usr/bin/python3 with_descriptors.py 3:3 '0 1 2' "$ENDORUN" nothing
conclude
