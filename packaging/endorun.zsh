# Completion of endorun in zsh. `#compdef endorun` and the tables stand in front (packaging/tables). What an option takes is
# read from the words of --help:
#   auto|kernel       one of these
#   FILE, PATH        a file; where it is a policy, a built-in profile as well
#   KEY=VALUE|VALUE   a key, and what may stand behind it
#   CALL,...          system calls and %groups, commas between them, ! in front of them for all others; and what else follows
#   EXPRESSION        one of the expressions that --help lists
# What else has capitals is for the user to know.

# Of a list the last word is completed, and may be followed by another.
_endorun_calls() {
    local -a groups_of_calls=(%$^endorun_groups)
    compset -P '*[,!]'
    _alternative 'calls:system call:compadd -S "" -a endorun_calls' \
        'groups:group of system calls:compadd -S "" -a groups_of_calls'
}

# _endorun_value SUBJECT VALUE: SUBJECT is the option or the command that takes it
_endorun_value() {
    local -a profiles=(@$^endorun_profiles)
    case $2 in
    CALL,...*) [[ $PREFIX == *:* ]] || _endorun_calls ;;
    EXPRESSION) _endorun_argument $1 ${(j:|:)endorun_expressions} ;;
    FILE|PATH)
        if [[ $1 == *policy ]]; then
            _alternative 'profiles:built-in profile:compadd -a profiles' 'files:policy:_files'
        else
            _files
        fi
        ;;
    *[A-Z]*) _message $2 ;;
    *) compadd -- $2 ;;
    esac
}

# _endorun_argument SUBJECT TEXT
_endorun_argument() {
    local alternative key='' typed=$PREFIX
    for alternative in ${(s:|:)2}; do
        if [[ $alternative == *=* ]]; then
            key=${alternative%%=*}=
            alternative=${alternative#*=}
            [[ $typed == *=* ]] || compadd -S '' -- $key
        fi
        if [[ -z $key || $typed == $key* ]]; then
            [[ -z $key || $PREFIX != $key* ]] || compset -P $key
            _endorun_value $1 $alternative
        fi
    done
}

# _endorun_specs NAME: sets `specs` to what _arguments has to know of the options in endorun_NAME
_endorun_specs() {
    local entries_name=endorun_$1 texts_name=endorun_$1_help
    local -a entries=("${(@P)entries_name}") texts=("${(@P)texts_name}")
    local name takes text argument
    integer i
    specs=()
    for ((i = 1; i <= $#entries; i++)); do
        name=${entries[i]%%[=\[ ]*}
        takes=${entries[i]#$name}
        argument=${${takes##(\[=|=| )}%\]}
        text="[${texts[i]//(#m)[][\\]/\\$MATCH}]"
        argument="${argument//:/\\:}:{_endorun_argument $name ${(qq)argument//:/\\:}}"
        case $name$takes in
        -*\[=*) specs+=("*$name=-$text::$argument") ;;
        -*=*) specs+=("*$name=$text:$argument") ;;
        -*\ *) specs+=("*$name+$text:$argument") ;;
        -*) specs+=("*$name$text") ;;
        esac
    done
}

_endorun_program() {
    _command_names -e
}

# The program, which words begins with, and its arguments are completed as they are without endorun. Where no option stands
# before it, words has -- as well.
_endorun_arguments() {
    if [[ $words[1] == -- ]]; then
        shift words
        (( CURRENT-- ))
    fi
    if (( CURRENT == 1 )); then
        _endorun_program
    else
        _normal
    fi
}

# One of endorun's own commands, which words begins with.
_endorun_command() {
    local usage_name=endorun_$words[1]_usage name=$words[1] curcontext=$curcontext state state_descr entry
    local entries_name=endorun_$words[1] texts_name=endorun_$words[1]_help
    local -a entries=("${(@P)entries_name}") texts=("${(@P)texts_name}") specs own_commands line operands
    local -A opt_args
    integer i
    for ((i = 1; i <= $#entries; i++)); do
        [[ $entries[i] == -* ]] || own_commands+=("${entries[i]%% *}:$texts[i]")
    done
    _endorun_specs $name
    if [[ ${(P)usage_name} == *PROGRAM* ]]; then
        _arguments -S -C : $specs '(-)1:program:_endorun_program' '(-)*:: : _endorun_arguments'
    elif (( $#own_commands == 0 )); then
        operands=(${=${(P)usage_name}%%[\[-]*})
        _arguments -S : $specs "*:operand:{[[ \$PREFIX == -* ]] || _endorun_value $name ${operands[1]}}"
    elif (( CURRENT == 2 )); then
        _describe 'command of endorun '$name own_commands
    else
        entry=${entries[(r)$words[2] *]}
        operands=(${=entry})
        (( CURRENT - 1 <= $#operands )) && _endorun_value $name $operands[CURRENT-1]
    fi
}

_endorun() {
    local curcontext=$curcontext state state_descr
    local -a specs line typed=("${words[@]}")
    local -A opt_args
    _endorun_specs options
    _arguments -S -C : $specs '(-)1: :->program' '(-)*:: :->arguments' && return
    case $state in
    program)
        if [[ $typed[CURRENT-1] == -- ]]; then
            _endorun_program
        else
            _alternative 'commands:command of endorun:compadd -a endorun_commands' 'programs:program:_endorun_program'
        fi
        ;;
    arguments)
        # Behind -- a word names a program.
        if [[ $typed[$#typed-$#words] != -- ]] && (( $endorun_commands[(I)$words[1]] )); then
            _endorun_command
        else
            _endorun_arguments
        fi
        ;;
    esac
}

_endorun "$@"
