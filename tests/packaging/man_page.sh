#!/bin/bash
# endorun(1) against the command: each option, command, usage line, status and variable of the one is in the other, in the
# same words; and man has nothing to complain of. Given by the caller:
#   ENDORUN  the command
#   PAGE     the page, as it is installed but for its compression
#   TABLES   the tables of the completions, which the build has made from those of the command
#   SOURCE   the project's source
set -euo pipefail

: "${ENDORUN:?}" "${PAGE:?}" "${TABLES:?}" "${SOURCE:?}"

text=docs/endorun.1.in
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
problems=0

problem()
{
    printf 'FAILED: %s\n' "$*" >&2
    problems=$((problems + 1))
}

# What is read of a line that has its text behind .B, with changes of the font in it.
plain()
{
    sed -E 's/^\.B //; s/\\f[BIR]//g; s/\\-/-/g'
}

# lines_of SECTION [SUBSECTION]: the source of a part of the page; without a SUBSECTION with all of them
lines_of()
{
    awk -v section=".SH $1" -v subsection="${2:+.SS $2}" '
        /^\.SH/ { inside = $0 == section; within = subsection == "" }
        /^\.SS/ && subsection != "" { within = $0 == subsection }
        inside && within && $0 != section' "$PAGE"
}

# entries SECTION [SUBSECTION]: what its entries are called, sorted
entries()
{
    lines_of "$@" | awk 'tag { print } { tag = $0 == ".TP" }' | plain | sort
}

# What a --help lists: lines with two blanks before them.
listed()
{
    sed -nE 's/^  ([^ ].*)/\1/p'
}

# agree WHERE KIND FROM [FIRST]: the lines of $work/command, which FROM has, are those of $work/page, which stand in WHERE: as
# entries, or, where they have a FIRST byte, in the text
agree()
{
    local where=$1 kind=$2 from=$3 first=${4:-} line entry
    [[ -s $work/command ]] || problem "$from lists no $kind"
    while IFS= read -r line; do
        entry=$'.TP\n.B '${line//-/\\-}$'\nwhat it does'
        [[ -z $first ]] || entry=".BR $first${line//-/\\-} ,"
        problem "$from has the $kind '$first$line', and $where of $text has not. Add there:"$'\n'"$entry"
    done < <(comm -23 "$work/command" "$work/page")
    while IFS= read -r line; do
        problem "$where of $text has the $kind '$first$line', and $from has not: correct it, arguments included, or remove it"
    done < <(comm -13 "$work/command" "$work/page")
}

options()
{
    "$ENDORUN" --help | sed '/^expressions:/,$d' | listed | sort >"$work/command"
    entries OPTIONS >"$work/page"
    agree ".SH OPTIONS" option "endorun --help (loader/command/options.c)"
}

expressions()
{
    "$ENDORUN" --help | sed '1,/^expressions:/d; /^exit status:/,$d' | listed | sort >"$work/command"
    entries EXPRESSIONS >"$work/page"
    agree ".SH EXPRESSIONS" expression "endorun --help (loader/command/trace_options.c)"
}

# Of a --help on standard input.
usage()
{
    sed -nE '/^usage: |^       endorun/s/^(usage:)? +//p'
}

# Each command of the usage has a part of its own, and a --help of its own, which lists its options or commands.
commands()
{
    local name
    "$ENDORUN" --help | usage >"$work/command"
    lines_of SYNOPSIS | grep -vxF .br | plain >"$work/page"
    diff "$work/command" "$work/page" >&2 ||
        problem "the usage of endorun --help (<) is not what .SH SYNOPSIS of $text has (>), each line after .B with .br between"
    sed -nE 's/^endorun ([a-z]+) .*/endorun \1/p' "$work/command" | sort >"$work/commands"
    lines_of COMMANDS | sed -n 's/^\.SS //p' | sort >"$work/parts"
    while IFS= read -r name; do
        problem "endorun --help has the command '$name', and .SH COMMANDS of $text has not. Add there .SS $name and below it what the command does, with an entry (.TP) for each option that '$name --help' lists"
    done < <(comm -23 "$work/commands" "$work/parts")
    while IFS= read -r name; do
        problem "$text describes the command '$name', which is not in the usage of endorun --help: remove the part"
    done < <(comm -13 "$work/commands" "$work/parts")
    while read -r _ name; do
        "$ENDORUN" "$name" --help >"$work/help" 2>&1 || problem "endorun $name --help ends with status $?"
        listed <"$work/help" | sort >"$work/command"
        entries COMMANDS "endorun $name" >"$work/page"
        agree ".SH COMMANDS, .SS endorun $name" entry "endorun $name --help"
    done < <(comm -12 "$work/commands" "$work/parts")
}

statuses()
{
    "$ENDORUN" --help | sed '1,/^exit status:/d' | sed -nE 's/^ +([0-9]+) .*/\1/p' | sort >"$work/command"
    entries "EXIT STATUS" >"$work/page"
    agree ".SH EXIT STATUS" status "endorun --help (loader/command/help.c)"
}

# Variables that the hosted parts ask for by name.
variables()
{
    grep -rhoE 'getenv\("[A-Z_]+"' "$SOURCE"/{loader,policy,rewriter,trace} | sed -E 's/.*"([A-Z_]+)"/\1/' | sort -u >"$work/command"
    entries ENVIRONMENT | sed 's/, /\n/g' | sort >"$work/page"
    agree ".SH ENVIRONMENT" variable "the source (getenv)"
}

# names SECTION FIRST: the words of a part that begin with the byte FIRST, in small letters
names()
{
    lines_of "$1" | plain | sed -nE "s/^(\.BR )?$2([a-z][a-z0-9-]*)( ,| \.)?$/\2/p" | sort -u
}

groups_and_profiles()
{
    (
        # shellcheck source=/dev/null # made by the build
        . "$TABLES"
        # shellcheck disable=SC2154 # set there
        printf '%s\n' "${endorun_groups[@]}" | sort >"$work/groups"
        # shellcheck disable=SC2154
        printf '%s\n' "${endorun_profiles[@]}" | sort >"$work/profiles"
    )
    names EXPRESSIONS % >"$work/page"
    cp "$work/groups" "$work/command"
    agree ".SH EXPRESSIONS" "group of calls" "include/endorun/syscall_shapes.h" %
    names FILES @ >"$work/page"
    cp "$work/profiles" "$work/command"
    agree ".SH FILES" "built-in profile" "policy/compile/profiles.c" @
}

formatting()
{
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$PAGE" 2>&1 >/dev/null | tee "$work/said" >&2
    [[ ! -s $work/said ]] || problem "man complains of $text, see above"
    grep -q "^\.TH .*\"$("$ENDORUN" --version)\"" "$PAGE" ||
        problem "the page has another version than the command"
}

options
expressions
commands
statuses
variables
groups_and_profiles
formatting
((problems == 0)) || exit 1
