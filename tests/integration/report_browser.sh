#!/bin/bash
# The page of `endorun report` in a browser without a screen: its script runs, sorts and tells what is below the pointer; nothing
# is asked of the network, and nothing of a trace is executed.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

tools=$SOURCE/tests/integration/report
[[ -n $(type -P chromium) ]] || {
    problem "chromium is missing; its package is listed in tools/packages"
    conclude
}
/usr/bin/python3 "$tools/make_trace.py" 60000 >trace.json
/usr/bin/python3 "$tools/make_hostile.py" >hostile.json
"$ENDORUN" report trace.json
"$ENDORUN" report hostile.json
HOME=$work /usr/bin/python3 "$tools/browse.py" "$work" trace.html hostile.html || problem "the page in a browser"
conclude
