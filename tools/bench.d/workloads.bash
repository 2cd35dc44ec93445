# shellcheck shell=bash
# What is run. A workload names its sampler, a function sample_SAMPLER that makes one sample in the
# configuration that `prefix` and `micro_options` hold, and prints one line "MEASURE VALUE [UNIT
# BETTER]" for each quantity it measured; unit and direction are the workload's unless it says so.
# Sourced by tools/bench.

workloads=()
declare -A sampler_of argument_of unit_of better_of description_of

workload() { # NAME SAMPLER ARGUMENT UNIT BETTER DESCRIPTION
    workloads+=("$1")
    sampler_of[$1]=$2
    argument_of[$1]=$3
    unit_of[$1]=$4
    better_of[$1]=$5
    description_of[$1]=$6
}

define_workloads() {
    local name operation
    while IFS=$'\t' read -r name operation; do
        # One sample of `decide` makes all of those.
        [[ $name == decide_* ]] || workload "$name" micro "$name" ns lower "$operation"
    done < <("$micro" --list)

    workload decide decide '' ns lower "decide_path with 10 or 10,000 rules, the same paths; all: as many paths"

    workload path count '' instructions lower "from leaving the program for a call to being back in it"
    workload scaling threads getppid x lower "getppid: time of a call when two threads make it, to that of one"
    workload true_warm command true_warm ms lower "/bin/true, plans cached"
    workload true_cold command true_cold ms lower "/bin/true, plan cache empty"
    workload shell command shell ms lower "dash script of 300 external commands"
    workload redis redis '' requests/s higher "redis-benchmark -P 1 against the server"
    workload nginx nginx '' requests/s higher "wrk against the server with 1 worker, files of 1 and of 64 KiB"
    workload sqlite_bulk command sqlite_bulk ms lower "sqlite3: 100,000 inserts, 1 transaction"
    workload sqlite_commits command sqlite_commits ms lower "sqlite3: 1,000 inserts, 1 transaction each"
    workload gcc command gcc ms lower "make -j2: gcc on a project of $gcc_files files"
    workload gcc_large command gcc_large ms lower "gcc -O1 -c of one file of $large_functions functions"
    workload git_status command git_status ms lower "git status, $git_files files"
    workload memory_sleep memory sleep KiB lower "idle sleep"
    workload memory_bash memory bash KiB lower "idle bash"
    workload memory_python memory python KiB lower "idle python3"
}

# Prints why a workload can't be run here; prints nothing when it can.
reason_to_leave_out() { # WORKLOAD
    local program
    local -A programs=([shell]="dash" [redis]="redis-server redis-benchmark redis-cli taskset"
        [nginx]="nginx wrk taskset"
        [sqlite_bulk]="sqlite3" [sqlite_commits]="sqlite3" [gcc]="gcc make" [gcc_large]="gcc" [git_status]="git"
        [memory_python]="/usr/bin/python3")
    [[ $1 != scaling || $(nproc) -ge 2 ]] || echo "one CPU only"
    for program in ${programs[$1]:-}; do
        command -v "$program" >/dev/null || echo "${program##*/} is not installed"
    done | head -n 1
}

sample_micro() { # WORKLOAD
    local value
    value=$(as_user "${prefix[@]}" "$micro" "${micro_options[@]}" --cpu="$cpu" \
        --sample-ms="$sample_ms" "$1")
    echo "$1 $value"
}

# One behind the other, so that what slows the whole machine falls out of their ratio.
sample_decide() {
    local name value few=''
    for name in decide_path_10 decide_path_10000 decide_path_all; do
        value=$(as_user "${prefix[@]}" "$micro" --cpu="$cpu" --sample-ms="$sample_ms" "$name")
        echo "$name $value"
        few=${few:-$value}
        [[ $name != decide_path_10000 ]] || awk -v few="$few" -v many="$value" \
            'BEGIN { print "decide_rules", many / few, "x lower" }'
    done
}

# Within one sample, so that what slows the whole machine falls out.
sample_threads() { # WORKLOAD
    local one two
    one=$(as_user "${prefix[@]}" "$micro" "${micro_options[@]}" --cpu="$cpu" \
        --sample-ms="$sample_ms" "$1")
    two=$(as_user "${prefix[@]}" "$micro" "${micro_options[@]}" --cpu="$cpu" \
        --sample-ms="$sample_ms" "$1_beside_another")
    awk -v one="$one" -v two="$two" 'BEGIN { print "scaling_2_threads", two / one }'
}

# Counts are the same in every round, and the emulated machine takes seconds: one run serves all.
sample_count() {
    local counts=$scratch/counts-$configuration words=("$counter" "${prefix[@]}" "$counted")
    if [[ ! -s $counts ]]; then
        if [[ $configuration != endorun-pkey ]] || machine_has_keys; then
            as_user "${words[@]}" >"$counts"
        else # where only the current folder, checkout and build are those of the host
            (cd "$build" && "$root/tests/vm/run" -- "${words[@]}" </dev/null) >"$counts"
        fi
    fi
    cat "$counts"
}

# A short command runs several times in one sample, of which bench_command takes the median.
sample_command() { # WORKLOAD
    local value
    local -a options=() words
    case $1 in
    true_warm)
        options=(--runs=15)
        words=(/bin/true)
        ;;
    true_cold)
        options=(--runs=5 --fresh=XDG_CACHE_HOME:"$scratch/cold")
        words=(/bin/true)
        ;;
    shell) words=(/usr/bin/dash "$scratch/commands.sh") ;;
    sqlite_bulk | sqlite_commits)
        rm -f "$scratch"/database/*
        words=(/usr/bin/sqlite3 "$scratch/database/db" ".read $scratch/$1.sql")
        ;;
    gcc)
        rm -f "$scratch"/project/*.o "$scratch"/project/program
        words=(/usr/bin/make -s -j2 -C "$scratch/project")
        ;;
    gcc_large)
        rm -f "$scratch"/database/large.o
        words=(/usr/bin/gcc -O1 -c -o "$scratch/database/large.o" "$scratch/large.c")
        ;;
    git_status)
        options=(--runs=7)
        words=(/usr/bin/git --no-optional-locks -C "$scratch/repository" status --porcelain)
        ;;
    esac
    value=$(as_user "$command_timer" "${options[@]}" -- "${prefix[@]}" "${words[@]}")
    rm -rf "${scratch:?}"/cold/*
    check_work "$1"
    echo "$1 $value"
}

# An exit status of 0 is not yet the work done.
check_work() { # WORKLOAD
    local rows
    case $1 in
    sqlite_bulk | sqlite_commits)
        rows=$(/usr/bin/sqlite3 "$scratch/database/db" "SELECT count(*) FROM entry")
        [[ $rows == "$(grep -c '^INSERT' "$scratch/$1.sql")" ]] || complain "$1: $rows rows in the database"
        ;;
    gcc_large)
        [[ -s $scratch/database/large.o ]] || complain "gcc_large: the file was not compiled"
        ;;
    gcc)
        [[ -x $scratch/project/program ]] || complain "gcc: the program was not built"
        ;;
    esac
}

# endorun becomes the program, so the process that is started here is the one that is counted.
sample_memory() { # PROGRAM
    local -a words
    case $1 in
    sleep) words=(/usr/bin/sleep 60) ;;
    bash) words=(/usr/bin/bash --norc -c 'read -r line; exit 0') ;;
    python) words=(/usr/bin/python3 -I -c 'import sys; sys.stdin.read()') ;;
    esac
    mkfifo "$scratch/idle"
    exec {idle}<>"$scratch/idle"
    rm "$scratch/idle"
    "${user[@]}" "${prefix[@]}" "${words[@]}" <&"$idle" >/dev/null {idle}>&- &
    local process=$!
    await_idle "$process" "${words[0]##*/}"
    awk -v name="memory_$1" '
        /^Rss:/ { print name "_rss", $2 }
        /^Pss:/ { print name "_pss", $2 }
        /^Private_Dirty:/ { print name "_private_dirty", $2 }' "/proc/$process/smaps_rollup"
    kill -KILL "$process"
    wait "$process" 2>/dev/null || true
    exec {idle}>&-
}

# Idle: the program has the expected name, sleeps, and has kept its size for a tenth of a second.
await_idle() { # PID NAME
    local attempt same=0 last='' now
    for ((attempt = 0; attempt < 250; attempt++)); do
        now=$(awk '/^(Name|State|VmRSS):/ { printf "%s ", $2 }' "/proc/$1/status" 2>/dev/null) || now=''
        [[ -n $now ]] || complain "$2 ended before it was idle"
        if [[ $now == "$2 S "* && $now == "$last" ]]; then
            ((++same < 5)) || return 0
        else
            same=0
        fi
        last=$now
        sleep 0.02
    done
    kill -KILL "$1"
    complain "process $1 was not idle as '$2' after 5 s (name, state, KiB: $now)"
}
