# shellcheck shell=bash
# One case: needs, set-up, native leg, endorun leg, comparison. Sourced by run.
#
# run_case is a process of its own and keeps errexit on all the way, so that trouble of the runner's own (a full disk)
# ends it and can't be taken for agreement. Hence no function below is called in a condition or before ||.

# Debian's own programs, whatever the caller's PATH puts first.
CASE_PATH=/usr/sbin:/usr/bin:/sbin:/bin

# What the table says of a case; also tells run that the case came to a verdict.
record() {
    printf '%s\n' "$1" >"$run_dir/verdicts/$case_name"
}

fail_case() {
    say "FAIL $case_name: $1"
    record "${2:-differs}"
}

# Runs one function of the case file in a clean environment and a session of its own; sets leg_status.
# usage: in_leg LEG FUNCTION LIMIT IN OUT ERR    (working directory: $case_dir/work)
in_leg() {
    local leg=$1 function=$2 limit=$3 user
    user=$(id -un 2>/dev/null || id -u)
    leg_status=0
    env -i --chdir="$case_dir/work" PATH="$CASE_PATH" HOME="$case_dir/work/home" TMPDIR="$case_dir/work/tmp" \
        LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC TERM=xterm SHELL=/bin/bash USER="$user" LOGNAME="$user" \
        COMPAT_LEG="$leg.$$.$case_name" COMPAT_BUILT="${COMPAT_BUILT:-}" \
        timeout --kill-after=5 "$limit" setsid --wait \
        bash "$compat_dir/lib/leg" "$cases_dir/$case_name.sh" "$leg" "$function" "$endorun" "$case_dir" "$time_scale" \
        ${isolation:+"$isolation"} \
        <"$4" >"$5" 2>"$6" || leg_status=$?
}

# Looks at a leg's processes when it has used up its time, before they are ended. The fifo only serves to sleep
# without a child that would outlive its killer.
watch_leg() {
    local id=$1 limit=$2 store=$3 session=''
    read -r -t "$limit" _ <>"$case_dir/fifo" || true
    [[ ! -e $case_dir/session ]] || session=$(<"$case_dir/session")
    show_leg_threads "$id" "$session" >"$store/at_limit"
}

# Both legs see the same paths, so that nothing needs rewriting before the comparison.
fresh_work_directory() {
    [[ ! -e $case_dir/work ]] || chmod -R u+rwX "$case_dir/work"
    rm -rf "$case_dir/work"
    mkdir -p "$case_dir/work/home" "$case_dir/work/tmp" "$case_dir/work/result"
    if [[ -n ${COMPAT_CACHE:-} ]]; then
        mkdir "$case_dir/work/home/.cache"
        ln -s "$COMPAT_CACHE" "$case_dir/work/home/.cache/endorun"
    fi
    chmod 0700 "$case_dir/work/tmp"
}

prepare_case() {
    mkdir "$case_dir/prepared"
    mkfifo "$case_dir/fifo"
    fresh_work_directory
    in_leg prepare prepare $((180 * time_scale)) /dev/null "$case_dir/prepare.log" "$case_dir/prepare.err"
    if ((leg_status != 0)); then
        fail_case "set-up ended with status $leg_status" "not run: set-up failed"
        show_head "$case_dir/prepare.err"
        exit 1
    fi
}

# Leaves stdout, stderr, status, result/ and the list of left-over processes in $case_dir/LEG.
run_leg() {
    local leg=$1 store=$case_dir/$1 start=$SECONDS stream session='' watcher
    mkdir "$store"
    fresh_work_directory
    rm -f "$case_dir/session"
    watch_leg "$leg.$$.$case_name" "$case_timeout" "$store" &
    watcher=$!
    in_leg "$leg" work $((case_timeout + 5)) /dev/null "$store/stdout.raw" "$store/stderr.raw"
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    printf '%d\n' "$leg_status" >"$store/status"
    if [[ -e $store/at_limit ]]; then
        say "$case_name: $leg leg reached its limit of $case_timeout s; its processes then:"
        show_head "$store/at_limit"
    fi
    [[ ! -e $case_dir/session ]] || session=$(<"$case_dir/session")
    end_leg_processes "$leg.$$.$case_name" "$session" >"$store/left_behind"
    seconds=$((SECONDS - start))
    cp -a "$case_dir/work/result" "$store/result"
    for stream in stdout stderr; do
        in_leg "$leg" normalise $((20 * time_scale)) "$store/$stream.raw" "$store/$stream" "$store/normalise.err"
        if ((leg_status != 0)); then
            fail_case "normalise failed in the $leg leg"
            show_head "$store/normalise.err"
            exit 1
        fi
    done
}

# A native leg that fails, prints nothing or leaves processes behind proves nothing by being repeated.
check_native_leg() {
    local store=$case_dir/native status
    status=$(<"$store/status")
    if ((status != 0)); then
        fail_case "the native leg ended with status $status" "native leg failed"
        show_head "$store/stderr.raw"
        show_head "$store/stdout.raw"
    elif [[ ! -s $store/stdout ]]; then
        fail_case "the native leg printed nothing to compare" "native leg failed"
    elif [[ -s $store/left_behind ]]; then
        fail_case "the native leg left processes behind" "native leg failed"
        show_head "$store/left_behind"
    else
        return 0
    fi
    exit 1
}

# diff's 1 is an answer, its 2 is trouble.
compare() {
    local status=0
    diff "$@" || status=$?
    ((status <= 1))
}

# Prints every difference between the two legs; no output means that they agree.
differences() {
    local what
    for what in status stdout stderr; do
        compare -u --label "native/$what" --label "endorun/$what" "$case_dir/native/$what" "$case_dir/endorun/$what"
    done
    compare -r -u "$case_dir/native/result" "$case_dir/endorun/result"
    if [[ -s $case_dir/endorun/left_behind ]]; then
        printf 'left behind under endorun:\n'
        cat "$case_dir/endorun/left_behind"
    fi
}

# The verdict, given that both legs ran: a known failure that has gone away must be unmarked.
judge() {
    differences >"$case_dir/differences"
    if [[ ! -s $case_dir/differences && -z $case_known_failure ]]; then
        record same
    elif [[ -s $case_dir/differences && -n $case_known_failure ]]; then
        record "known failure"
    elif [[ -n $case_known_failure ]]; then
        fail_case "marked as a known failure, but both legs agree: remove case_known_failure" same
        exit 1
    else
        fail_case "endorun differs from native"
        show_head "$case_dir/differences"
        printf '    the last lines on stderr under endorun:\n'
        tail -n 15 "$case_dir/endorun/stderr.raw" | sed 's/^/    /'
        exit 1
    fi
}

# Ends with 0 when the case passed. Keeps the folder of a failed case for the reader of the log.
run_case() {
    case_name=$1
    case_dir=$run_dir/$1
    local missing native_seconds
    load_case "$case_name"
    missing=$(missing_needs)
    if [[ -n $missing ]]; then
        fail_case "$missing" "not run: program missing"
        exit 1
    fi
    mkdir "$case_dir"
    prepare_case
    run_leg native
    native_seconds=$seconds
    check_native_leg
    run_leg endorun
    judge
    say "ok   $case_name: $(<"$run_dir/verdicts/$case_name") (native $native_seconds s, endorun $seconds s)"
    if [[ -z $keep ]]; then
        chmod -R u+rwX "$case_dir"
        rm -rf "$case_dir"
    fi
}
