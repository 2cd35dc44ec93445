#!/bin/bash
# The completion of bash, called as bash calls it: the words of a line, divided as readline does, in COMP_WORDS. What is
# offered is compared with what the command lists. Given by the caller:
#   ENDORUN     the command
#   COMPLETION  the file that is installed
set -euo pipefail

: "${ENDORUN:?}" "${COMPLETION:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
problems=0

set +eu # bash-completion is not written for these
# shellcheck source=/dev/null
. /usr/share/bash-completion/bash_completion
# shellcheck source=/dev/null
. "$COMPLETION"
set -u
cd "$work"
mkdir folder
touch file.toml 'file with blanks'

# It can be called while a completion is under way only.
compopt()
{
    options+=" $*"
}

# complete_line LINE: leaves in `offered` what is offered for the last word of LINE, a line each, sorted
complete_line()
{
    local rest=$1
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() options=''
    while [[ $rest =~ ^\ *([=:]+|[^\ =:]+)(.*)$ ]]; do
        COMP_WORDS+=("${BASH_REMATCH[1]}")
        rest=${BASH_REMATCH[2]}
    done
    [[ $1 != *' ' ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    "$(complete -p endorun | sed -E 's/.*-F ([^ ]+) .*/\1/')" endorun "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    offered=$(printf '%s\n' "${COMPREPLY[@]}" | sort -u)
}

problem()
{
    printf 'FAILED: %s\n' "$*" >&2
    problems=$((problems + 1))
}

# offers LINE WORD...: these, and nothing else
offers()
{
    local line=$1
    shift
    complete_line "$line"
    [[ $offered == "$(printf '%s\n' "$@" | sort -u)" ]] ||
        problem "'$line': expected '$*', got '${offered//$'\n'/ }'"
}

# offers_among LINE WORD...: these, and maybe others
offers_among()
{
    local line=$1 word
    shift
    complete_line "$line"
    for word; do
        grep -qxF -e "$word" <<<"$offered" || problem "'$line': $word is not offered, but '${offered//$'\n'/ }'"
    done
}

# The words that begin with - of a --help on standard input: what has to be followed by an argument ends with =.
listed_options()
{
    sed -nE '/^expressions:/q; s/^  (-.*)/\1/p' | sed -E 's/^(-.), /\1\n/' | sed -E 's/\[=.*//; s/ .*//; s/=.*/=/'
}

mapfile -t options_of_help < <("$ENDORUN" --help | listed_options)
((${#options_of_help[@]} > 10)) || problem "--help lists no options"
offers 'endorun -' "${options_of_help[@]}"
while read -r command; do
    mapfile -t options_of_help < <("$ENDORUN" "$command" --help | listed_options)
    offers_among "endorun ${command:0:3}" "$command"
    if ((${#options_of_help[@]} > 0)); then
        offers "endorun $command -" "${options_of_help[@]}"
    fi
done < <("$ENDORUN" --help | sed -nE 's/^       endorun ([a-z]+) .*/\1/p')
mapfile -t commands_of_policy < <("$ENDORUN" policy --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
offers 'endorun policy ' "${commands_of_policy[@]}"
offers 'endorun --complain policy pr' print

# Arguments of options: behind =, as a word of their own, right behind a letter.
offers 'endorun --iso' --isolation=
[[ $options == *'-o nospace'* ]] || problem "a blank behind --isolation="
while IFS='=' read -r name choices; do
    IFS='|' read -ra words_of_help <<<"$choices"
    offers "endorun $name=" "${words_of_help[@]}"
done < <("$ENDORUN" --help | sed -nE 's/^  (--[a-z-]+=[a-z|]+)$/\1/p')
offers 'endorun --isolation=k' kernel
offers 'endorun --isolation p' pkey
offers 'endorun --check=' json
offers 'endorun --stats=f' file.toml 'file with blanks' folder
offers 'endorun --policy=@gi' @git
offers_among 'endorun --policy ' @base @sqlite3 file.toml folder
offers 'endorun policy check @gi' @git
offers 'endorun policy test fo' folder
offers 'endorun learn --merge -o fo' folder
offers 'endorun --argv0=' ''

# Expressions.
mapfile -t expressions_of_help < <("$ENDORUN" --help | sed '1,/^expressions:/d; /^exit status:/,$d' | sed -nE 's/^  ([a-z]+=).*/\1/p')
((${#expressions_of_help[@]} > 1)) || problem "--help lists no expressions"
offers 'endorun -e ' "${expressions_of_help[@]}"
offers 'endorun --expression=st' status=
offers 'endorun -e inject=openat' openat openat2
offers 'endorun -e inject=openat:e' ''
offers 'endorun -e status=' failed successful
offers 'endorun -e trace=openat' openat openat2
offers 'endorun -etrace=openat,%net' openat,%network
offers 'endorun --expression=trace=!openat,renameat' '!openat,renameat' '!openat,renameat2'
offers_among 'endorun -e trace=%' %file %process %all
! grep -qE '^%(unassigned|unimplemented)' <<<"$offered" || problem "families that are no groups are offered"

# Programs, and their arguments as they complete them.
_arguments_of_program()
{
    COMPREPLY=("seen:${COMP_WORDS[*]}:$COMP_CWORD")
}
complete -F _arguments_of_program some-program
offers 'endorun some-program --x' 'seen:some-program --x:1'
offers 'endorun -e trace=open --policy=@base -s 3 some-program a --x' 'seen:some-program a --x:2'
offers 'endorun -- some-program ' 'seen:some-program :1'
offers 'endorun learn --merge -o file -- some-program --x' 'seen:some-program --x:1'
offers 'endorun learn some-program --x=y' 'seen:some-program --x = y:3'
printf '#!/bin/sh\n' >some-file
chmod +x some-file
PATH=$work:$PATH
offers 'endorun some-f' some-file
offers 'endorun --stats some-f' some-file
offers 'endorun learn -o x some-f' some-file
offers 'endorun -- learn some-f' some-file
offers 'endorun -- policy che' ''
((problems == 0)) || exit 1
