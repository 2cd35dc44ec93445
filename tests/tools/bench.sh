#!/bin/bash
# tools/bench measures what it says, at the smallest size; what the numbers are is no matter of tests.
# usage: bench.sh BUILD, where the benchmark's own programs are built; $ENDORUN is the endorun to measure
set -euo pipefail

bench=$(dirname "$(realpath "$0")")/../../tools/bench
build=$1
supervise=$build/bench_supervise
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "$*" >&2
    exit 1
}

# expect WHAT WANTED COMMAND...: by its exit status and output
expect()
{
    local what=$1 wanted=$2 status=0 output
    shift 2
    output=$(timeout 60 "$@" 2>"$work/said") || status=$?
    [[ $output/$status == "$wanted" ]] || fail "$what: '$output/$status', not '$wanted': $(<"$work/said")"
}

# measure ARGUMENT...: one round; what it says is in $work/said, the result in $work/result.json
measure()
{
    "$bench" --quick --rounds 1 --build "$build" --json "$work/result.json" "$@" >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        fail "tools/bench $*"
    }
}

# has_measures CONFIGURATION:MEASURE...: more than nothing was measured, or why not is said where that may be
has_measures()
{
    python3 - "$work/result.json" "$@" <<'END' || fail "what was measured is not what was asked for"
import json
import sys

optional = ["bwrap", "firejail"]
result = json.load(open(sys.argv[1]))
reasons = {skip["name"]: skip["reason"] for skip in result["skipped"]}
medians = {
    f'{each["configuration"]}:{measure["name"]}': each["median"]
    for measure in result["measures"]
    for each in measure["results"]
}
missing = []
for name in sys.argv[2:]:
    configuration = name.split(":")[0]
    if configuration in optional and reasons.get(configuration):
        print(f"{configuration} is not measured here: {reasons[configuration]}")
    elif not medians.get(name, 0) > 0:
        missing.append(name)
if missing or result["failures"]:
    sys.exit(f"not measured: {missing}; failures: {result['failures']}; skipped: {reasons}")
END
}

# What the kernel says of a process that the program has started.
# shellcheck disable=SC2016 # the shell that is run expands it
field_of_child='awk -v name="$1:" "\$1 == name { print (\$2 > 0) }" /proc/self/status; exit 5'

# A program that stops its supervisor gets no further until that goes on.
goes_on_only_with_supervisor()
{
    local mode=$1 process attempt
    rm -f "$work/went-on"
    # The stop takes hold some calls later, so many follow; by the shell itself, since a child's end is a signal, at
    # which a tracer is asked in any case.
    # shellcheck disable=SC2016 # the shell that is run expands it
    timeout --foreground 600 "$supervise" "$mode" -- sh -c \
        'kill -STOP $PPID; i=0; while [ $i -lt 5000 ]; do : </dev/null; i=$((i + 1)); done; : >"$1"' - "$work/went-on" &
    process=$(child_of $!)
    for ((attempt = 0; attempt < 6000; attempt++)); do
        [[ $(ps -o stat= -p "$process") != T* ]] || break
        sleep 0.01
    done
    ((attempt < 6000)) || fail "$mode: the supervisor was not stopped"
    sleep 1
    [[ ! -e $work/went-on ]] || fail "$mode: the program goes on without its supervisor"
    kill -CONT "$process"
    wait $! || fail "$mode: status $? after the supervisor went on"
    [[ -e $work/went-on ]] || fail "$mode: the program does not go on with its supervisor"
}

child_of()
{
    local attempt child=''
    for ((attempt = 0; attempt < 6000; attempt++)); do
        child=$(ps -o pid= --ppid "$1" | tr -d ' ')
        [[ -z $child ]] || break
        sleep 0.01
    done
    echo "$child"
}

supervision()
{
    local mode
    for mode in allow notify ptrace; do
        expect "$mode: exit status" /7 "$supervise" "$mode" -- sh -c 'exit 7'
        # shellcheck disable=SC2016 # the shell that is run expands it
        expect "$mode: death by a signal" /139 bash -c '"$@"; exit $?' - \
            "$supervise" "$mode" -- bash -c 'kill -SEGV $$'
        # shellcheck disable=SC2016
        expect "$mode: a signal with a handler, a stopped child" $'handled\nstopped/0' "$supervise" "$mode" -- bash -c \
            'trap "echo handled" USR1; kill -USR1 $$; while :; do :; done & kill -STOP $!; sleep 0.2
            read -r _ _ _ _ _ _ _ _ _ _ _ _ _ before _ </proc/$!/stat; sleep 0.5
            read -r _ _ _ _ _ _ _ _ _ _ _ _ _ after _ </proc/$!/stat
            kill -CONT $!; kill -KILL $!; ((after > before)) || echo stopped'
        expect "$mode: threads that start programs" $'one\none/0' "$supervise" "$mode" -- python3 -c '
import subprocess, threading
threads = [threading.Thread(target=subprocess.run, args=(["echo", "one"],)) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()'
        expect "$mode: no such program" /125 "$supervise" "$mode" -- "$work/none"
    done
    expect "allow: a filter" 1/5 "$supervise" allow -- sh -c "$field_of_child" - Seccomp
    expect "notify: a filter" 1/5 "$supervise" notify -- sh -c "$field_of_child" - Seccomp
    expect "ptrace: a tracer" 1/5 "$supervise" ptrace -- sh -c "$field_of_child" - TracerPid
    expect "ptrace: no filter" 0/5 "$supervise" ptrace -- sh -c "$field_of_child" - Seccomp
    goes_on_only_with_supervisor notify
    goes_on_only_with_supervisor ptrace
    # Whole instructions of 8 bytes, the last of which gives a verdict.
    expect "give-filter" "06 00/0" "$supervise" give-filter -- \
        sh -c 'tail -c 8 <&9 | od -A n -t x1 -N 2 | sed "s/^ //"'
}

configurations()
{
    local name wanted=()
    for name in native endorun endorun-policy landlock bwrap firejail seccomp-allow seccomp-notify ptrace; do
        wanted+=("$name:null")
    done
    measure --only '^null$' --configs '^(native|endorun|endorun-policy|landlock|bwrap|firejail|seccomp-.*|ptrace)$'
    has_measures "${wanted[@]}"
}

servers()
{
    local name measure wanted=()
    for name in native endorun-policy bwrap ptrace; do
        for measure in redis_get redis_set redis_server_cpu nginx_1k nginx_64k nginx_64k_server_cpu; do
            wanted+=("$name:$measure")
        done
    done
    measure --only '^(redis|nginx)$' --configs '^(native|endorun-policy|bwrap|ptrace)$'
    has_measures "${wanted[@]}"
}

# PATH with all that the system has, but for gnuplot.
path_without_gnuplot()
{
    mkdir "$work/bin"
    ln -s /usr/sbin/* /usr/bin/* "$work/bin" 2>/dev/null || true
    rm -f "$work/bin/gnuplot"
}

plot()
{
    local status=0 arguments=(--only '^(null|getppid)$' --configs '^(native|seccomp-allow|landlock)$' --plot "$work/plot.svg")
    PATH=$work/bin "$bench" "${arguments[@]}" >"$work/said" 2>&1 || status=$?
    [[ $status == 1 && $(<"$work/said") == *gnuplot*"apt-get install gnuplot"* && $(wc -l <"$work/said") == 1 ]] ||
        fail "without gnuplot: status $status: $(<"$work/said")"

    # A stand-in shows what gnuplot is told.
    # shellcheck disable=SC2016 # the stand-in expands it
    printf '#!/bin/bash\ncat "$1"\n' >"$work/bin/gnuplot"
    chmod +x "$work/bin/gnuplot"
    PATH=$work/bin measure "${arguments[@]}"
    [[ $(grep -c '^[0-9.]* [0-9.]* [0-9.]* [0-9.]*$' "$work/plot.svg") == 4 ]] || fail "not one bar for each ratio"
    ! grep -E 'strace|endorun|bwrap|read1' "$work/plot.svg" || fail "drawn, but not measured: see above"

    if type -P gnuplot >/dev/null; then
        measure "${arguments[@]}"
        python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/plot.svg"
        grep -q landlock "$work/plot.svg" || fail "the plot does not name a configuration"
    elif [[ -n ${ENDORUN_TEST_FULL:-} ]]; then
        fail "gnuplot is missing"
    fi
    status=0
    "$bench" --quick --rounds 1 --build "$build" --only '^null$' --configs '^native$' --plot "$work/none.svg" \
        >"$work/said" 2>&1 || status=$?
    [[ $status == 1 && ! -e $work/none.svg ]] || fail "a plot without a ratio: status $status: $(<"$work/said")"
}

usage()
{
    local status=0
    "$bench" --plot picture.png >"$work/said" 2>&1 || status=$?
    [[ $status == 2 ]] || fail "--plot with a name that is not one of an SVG file: status $status"
}

usage
path_without_gnuplot
"$bench" --build "$build" --list >"$work/said"
grep -q '^nginx ' "$work/said" || fail "nginx is not in the list"
supervision
configurations
servers
plot
