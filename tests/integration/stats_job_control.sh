#!/bin/bash
# Under --stats the command stays, as the program's parent: to a shell it stops, continues and ends as the program does.
set -euo pipefail
here=$(realpath "${BASH_SOURCE[0]%/*}")
source "$here/harness.bash"
export XDG_CACHE_HOME=$work/cache

/usr/bin/python3 -S "$here/stats/job_control.py" "$ENDORUN" || problem "job control"
conclude
