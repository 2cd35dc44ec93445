# shellcheck shell=bash
# One case: needs, set-up, native leg, endorun leg, comparison. Sourced by run.

# Debian's own programs, whatever the caller's PATH puts first.
CASE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

declare -A result_of=()

# Runs one function of the case file in a clean environment and a session of its own.
# usage: in_leg LEG FUNCTION LIMIT OUT ERR    (working directory: $case_dir/work)
in_leg() {
    local leg=$1 function=$2 limit=$3 out=$4 err=$5 status=0
    (
        cd "$case_dir/work"
        exec env -i PATH="$CASE_PATH" HOME="$case_dir/work/home" TMPDIR="$case_dir/work/tmp" \
            LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC TERM=xterm SHELL=/bin/bash \
            USER="$(id -un)" LOGNAME="$(id -un)" \
            COMPAT_LEG="$leg.$$.$case_name" \
            timeout --kill-after=5 "$limit" setsid --wait \
            bash "$compat_dir/lib/leg" "$cases_dir/$case_name.sh" "$leg" "$function" \
            "$endorun" "$case_dir"
    ) <"${LEG_INPUT:-/dev/null}" >"$out" 2>"$err" || status=$?
    return "$status"
}

# Both legs see the same paths, so that nothing needs rewriting before the comparison.
fresh_work_directory() {
    rm -rf "$case_dir/work"
    mkdir -p "$case_dir/work/home" "$case_dir/work/tmp" "$case_dir/work/result"
    chmod 0700 "$case_dir/work/tmp"
}

# Leaves stdout, stderr, status, result/ and the list of left-over processes in $case_dir/LEG.
run_leg() {
    local leg=$1 store=$case_dir/$1 status=0 start=$SECONDS stream session=
    mkdir "$store"
    fresh_work_directory
    rm -f "$case_dir/session"
    in_leg "$leg" work "$case_timeout" "$store/stdout.raw" "$store/stderr.raw" || status=$?
    [[ ! -e $case_dir/session ]] || session=$(<"$case_dir/session")
    end_leg_processes "$leg.$$.$case_name" "$session" >"$store/left_behind"
    seconds=$((SECONDS - start))
    ((status != 124 && status != 137)) || say "$case_name: $leg leg reached its limit of $case_timeout s"
    printf '%d\n' "$status" >"$store/status"
    cp -a "$case_dir/work/result" "$store/result"
    for stream in stdout stderr; do
        LEG_INPUT=$store/$stream.raw in_leg "$leg" normalise 20 "$store/$stream" "$store/normalise.err" ||
            die "$case_name: normalise failed: $(<"$store/normalise.err")"
    done
}

# A native leg that fails, prints nothing or leaves processes behind proves nothing by being repeated.
check_native_leg() {
    local store=$case_dir/native status
    status=$(<"$store/status")
    if ((status != 0)); then
        say "FAIL $case_name: the native leg ended with status $status"
        show_head "$store/stderr.raw"
        show_head "$store/stdout.raw"
        return 1
    fi
    if [[ ! -s $store/stdout ]]; then
        say "FAIL $case_name: the native leg printed nothing to compare"
        return 1
    fi
    if [[ -s $store/left_behind ]]; then
        say "FAIL $case_name: the native leg left processes behind"
        show_head "$store/left_behind"
        return 1
    fi
}

# Prints every difference between the two legs; no output means that they agree.
differences() {
    local what
    for what in status stdout stderr; do
        diff -u --label "native/$what" --label "endorun/$what" \
            "$case_dir/native/$what" "$case_dir/endorun/$what" || true
    done
    diff -r -u "$case_dir/native/result" "$case_dir/endorun/result" || true
    if [[ -s $case_dir/endorun/left_behind ]]; then
        printf 'left behind under endorun:\n'
        cat "$case_dir/endorun/left_behind"
    fi
}

prepare_case() {
    local status=0
    mkdir -p "$case_dir/prepared"
    fresh_work_directory
    in_leg prepare prepare 180 "$case_dir/prepare.log" "$case_dir/prepare.err" || status=$?
    ((status != 0)) || return 0
    say "FAIL $case_name: set-up ended with status $status"
    show_head "$case_dir/prepare.err"
    return 1
}

# The verdict, given that both legs ran: a known failure that has gone away must be unmarked.
judge() {
    differences >"$case_dir/differences"
    if [[ ! -s $case_dir/differences ]]; then
        if [[ -n $case_known_failure ]]; then
            say "FAIL $case_name: marked as a known failure, but both legs agree: remove case_known_failure"
            return 1
        fi
        result_of[$case_name]=same
        return 0
    fi
    if [[ -n $case_known_failure ]]; then
        result_of[$case_name]="known failure"
        return 0
    fi
    say "FAIL $case_name: endorun differs from native"
    show_head "$case_dir/differences"
    if [[ $(<"$case_dir/endorun/status") != 0 ]]; then
        printf '    last lines on stderr under endorun:\n'
        tail -n 15 "$case_dir/endorun/stderr.raw" | sed 's/^/    /'
    fi
    return 1
}

# 0 when the case passed. Keeps the folder of a failed case for the reader of the log.
run_case() {
    local case_name=$1 case_dir=$run_dir/$1 missing native_seconds seconds=0
    mkdir "$case_dir"
    load_case "$case_name"
    result_of[$case_name]=differs
    missing=$(missing_needs)
    if [[ -n $missing ]]; then
        say "FAIL $case_name: $missing"
        result_of[$case_name]="not run: program missing"
        rm -rf "$case_dir"
        return 1
    fi
    prepare_case || return 1
    run_leg native
    native_seconds=$seconds
    check_native_leg || return 1
    run_leg endorun
    judge || return 1
    say "ok   $case_name: ${result_of[$case_name]} (native $native_seconds s, endorun $seconds s)"
    [[ -n $keep ]] || {
        chmod -R u+rwX "$case_dir"
        rm -rf "$case_dir"
    }
}
