# Sourced by every integration test.
# A test works in a folder of its own, which is removed at the end. It holds for root and for anyone
# else (tools/test runs all as an unprivileged user and those labelled core as root too).

: "${ENDORUN:?the path of the endorun executable}"

work=$(mktemp -d "${TMPDIR:-/tmp}/endorun-test.XXXXXX")
trap 'chmod -R u+rwx "$work" && rm -rf "$work" || :' EXIT # what still writes there must not decide
cd "$work" || exit 1
export STANDIN_REPORT=$work/report

# What the caller left open is none of a test's business: ctest leaves its log, which grows.
for link in "/proc/$$/fd"/*; do
    number=${link##*/}
    if [[ $number -gt 2 && $number -ne 255 ]]; then # bash reads the test itself from 255
        exec {number}>&-
    fi
done

problems=0

problem() {
    printf 'FAILED: %s\n' "$1" >&2
    problems=$((problems + 1))
}

# At the end of a test.
conclude() {
    [[ $problems -eq 0 ]] || exit 1
}

skip() {
    printf 'SKIPPED: %s\n' "$1" >&2
    exit 77
}

expect_equal() { # WHAT EXPECTED ACTUAL
    [[ $2 == "$3" ]] || problem "$1: expected '$2', got '$3'"
}

# The command ends with the status, says exactly this one line on stderr, and nothing on stdout.
expect_refusal() { # STATUS LINE COMMAND...
    local expected=$1 line=$2 status=0
    shift 2
    "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
    expect_equal "status of: $*" "$expected" "$status"
    printf '%s\n' "$line" | cmp -s - "$work/stderr" ||
        problem "message of: $*: expected '$line', got '$(cat "$work/stderr")'"
    [[ ! -s $work/stdout ]] || problem "stdout of: $* is not empty"
}

# Runs the command, which has the stand-in as its image and leaves its report in $work/report.
run_standin() { # COMMAND...
    local status=0
    rm -f "$STANDIN_REPORT"
    "$@" || status=$?
    expect_equal "status of: $*" 0 "$status"
}

# The values of a name in the report, one a line.
reported() { # NAME
    [[ -f $STANDIN_REPORT ]] || return 0
    sed -n "s/^$1=//p" "$STANDIN_REPORT"
}

expect_reported() { # NAME VALUE
    expect_equal "$1" "$2" "$(reported "$1")"
}

# What --isolation=auto is on this machine.
automatic_isolation() {
    if grep -qwm1 ospke /proc/cpuinfo; then
        echo pkey
    else
        echo kernel
    fi
}
