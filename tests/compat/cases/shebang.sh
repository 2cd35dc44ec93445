# shellcheck shell=bash disable=SC2034
case_program="scripts with #!"
case_exercises="interpreter with and without argument, nested three and five deep (ELOOP), relative interpreter, long first lines, spaces and CRLF, missing and non-executable interpreters, scripts without #!, \$0 and argv of each"
case_needs=(bash:bash gcc:gcc /usr/include/stdio.h:libc6-dev /usr/bin/python3:python3)
case_timeout=60

prepare() {
    gcc -O2 -o show "$PROGRAMS/show_arguments.c"
}

# usage: script NAME FIRST_LINE
script() {
    printf '#!%s\nbody of %s\n' "$2" "$1" >"$1"
    chmod +x "$1"
}

work() {
    local depth name
    cp "$PREPARED/show" show
    mkdir folder
    script plain "$PWD/show"
    script one-argument "$PWD/show two words"
    script spaces "   $PWD/show    -x   "
    script relative ./show
    script folder/relative ../show
    script crlf "$PWD/show"$'\r'
    script empty ''
    script missing /no/such/interpreter
    script unusable "$PWD/plain-data"
    printf 'data\n' >plain-data
    script long "$PWD/show $(printf 'x%.0s' {1..220})"
    script env '/usr/bin/env -S printf %s|'
    script nest1 "$PWD/plain first"
    for depth in 2 3 4 5 6; do
        script "nest$depth" "$PWD/nest$((depth - 1)) level$depth"
    done
    # shellcheck disable=SC2016 # for the shell that is started
    printf 'echo no first line "$0" "$@"\n' >bare
    chmod +x bare

    # The shell reports which of these can be started; the messages name the file and the reason.
    for name in plain one-argument spaces relative crlf empty missing unusable long env nest1 nest2 nest3 nest4 nest5 nest6 bare; do
        printf '== %s\n' "$name"
        under bash -c '"$@"; echo "status $?"' bash "./$name" a '' 'b c' 2>&1
    done
    printf '== from another folder\n'
    (cd folder && under bash -c './relative x; echo "status $?"')
    # The same given to the kernel by the program itself, and by the command line under test.
    for name in plain one-argument nest3 nest5 nest6 missing crlf; do
        printf '== execve %s\n' "$name"
        under /usr/bin/python3 "$PROGRAMS/exec_and_report.py" "./$name" argv0 a b || printf 'status %d\n' $?
    done
    for name in ./plain ./nest3 "$PWD/one-argument"; do
        printf '== started: %s\n' "$name"
        expect_status 4 "$name" x y
    done
    PATH=$PWD:$PATH expect_status 4 plain through PATH
}
