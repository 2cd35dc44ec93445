# Completion of endorun in bash, with the functions of bash-completion. The tables stand in front (packaging/tables). What
# an option takes is read from the words of --help:
#   auto|kernel       one of these
#   FILE, PATH        a file; where it is a policy, a built-in profile as well
#   KEY=VALUE|VALUE   a key, and what may stand behind it
#   CALL,...          system calls and %groups, commas between them, ! in front of them for all others; and what else follows
#   EXPRESSION        one of the expressions that --help lists
# What else has capitals is for the user to know.

# All of these share the variables of _endorun(): a word that is offered begins with `current` and gets `before` in front.

_endorun_offer()
{
    local word
    for word; do
        [[ $word != "$current"* ]] || COMPREPLY+=("$before$word")
    done
}

_endorun_offer_files()
{
    local cur=$current offered=("${COMPREPLY[@]}")
    COMPREPLY=()
    _filedir
    COMPREPLY=("${offered[@]}" "${COMPREPLY[@]/#/"$before"}")
}

# Of a list the last word is completed, and may be followed by another.
_endorun_offer_calls()
{
    local list=$current
    current=${list##*[,!]}
    before+=${list%"$current"}
    _endorun_offer "${endorun_calls[@]}" "${endorun_groups[@]/#/%}"
    compopt -o nospace
}

_endorun_offer_value()
{
    case $1 in
    CALL,...*) [[ $current == *:* ]] || _endorun_offer_calls ;;
    EXPRESSION)
        local expressions
        printf -v expressions '|%s' "${endorun_expressions[@]}"
        _endorun_offer_argument "${expressions:1}"
        ;;
    FILE | PATH)
        [[ $subject != *policy ]] || _endorun_offer "${endorun_profiles[@]/#/@}"
        _endorun_offer_files
        ;;
    *[A-Z]*) ;;
    *) _endorun_offer "$1" ;;
    esac
}

# _endorun_offer_argument TEXT
_endorun_offer_argument()
{
    local alternatives alternative key='' typed=$current prefix=$before
    IFS='|' read -ra alternatives <<<"$1"
    for alternative in "${alternatives[@]}"; do
        if [[ $alternative == *=* ]]; then
            key=${alternative%%=*}=
            alternative=${alternative#*=}
            [[ $typed == *=* ]] || _endorun_offer "$key"
        fi
        if [[ -z $key || $typed == "$key"* ]]; then
            current=${typed#"$key"} before=$prefix$key
            _endorun_offer_value "$alternative"
            current=$typed before=$prefix
        fi
    done
}

# _endorun_find WORD ENTRY...: `argument` is what the entry takes whose name is WORD; `is_next`: it may be the next word
_endorun_find()
{
    local word=$1 entry rest
    shift
    for entry; do
        [[ ${entry%%[=[ ]*} == "$word" ]] || continue
        rest=${entry#"$word"} is_next=''
        case $rest in
        '[='*) argument=${rest:2:-1} ;;
        *) argument=${rest:1} is_next=${rest:+1} ;;
        esac
        return 0
    done
    return 1
}

# _endorun_offer_options ENTRY...
_endorun_offer_options()
{
    local entry name
    for entry; do
        name=${entry%%[=[ ]*}
        [[ ${entry#"$name"} != =* ]] || name+='='
        [[ $name != -* ]] || _endorun_offer "$name"
    done
}

# _endorun_skip ENTRY...: `index` moves behind the options that stand there. `subject` is the option whose argument the
# current word is.
_endorun_skip()
{
    local word argument is_next
    while ((index < cword)) && [[ -z $after_dashes && ${words[index]} == -?* ]]; do
        word=${words[index++]}
        if [[ $word == -- ]]; then
            after_dashes=1
        elif _endorun_find "$word" "$@" && [[ -n $is_next ]]; then
            if ((index == cword)); then
                subject=$word
                _endorun_offer_argument "$argument"
            fi
            ((index++))
        fi
    done
}

# _endorun_offer_option ENTRY...: the current word is an option; with its argument, behind = or right behind a letter, or
# without
_endorun_offer_option()
{
    local argument is_next
    subject=${cur%%=*}
    [[ $cur != -[!-]?* ]] || subject=${cur:0:2}
    if [[ $cur == --*=* || $cur == -[!-]?* ]] && _endorun_find "$subject" "$@"; then
        before=${cur:0:${#subject}}
        [[ $subject != --* ]] || before+='='
        current=${cur#"$before"}
        _endorun_offer_argument "$argument"
    else
        _endorun_offer_options "$@"
    fi
}

# The program and its arguments are completed as they are without endorun. bash divides words more finely: the number of
# its word is found from the words as they are typed.
_endorun_offer_program()
{
    local word joined part=0
    for word in "${words[@]:0:index}"; do
        joined=''
        while [[ $joined != "$word" ]] && ((part < COMP_CWORD)); do
            joined+=${COMP_WORDS[part++]}
        done
    done
    _command_offset "$part"
}

# Readline replaces what follows the last byte at which it divides words.
_endorun_leave_what_stays()
{
    local breaks=${COMP_WORDBREAKS//[!=:]/} stays
    [[ -n $breaks && $cur == *["$breaks"]* ]] || return 0
    stays=${cur%"${cur##*["$breaks"]}"}
    COMPREPLY=("${COMPREPLY[@]#"$stays"}")
}

# _endorun_offer_operand WORDS NUMBER: one of the words that stand for operands, counted from 0
_endorun_offer_operand()
{
    local operands
    read -ra operands <<<"$1"
    [[ -z ${operands[$2]:-} ]] || _endorun_offer_value "${operands[$2]}"
}

# _endorun_commands_of ENTRY...: those that are no options
_endorun_commands_of()
{
    local entry
    for entry; do
        [[ $entry == -* ]] || echo "${entry%% *}"
    done
}

# One of endorun's own commands; `index` is that of its name.
_endorun_command()
{
    local -n entries=endorun_$1 usage=endorun_$1_usage
    local argument is_next commands
    mapfile -t commands < <(_endorun_commands_of "${entries[@]}")
    subject=$1
    ((index++))
    _endorun_skip "${entries[@]}"
    if ((index < cword)) && [[ $usage != *PROGRAM* && ${#commands[@]} == 0 ]]; then
        ((index++)) # options may stand behind its operand
        _endorun_skip "${entries[@]}"
    fi
    if ((index == cword)) && [[ -z $after_dashes && $cur == -* ]]; then
        _endorun_offer_option "${entries[@]}"
    elif ((index > cword)); then
        return # the argument of an option was offered
    elif [[ $usage == *PROGRAM* ]]; then
        _endorun_offer_program
        is_delegated=1
    elif ((index == cword && ${#commands[@]} > 0)); then
        _endorun_offer "${commands[@]}"
    elif ((index == cword)); then
        _endorun_offer_operand "${usage%%[\[-]*}" 0
    elif _endorun_find "${words[index]}" "${entries[@]}"; then
        _endorun_offer_operand "$argument" $((cword - index - 1))
    fi
}

_endorun()
{
    local cur words cword index=1 after_dashes='' subject='' before='' is_delegated=''
    COMPREPLY=()
    _get_comp_words_by_ref -n '=:' cur words cword
    local current=$cur
    _endorun_skip "${endorun_options[@]}"
    if ((index == cword)) && [[ -z $after_dashes && $cur == -* ]]; then
        _endorun_offer_option "${endorun_options[@]}"
    elif ((index < cword)) && [[ -z $after_dashes && " ${endorun_commands[*]} " == *" ${words[index]} "* ]]; then
        _endorun_command "${words[index]}"
    elif ((index <= cword)); then
        _endorun_offer_program
        is_delegated=1
        ((index < cword)) || [[ -n $after_dashes ]] || _endorun_offer "${endorun_commands[@]}"
    fi
    [[ -z $is_delegated ]] || return 0
    _endorun_leave_what_stays
    [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}

complete -F _endorun endorun
