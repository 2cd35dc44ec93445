#!/bin/zsh -f
# The completion of zsh, typed: an interactive zsh under a pseudo terminal gets a line and a tab, and tells what has become
# of it. What is offered is compared with what the command lists. Given by the caller:
#   ENDORUN     the command
#   COMPLETION  the file that is installed
emulate -R zsh
setopt err_exit no_unset extended_glob
zmodload zsh/zpty

: ${ENDORUN:?} ${COMPLETION:?}

work=$(mktemp -d)
trap 'rm -rf $work' EXIT
integer problems=0

problem() {
    print -ru2 -- "FAILED: $*"
    (( ++problems ))
}

# The shell that is typed to has this completion beside zsh's own, and one for some-program. ^] tells the line.
mkdir $work/folder $work/functions
cp $COMPLETION $work/functions/_endorun
print -r -- '#compdef some-program
_arguments --seen-by-program' >$work/functions/_some_program
print '#!/bin/sh' >$work/some-program
chmod +x $work/some-program
cat >$work/.zshrc <<'END'
PS1='' LISTMAX=10000
unsetopt beep prompt_cr prompt_sp
fpath=($PWD/functions $fpath)
autoload -Uz compinit
compinit -u -D
tell-line() {
    print -r -- "$BUFFER" >line
    zle -M 'the line is told'
    BUFFER=''
}
zle -N tell-line
bindkey '^]' tell-line
print ready
END
cd $work
path=($work /usr/bin /bin)
zpty typed "stty columns 1000 rows 1000; TERM=dumb ZDOTDIR=${(q)work} exec zsh -d -i"

# await PATTERN: leaves in `screen` what is shown up to it
await() {
    local part
    integer attempt
    screen=''
    for (( attempt = 0; attempt < 600; attempt++ )); do
        while zpty -rt typed part; do
            screen+=$part
        done
        [[ $screen != *$1* ]] || return 0
        sleep 0.05
    done
    print -ru2 -- "zsh does not come to '$1': $screen"
    exit 1
}

# complete_line LINE: leaves in `line` what it has become, and in `screen` what was listed
complete_line() {
    zpty -wn typed "$1"$'\t\x1d'
    await 'the line is told'
    line=$(<line)
}

# becomes LINE COMPLETED
becomes() {
    complete_line $1
    [[ $line == $2 ]] || problem "'$1' becomes '$line', expected '$2'"
}

# lists LINE WORD...: these, and nothing else
lists() {
    local typed=$1 listed expected
    shift
    complete_line $typed
    # Words of the first column, which may be several for one text, or of all columns where there is no text.
    listed=${(F)${(uo)${(f)"$(print -r -- ${screen//$'\r'/} | sed -E 's/ +-- .*//; s/\x1b\[[^a-zA-Z]*[a-zA-Z]//g' | grep -vF -e 'endorun ' -e 'is told' | tr -s ' ' '\n' | grep . || true)"}}}
    expected=${(F)${(uo)@}}
    [[ $listed == $expected ]] || problem "'$typed' lists '${(j: :)${(f)listed}}', expected '${(j: :)${(f)expected}}'"
}

# The words that begin with - of a --help on standard input.
listed_options() {
    sed -nE 's/^  (-.*)/\1/p' | sed -E 's/^(-.), /\1\n/' | sed -E 's/[[ =].*//'
}

await ready
options_of_help=(${(f)"$($ENDORUN --help | listed_options)"})
(( $#options_of_help > 10 )) || problem '--help lists no options'
lists 'endorun -' $options_of_help
for command in ${(f)"$($ENDORUN --help | sed -nE 's/^       endorun ([a-z]+) .*/\1/p')"}; do
    becomes "endorun $command[1,-2]" "endorun $command "
    options_of_help=(${(f)"$($ENDORUN $command --help | listed_options)"})
    (( $#options_of_help == 0 )) || lists "endorun $command -" $options_of_help
done
lists 'endorun policy ' ${(f)"$($ENDORUN policy --help | sed -nE 's/^  ([a-z]+) .*/\1/p')"}
becomes 'endorun --complain policy pr' 'endorun --complain policy print '

# Arguments of options.
becomes 'endorun --iso' 'endorun --isolation='
for option in ${(f)"$($ENDORUN --help | sed -nE 's/^  (--[a-z-]+=[a-z|]+)$/\1/p')"}; do
    lists "endorun ${option%%=*}=" ${(s:|:)option#*=}
done
becomes 'endorun --isolation=k' 'endorun --isolation=kernel '
becomes 'endorun --isolation p' 'endorun --isolation pkey '
becomes 'endorun --check=' 'endorun --check=json '
becomes 'endorun --stats=fo' 'endorun --stats=folder/'
becomes 'endorun --policy=@gi' 'endorun --policy=@git '
becomes 'endorun --policy @gi' 'endorun --policy @git '
becomes 'endorun policy check @gi' 'endorun policy check @git '
becomes 'endorun policy test fo' 'endorun policy test folder/'
becomes 'endorun learn --merge -o fo' 'endorun learn --merge -o folder/'

# Expressions.
lists 'endorun -e ' ${(f)"$($ENDORUN --help | sed '1,/^expressions:/d; /^exit status:/,$d' | sed -nE 's/^  ([a-z]+=).*/\1/p')"}
becomes 'endorun -e st' 'endorun -e status='
lists 'endorun -e inject=openat' openat openat2
lists 'endorun -e status=' failed successful
lists 'endorun -e trace=openat' openat openat2
becomes 'endorun -e trace=openat,%net' 'endorun -e trace=openat,%network'
becomes 'endorun --expression=trace=!renameat2,openat2,%net' 'endorun --expression=trace=!renameat2,openat2,%network'

# Programs, and their arguments as they complete them.
becomes 'endorun some-pro' 'endorun some-program '
becomes 'endorun -- some-pro' 'endorun -- some-program '
becomes 'endorun learn some-pro' 'endorun learn some-program '
becomes 'endorun some-program --s' 'endorun some-program --seen-by-program '
becomes 'endorun -- some-program --s' 'endorun -- some-program --seen-by-program '
becomes 'endorun -e trace=open -s 3 some-program --s' 'endorun -e trace=open -s 3 some-program --seen-by-program '
becomes 'endorun learn --merge -o file -- some-program --s' 'endorun learn --merge -o file -- some-program --seen-by-program '
becomes 'endorun -- policy che' 'endorun -- policy che'
(( problems == 0 )) || exit 1
