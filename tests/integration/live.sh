#!/bin/bash
# `endorun --live` in a terminal: what is shown, keys, sizes, and that the terminal is as before however it ends.
set -euo pipefail
here=$(realpath "${BASH_SOURCE[0]%/*}")
source "$here/harness.bash"
# tmux starts its commands by SHELL, else by the user's own shell, which may be nologin.
export XDG_CACHE_HOME=$work/cache LC_ALL=C.UTF-8 TERM=screen SHELL=/bin/sh
unset TMUX

program="/usr/bin/python3 -S $here/live/program.py"

# ---- a terminal with a shell

on_terminal() { # COMMAND...: of tmux
    tmux -S "$work/terminal" -f /dev/null "$@"
}
trap 'on_terminal kill-server 2>/dev/null; chmod -R u+rwx "$work" && rm -rf "$work" || :' EXIT
on_terminal new-session -d -x 80 -y 24 "env PS1='ready> ' ENDORUN='$ENDORUN' bash --norc --noprofile"

screen() {
    on_terminal capture-pane -p
}
type_keys() { # KEY...: in tmux's names
    on_terminal send-keys "$@"
}
type_line() { # TEXT
    on_terminal send-keys -l "$1"
    on_terminal send-keys Enter
}
# Whether, before long, the command says so.
comes() { # COMMAND...
    local i
    for ((i = 0; i < 600; i++)); do
        ! "$@" || return 0
        sleep 0.05
    done
    return 1
}
shows() { # PATTERN: some line of the screen
    screen | grep -qE -e "$1"
}
see() { # WHAT PATTERN
    comes shows "$2" || problem "$1: '$2' is not on the screen: $(screen)"
}
is_state() { # STATE: alternate screen, cursor, automatic wrap
    [[ $(on_terminal display-message -p '#{alternate_on} #{cursor_flag} #{wrap_flag}') == "$1" ]]
}
# A program that goes on may write behind the prompt.
prompts() {
    screen | grep '^ready>' | tail -n 1 | grep -qE '^ready>( output: none)?$'
}
exists() { # FILE
    [[ -s $1 ]]
}

begin() { # WORDS: the command behind `endorun --live`
    rm -f pids stop after
    type_line "clear; stty -a >before"
    comes prompts || problem "no prompt before $1"
    # shellcheck disable=SC2016 # the shell of the terminal expands it
    type_line '"$ENDORUN" --live '"$1"
}
# The view is up, and the program has begun its loop.
is_up() { # WHAT
    comes exists pids || problem "$1: the program has not started: $(screen)"
    see "$1" '^ +[0-9]+ .* getppid$'
    comes is_state "1 0 0" || problem "$1: the view has not got the screen"
    read -r pid reader <pids
}
# All is as before: the screen, the cursor, the modes.
has_restored() { # WHAT
    comes is_state "0 1 1" || problem "$1: the screen was not given back"
    comes prompts || problem "$1: no prompt: $(screen)"
    rm -f after
    type_line "stty -a >after"
    comes exists after || problem "$1: the shell does not answer"
    comes cmp -s before after || problem "$1: other modes: $(diff before after)"
}
ended() { # WHAT STATUS
    comes is_state "0 1 1" || problem "$1: the screen was not given back"
    comes prompts || problem "$1: no prompt: $(screen)"
    # shellcheck disable=SC2016 # the shell of the terminal expands it
    type_line 'echo "status $?"; stty -a >after'
    see "$1" "^status $2\$"
    comes cmp -s before after || problem "$1: other modes: $(diff before after)"
}

# ---- tables, order, scrolling

begin "$program"
is_up "the first table"
see "the header" '^0:[0-9]{2}:[0-9]{2}  /usr/bin/python3 -S /'
see "the totals" '^1 proc, 1 thr, [0-9]+k? calls, [0-9]+/s, [0-9]+ errors, 0 denied, 0 lost$'
see "the columns" '^CALLS/S\* +CALLS +ERRORS +SECONDS SHARE  CALL$'
see "the call that is made most" '^ +[0-9]+ +[0-9]+ +0 +[0-9.]+ +[0-9]+\.[0-9]  getppid$'
first_row_is() { # PATTERN
    screen | sed -n 5p | grep -qE "$1"
}
comes first_row_is 'getppid$' || problem "by calls per second: $(screen)"
type_keys e
see "by errors" ' ERRORS\* '
comes first_row_is 'newfstatat$' || problem "by errors: $(screen)"
type_keys t
see "by time" ' SECONDS\*SHARE'
comes first_row_is 'clock_nanosleep$' || problem "by time: $(screen)"
type_keys c
see "by calls" ' CALLS\* '
comes first_row_is 'getppid$' || problem "by calls: $(screen)"
type_keys 2
see "objects" '\[2 objects\]'
see "a hostile path" '  /no\\x1b\[2Jwhere\\xff$'
type_keys 3
see "threads" "  $pid /usr/bin/python3[.0-9]*\$"
type_keys Tab
see "libraries" '  /[^ ]*/libc[^ ]*\.so[^ ]*$'
type_keys Tab
see "from the last table to the first" '\[1 calls\]'
type_keys 2 Down
see "one row down" 'rows, from 2$'
type_keys Up
see "one row up" 'rows, from 1$'
type_keys NPage
see "a page down" 'rows, from [2-9][0-9]*$'
type_keys PPage
see "a page up" 'rows, from 1$'
type_keys End
see "the end" 'rows, from [2-9][0-9]*$'
type_keys Home 1
see "the beginning" '\[1 calls\].* rows, from 1$'

# ---- a pause

type_keys p
see "a pause" '^paused at 0:'
paused=$(screen)
sleep 1.2 # two samples
expect_equal "what is shown in a pause" "$paused" "$(screen)"
type_keys p
see "no pause" '^0:0'

# ---- sizes

fills() { # LINES COLUMNS
    local lines
    mapfile -t lines < <(screen)
    [[ ${#lines[@]} == "$1" && ${lines[$1 - 1]} == "1-4 Tab table"* ]]
}
on_terminal resize-window -x 132 -y 40
comes fills 40 || problem "132 columns, 40 lines: $(screen)"
on_terminal resize-window -x 60 -y 12
comes fills 12 || problem "60 columns, 12 lines: $(screen)"
on_terminal resize-window -x 20 -y 3
three_lines() {
    [[ $(screen) =~ ^0:[0-9:]+\ \ [^$'\n']+$'\n'1\ proc,[^$'\n']+$'\n'\[1\ calls\]\ \ 2\ objects$ ]]
}
comes three_lines || problem "20 columns, 3 lines: $(screen)"
on_terminal resize-window -x 80 -y 24
comes fills 24 || problem "80 columns, 24 lines: $(screen)"

# ---- stop and continue

type_keys C-z
has_restored "Ctrl-Z"
see "what the shell says" 'Stopped'
rm -f pids
type_line "fg"
comes is_state "1 0 0" || problem "fg: the view has not got the screen"
see "fg" '^1 proc, 1 thr'
type_keys C-z
has_restored "Ctrl-Z, the second time"
type_line "bg"
type_line "clear; echo in front"
see "bg" '^in front$'
comes is_state "0 1 1" || problem "bg: the view has got the screen"
type_line "fg"
comes is_state "1 0 0" || problem "bg, fg: the view has not got the screen"

# ---- the ends

touch stop
ended "the program's end" 0
see "standard output" '^output: none$'
see "standard error" '^error: none$'
see "standard input" "^input: b''\$"

begin "$program"
is_up "before q"
type_keys q
ended "q" 130
begin "$program ignore"
is_up "before q, twice"
type_keys q
see "q" '^SIGINT was sent to the program. q kills it$'
type_keys q
ended "q, twice" 137
begin "$program heed"
is_up "before Ctrl-C"
type_keys C-c
ended "Ctrl-C" 7
see "what the program made of it" '^interrupted$'
begin "$program"
is_up "before a crash"
kill -SEGV "$pid"
ended "a crash" 139
for signal in TERM HUP; do
    begin "$program"
    is_up "before SIG$signal"
    kill -"$signal" "$reader"
    ended "SIG$signal to the command" $((128 + $(kill -l "$signal")))
done
begin "$program"
is_up "before SIGKILL"
kill -KILL "$reader"
comes is_state "0 1 1" || problem "SIGKILL to the command: the screen was not given back"
type_line "" # the shell's prompt may have come before that
ended "SIGKILL to the command" 137
see "what was held back" '^(ready> )?output: none$'
kill -KILL "$pid"
begin "$program 2>errors"
is_up "with standard error in a file"
touch stop
ended "with standard error in a file" 0
expect_equal "standard error" "error: none" "$(<errors)"
begin "./nothing"
ended "no program" 127
see "no program" '^endorun: .*nothing'

# ---- with other options

begin "--trace=trace.json --stats=statistics -e trace=getppid $program"
is_up "one call"
! shows 'newfstatat' || problem "what was not selected is counted: $(screen)"
touch stop
ended "with --trace and --stats" 0
grep -q '"call":"getppid"' trace.json || problem "no line of the call"
grep -q '"images": 1' statistics || problem "the statistics: $(<statistics)"
begin "--stats -e status=failed -e inject=getppid:error=EPERM $program"
is_up "injected errors"
! shows 'clock_nanosleep' || problem "a call that has not failed is counted: $(screen)"
touch stop
ended "with --stats" 0
see "the statistics" '^endorun: statistics of /usr/bin/python3'
begin "-P /etc/hosts /usr/bin/python3 -S -c 'import os, time
while not os.path.exists(\"stop\"):
    os.close(os.open(\"/etc/hosts\", os.O_RDONLY))
    os.getppid()
    time.sleep(0.01)'"
see "calls that are about a path" '  openat$'
! shows ' getppid$' || problem "-P: another call is counted: $(screen)"
touch stop
ended "with -P" 0

# ---- with a policy

busybox=$(type -P busybox)
printf 'version = 1\ninclude = ["@base"]\n[filesystem]\nread = ["%s/**"]\nexec = ["%s"]\n' "$work" "$(realpath "$busybox")" >policy.toml
isolation=
[[ $(automatic_isolation) == pkey ]] || isolation=--isolation=kernel
begin "$isolation --policy=policy.toml $busybox sh -c 'until [ -e stop ]; do read line </etc/shadow; done; exit 0'"
see "calls that a policy denies" ' errors, [1-9][0-9]*k? denied, 0 lost$'
type_keys 2
see "what they are about" '  /etc/shadow$'
touch stop
ended "with a policy" 0

# ---- slow terminals, much output

/usr/bin/python3 -S "$here/live/terminal.py" "$ENDORUN" || problem "a terminal that is slow"

# ---- errors

expect_refusal 125 "endorun: --live needs a terminal" "$ENDORUN" --live true
begin "true </dev/null"
ended "no input" 125
see "no input" '^endorun: --live needs a terminal$'
begin "true >output"
ended "no output" 125
see "no output" '^endorun: --live needs a terminal$'
type_line "TERM=dumb"
begin "true"
ended "a dumb terminal" 125
see "a dumb terminal" '^endorun: --live needs a terminal whose cursor moves'
refused() { # WORDS OPTION...
    expect_refusal 125 "$1" "$ENDORUN" --live "${@:2}" true
}
refused "endorun: --live has the terminal; the lines of --trace need a file (--trace=FILE)" --trace
refused "endorun: --syscall-times has a meaning with --trace only" -T
refused "endorun: --live takes no argument" --live=1
conclude
