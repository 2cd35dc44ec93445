#!/bin/bash
# Hostile ELF files: endorun refuses each with one line and status 126, or runs it as the kernel does; a program under
# endorun that executes one gets its errno, or ends, as natively. hostile/make_files.py has the files and the answers.
set -euo pipefail
here=$(realpath "${BASH_SOURCE[0]%/*}")
source "$here/harness.bash"
export XDG_CACHE_HOME=$work/cache
ulimit -c 0

mkdir files
/usr/bin/python3 -S "$here/hostile/make_files.py" files
cd files
mapfile -t names < <(cut -f1 table)
((${#names[@]} > 90)) || problem "only ${#names[@]} files were made"

# What becomes of each when /usr/bin/python3 executes it.
execute_each() { # [COMMAND]
    timeout 500 "$@" /usr/bin/python3 -S "$here/hostile/exec_each.py" "${names[@]/#/./}" 2>>../said
}
declare -A native under
: >../said
while IFS=$'\t' read -r name outcome; do
    native[${name#./}]=$outcome
done < <(execute_each)
while IFS=$'\t' read -r name outcome; do
    under[${name#./}]=$outcome
done < <(execute_each "$ENDORUN")
# Where it is too late for an errno the monitor may say why the program ends, and nothing else may be said.
if grep -Ev '^endorun\[[0-9]+\]: exec: \./[^:]+: .' ../said >../unexpected; then
    problem "executing all of them: $(cat ../unexpected)"
fi
expect_equal "the sound program" "exit 42" "${native[sound]:-}"

# The exit status of a shell that ran it.
status_of() { # OUTCOME
    if [[ $1 == exit\ * ]]; then
        printf '%s' "${1#exit }"
    else
        printf '%s' $((128 + $(kill -l "${1#SIG}")))
    fi
}

run() { # COMMAND...: sets status
    status=0
    { timeout 120 "$@" >../stdout 2>../stderr || status=$?; } 2>/dev/null # bash tells of signals
    [[ ! -s ../stdout ]] || problem "$*: stdout is not empty"
}

expect_reason() { # NAME REASON, behind run
    expect_equal "status of $1" 126 "$status"
    expect_equal "message of $1" "endorun: $2" "$(cat ../stderr)"
}

while IFS=$'\t' read -r name command execve; do
    [[ $execve != native ]] || execve=${native[$name]:-}
    expect_equal "$name executed by a program" "$execve" "${under[$name]:-}"
    [[ $command != native ]] || command=${native[$name]:-}
    run "$ENDORUN" "./$name"
    if [[ $command == exit\ * || $command == SIG* ]]; then
        expect_equal "status of $name" "$(status_of "$command")" "$status"
        expect_equal "stderr of $name" "" "$(cat ../stderr)"
    elif [[ $command == "the fixed address"* && $name == interpreter-* ]]; then
        expect_equal "status of $name" 126 "$status"
        grep -q "^endorun: .*: $command\$" ../stderr || problem "message of $name: $(cat ../stderr)"
        expect_equal "lines about $name" 1 "$(wc -l <../stderr)"
    else
        expect_reason "$name" "./$name: $command"
    fi
done <table

# A limit on memory that leaves room for everything but the segment.
run bash -c 'ulimit -v 1000000 && exec "$@"' - "$ENDORUN" ./bss-4-gib
expect_reason "bss-4-gib within 1 GB" "./bss-4-gib: no memory for its segments"
run bash -c 'ulimit -v 1000000 && exec "$@"' - "$ENDORUN" ./sound
expect_equal "status of sound within 1 GB" 42 "$status"

# Without randomisation the stack lies at the end of memory, always.
if setarch -R true 2>/dev/null; then
    run setarch -R "$ENDORUN" ./over-stack
    expect_reason "over-stack" "./over-stack: the fixed address it was linked for is taken"
else
    printf 'personality(2) is forbidden here: that part was left out\n' >&2
fi

# What is in the way of reading it: a FIFO with no writer must not be waited for.
mkfifo -m 755 fifo
run "$ENDORUN" ./fifo
expect_reason "a FIFO" "./fifo: not a regular file"
sed 's,nothing,fifo\x00\x00\x00,' interpreter-missing >interpreter-fifo
chmod +x interpreter-fifo
run "$ENDORUN" ./interpreter-fifo
expect_reason "a FIFO as interpreter" "./interpreter-fifo: not a regular file"
cd ..
conclude
