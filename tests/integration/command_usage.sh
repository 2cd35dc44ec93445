#!/bin/bash
# Every line that the command says about its own usage, and the status it ends with.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

gives_up='--isolation=kernel runs the program, but then nothing keeps it out of the monitor'"'"'s memory: only what the kernel itself enforces is a boundary'

usage_error() { # MESSAGE ARGUMENT...
    local message=$1
    shift
    expect_refusal 125 "endorun: $message" "$ENDORUN" "$@"
}

usage_error "no PROGRAM was given; \`endorun --help\` shows the usage"
usage_error "no PROGRAM was given; \`endorun --help\` shows the usage" --
usage_error "no PROGRAM was given; \`endorun --help\` shows the usage" --no-rewrite
(
    # Not even an argument 0.
    expect_refusal 125 "endorun: no PROGRAM was given; \`endorun --help\` shows the usage" \
        /usr/bin/python3 -c 'import ctypes, sys
empty = (ctypes.c_char_p * 1)(None)
ctypes.CDLL(None).execv(sys.argv[1].encode(), empty)' "$ENDORUN"
    conclude
) || problem "an empty argument vector"

# Unknown options: the nearest is named, by prefix or by distance; hidden ones never are.
usage_error "unknown option '--isolaton=kernel'; the nearest known one is --isolation" --isolaton=kernel true
usage_error "unknown option '--norewrite'; the nearest known one is --no-rewrite" --norewrite true
usage_error "unknown option '--analyse'; the nearest known one is --analyze" --analyse /bin/true
usage_error "unknown option '--chekc'; the nearest known one is --check" --chekc
usage_error "unknown option '-h'; the nearest known one is --help" -h
usage_error "unknown option '-v'; the nearest known one is --version" -v
usage_error "unknown option '--vers'; the nearest known one is --version" --vers
usage_error "unknown option '-isolation=pkey'; the nearest known one is --isolation" -isolation=pkey true
usage_error "unknown option '---'; the nearest known one is --sud" ---
usage_error "unknown option '--=x'; the nearest known one is --sud" --=x
usage_error "unknown option '--stat'; the nearest known one is --stats" --stat true
usage_error "unknown option '--internal'; the nearest known one is --trace" --internal
usage_error "unknown option '--help\\x0a\\x1b[0m'; the nearest known one is --help" $'--help\n\e[0m'
usage_error "unknown option '-$(printf 'x%.0s' {1..100})'; the nearest known one is --expression" "-$(printf 'x%.0s' {1..100})"

# Arguments of options.
usage_error "--isolation needs an argument: --isolation=auto|kernel|pkey" --isolation
usage_error "--argv0 needs an argument: --argv0=NAME" --argv0
usage_error "--analyze needs an argument: --analyze=FILE" --analyze
usage_error "--analyze: the name of the file is empty" --analyze=
usage_error "--isolation=: expected one of auto|kernel|pkey" --isolation= true
usage_error "--isolation=kern: expected one of auto|kernel|pkey" --isolation=kern true
usage_error "--isolation=none: expected one of auto|kernel|pkey" --isolation none true
usage_error "--jit needs an argument: --jit=allow|deny" --jit
usage_error "--jit=no: expected one of allow|deny" --jit=no true
usage_error "--jit=deny: only protection keys can refuse it (--isolation=pkey); the other isolation does not look at what becomes executable" --isolation=kernel --jit=deny true
usage_error "--no-rewrite takes no argument" --no-rewrite=yes true
usage_error "--help takes no argument" --help=me
usage_error "--check=xml: the only format to choose is json" --check=xml
usage_error "--stats=: the name of the file is empty" --stats= true

# Combinations that would leave something unsaid.
usage_error "--check and --analyze exclude each other" --check --analyze /bin/true
usage_error "--analyze and --check exclude each other" --analyze=/bin/true --check=json
usage_error "--check runs no program, but 'true' was given" --check true
usage_error "--check runs no program, but 'json' was given" --check json
usage_error "--analyze runs no program, but 'true' was given" --analyze /bin/true true
usage_error "--no-rewrite has no meaning with --check" --no-rewrite --check
usage_error "--argv0 has no meaning with --analyze" --analyze /bin/true --argv0 x
usage_error "--json has no meaning when a program is run" --json true

# A command's name, and a program of that name.
usage_error "--no-rewrite has no meaning with the command report" --no-rewrite report x
expect_refusal 127 "endorun: report: not found in PATH" env PATH=/nonexistent "$ENDORUN" -- report
if grep -qw ospke /proc/cpuinfo; then
    "$ENDORUN" --isolation=pkey true || problem "--isolation=pkey true: status $?"
else
    usage_error "--isolation=pkey: this CPU has no protection keys (PKU); $gives_up" --isolation=pkey true
fi

# --help and --version: on stdout, status 0, whatever else is on the line.
for arguments in '--help' '--help --bogus' '--no-rewrite --help true' '--check --help'; do
    # shellcheck disable=SC2086 # the words are the arguments
    "$ENDORUN" $arguments >help 2>errors || problem "$arguments: status $?"
    [[ ! -s errors ]] || problem "$arguments: wrote on stderr"
    grep -q '^usage: endorun \[OPTION\]... \[--\] PROGRAM \[ARG\]...$' help || problem "$arguments: no usage line"
done
for option in --isolation=auto\|kernel\|pkey --no-rewrite '--stats[=FILE]' --argv0=NAME '--check[=json]' --analyze=FILE --json --help --version; do
    grep -qxF "  $option" help || problem "--help does not list $option"
done
! grep -q 'internal' help || problem "--help lists an option that is not to be used"
[[ $(awk '{ if (length > 79) print }' help) == '' ]] || problem "--help has lines over 79 columns"
"$ENDORUN" --version >version
grep -Eqx 'endorun [0-9]+\.[0-9]+\.[0-9]+' version || problem "--version says '$(cat version)'"

# What cannot be written is an error, not a success.
# shellcheck disable=SC2016 # the inner shell expands them
for option in --help --version --check; do
    expect_refusal 125 "endorun: cannot write to standard output: No space left on device" \
        bash -c 'exec "$0" "$1" >/dev/full' "$ENDORUN" "$option"
    expect_refusal 125 "endorun: cannot write to standard output: Bad file descriptor" \
        bash -c 'exec "$0" "$1" >&-' "$ENDORUN" "$option"
done
status=0
"$ENDORUN" --bogus 2>&- || status=$?
expect_equal "status when stderr is closed" 125 "$status"

# Each message is one write, so that lines of several processes do not mix.
if [[ -n $(type -P strace) ]]; then
    strace -o trace -e trace=write "$ENDORUN" --bogus 2>/dev/null || true
    expect_equal "writes of one message" 1 "$(grep -c '^write(2' trace)"
fi
conclude
