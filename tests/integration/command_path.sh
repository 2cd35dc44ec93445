#!/bin/bash
# Where PROGRAM is found: the path that is handed on, as a table, and compared with a shell.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

mkdir first second plain unsearchable folder folder/prog
for directory in first second; do
    printf '#!/bin/sh\n' >"$directory/prog"
    chmod +x "$directory/prog"
done
printf 'text\n' >plain/prog                 # found, and not executable
cp first/prog unsearchable/prog             # behind a folder without the right to search
cp second/prog only-here
mkfifo plain/pipe
ln -s ../first/prog second/link
ln -s nowhere second/dangling
ln -s loop second/loop
chmod 0 unsearchable
[[ $EUID -ne 0 ]] || chmod 755 unsearchable # root may search everything

finds() { # PATH WORD EXPECTED
    run_standin env PATH="$1" "$ENDORUN_STANDIN" "$2"
    expect_equal "PATH=$1 $2" "$3" "$(reported session.execfn)"
}

misses() { # STATUS MESSAGE PATH WORD
    expect_refusal "$1" "endorun: $2" env PATH="$3" "$ENDORUN_STANDIN" -- "$4"
}

finds first prog first/prog
finds first:second prog first/prog
finds second:first prog second/prog
finds "$work/second" prog "$work/second/prog"
finds first/ prog first/prog
finds first// prog first//prog
finds /nonexistent:first prog first/prog
finds first/prog:second prog second/prog    # an element that is no folder
finds folder:second prog second/prog        # a folder of that name
finds plain:second prog second/prog         # a file without execute permission
finds unsearchable:second prog "$([[ $EUID -eq 0 ]] && echo unsearchable/prog || echo second/prog)"
finds second link second/link
finds second:first prog second/prog

# An empty element is the current folder, at every place; so is an empty PATH.
finds '' only-here ./only-here
finds : only-here ./only-here
finds first: only-here ./only-here
finds :first only-here ./only-here
finds first::second only-here ./only-here
finds :first prog first/prog
finds . only-here ./only-here

# A word with a slash is taken as it is: the image says what is wrong with it.
finds first ./only-here ./only-here
finds first second/prog second/prog
finds first "$work/plain/prog" "$work/plain/prog"
finds first no/such/file no/such/file
finds first /nonexistent /nonexistent
finds first folder/ folder/
finds first / /

misses 127 "nothing: not found in PATH" first:second nothing
misses 127 "only-here: not found in PATH" first:second only-here
misses 127 "prog: not found in PATH" /nonexistent prog
misses 127 "prog: not found in PATH" folder prog
misses 127 "pipe: not found in PATH" plain pipe
misses 127 "dangling: not found in PATH" second dangling
misses 127 "loop: not found in PATH" second loop
misses 127 "'': not found: the name of the program is empty" first ''
misses 127 "a\\x0ab: not found in PATH" first $'a\nb'
misses 127 "-: not found in PATH" first -
misses 126 "plain/prog: permission denied" plain prog
misses 126 "plain/prog: permission denied" "folder:plain:/nonexistent" prog
[[ $EUID -eq 0 ]] || misses 126 "unsearchable/prog: permission denied" unsearchable:plain prog

long=$(printf 'n%.0s' {1..300})
misses 127 "$long: not found in PATH" first "$long"
# The longest path has PATH_MAX bytes with its NUL: "first", slashes, "prog".
slashes=$(printf '/%.0s' {1..4086})
finds "first$slashes" prog "first${slashes}prog"
misses 127 "prog: not found in PATH" "first$slashes/" prog
finds "first$slashes/:second" prog second/prog
deep=$(printf '/d%.0s' {1..30000})
finds "$deep:first" prog first/prog
misses 127 "prog: not found in PATH" "$deep" prog

# Without PATH: the system's standard one.
run_standin env -u PATH "$ENDORUN_STANDIN" true
expect_reported session.execfn /bin/true
expect_refusal 127 "endorun: prog: not found in PATH" env -u PATH "$ENDORUN_STANDIN" prog

# A shell finds the same ones. (Where bash drops a double slash, the file is the same.)
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/bash\necho "$0"\n' | tee first/named second/named only-here >/dev/null
chmod +x first/named second/named
for list in first second:first folder:plain:second /nonexistent:first first/named:second; do
    expect_equal "PATH=$list as bash sees it" "$(PATH=$list /bin/bash -c named)" \
        "$(PATH=$list "$ENDORUN_STANDIN" named && reported session.execfn)"
done
expect_equal "an empty element as bash sees it" "$(PATH=: /bin/bash -c only-here)" ./only-here
conclude
