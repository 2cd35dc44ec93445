#!/bin/bash
# tools/smoke tells what differs: stand-ins for endorun change one thing each.
set -euo pipefail

smoke=$(dirname "$(realpath "$0")")/../../tools/smoke
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# stand_in: an endorun whose running of `-- PROGRAM ARG...` is the shell code on standard input
stand_in()
{
    {
        echo '#!/bin/bash'
        # shellcheck disable=SC2016 # the stand-in expands it
        echo '[[ $1 != --check ]] || exit 0; shift'
        cat
    } >"$work/endorun"
    chmod +x "$work/endorun"
}

# expect STATUS WHAT PROGRAM ARG...
expect()
{
    local wanted=$1 what=$2 status=0
    shift 2
    ENDORUN=$work/endorun "$smoke" "$@" >"$work/said" 2>&1 || status=$?
    if [[ $status != "$wanted" ]]; then
        echo "$what: exit status $status"
        cat "$work/said"
        exit 1
    fi
}

# shellcheck disable=SC2016 # the stand-ins expand it
{
    stand_in <<<'exec "$@"'
    expect 0 "no difference" echo one
    expect 0 "no difference in a death by a signal" bash -c 'kill -SEGV $$'
    stand_in <<<'"$@"; echo more'
    expect 1 "more output" echo one
    stand_in <<<'"$@"; echo more >&2'
    expect 1 "more on standard error" echo one
    stand_in <<<'"$@"; exit 3'
    expect 1 "another exit status" true
    stand_in <<<'exit 126'
    expect 1 "nothing runs"
}

printf '#!/bin/bash\necho "no dispatch here"; exit 1\n' >"$work/endorun"
expect 1 "a machine where endorun cannot run" true
grep -q 'no dispatch here' "$work/said" || {
    echo "the reason of --check is not shown"
    exit 1
}
rm "$work/endorun"
expect 1 "ENDORUN names no file" true
