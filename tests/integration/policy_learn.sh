#!/bin/bash
# `endorun learn`: what it writes is a policy under which the same run ends in the same way, without a denial, and under
# which nothing else is allowed.
# shellcheck disable=SC2016 # what is in single quotes is for the shell that is run
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

isolation=()
"$ENDORUN" --check | grep -qE '^--isolation=auto +is pkey' || isolation=(--isolation=kernel)
under() {
    "$ENDORUN" "${isolation[@]}" "$@"
}

# Usage.
takes='learn takes -o FILE [--generalise] [--] PROGRAM [ARG]...'
expect_refusal 125 "endorun: learn: no PROGRAM was given; $takes" "$ENDORUN" learn -o x
expect_refusal 125 "endorun: learn: no file for the policy; $takes" "$ENDORUN" learn true
expect_refusal 125 "endorun: learn: unknown option '--outputt'; $takes" "$ENDORUN" learn --outputt x true
expect_refusal 125 "endorun: learn: /nowhere/x: cannot be written: No such file or directory" "$ENDORUN" learn -o /nowhere/x true
echo kept >there
expect_refusal 125 "endorun: learn: there is there already; remove it, or name another file" "$ENDORUN" learn -o there true
expect_equal "a file that was there" kept "$(<there)"
expect_refusal 125 "endorun: --stats has no meaning with the command learn" "$ENDORUN" --stats learn -o x true

# The status is the program's.
status=0
under learn -o status.toml sh -c 'exit 7' || status=$?
expect_equal "status of what was learned" 7 "$status"
status=0
under learn -o status2.toml -- missing-program 2>stderr || status=$?
expect_equal "status of a program that is missing" 127 "$status"

# A folder for each run, so that the first leaves nothing to the second.
fresh() {
    rm -rf run
    mkdir -p run/folder
    echo text >run/folder/file
    printf '#include <stdio.h>\nint main(void)\n{\n    return puts("compiled") < 0;\n}\n' >run/program.c
}
learn_again() { # NAME PROGRAM COMMAND...
    local name=$1 program=$2 first=0 second=0
    shift 2
    command -v "$program" >/dev/null || {
        echo "not run: $name, there is no $program"
        return
    }
    fresh
    (cd run && TMPDIR=$work/run under learn --generalise -o "$work/$name.toml" -- "$@" >"$work/first" 2>"$work/first.err") || first=$?
    fresh
    (cd run && TMPDIR=$work/run under --policy "$work/$name.toml" "$@" >"$work/second" 2>"$work/second.err") || second=$?
    expect_equal "$name: status" "$first" "$second"
    cmp -s first second || problem "$name: the output differs: $(diff first second | head -n 5)"
    ! grep -h 'denied:' second.err || problem "$name: denied what was learned"
    # What was not done is not allowed.
    for forbidden in /etc/shadow "$HOME/.ssh" /usr/bin/nothing-like-it; do
        ! "$ENDORUN" policy test "$name.toml" "open(\"$forbidden\", O_RDONLY)" >verdict || problem "$name: $forbidden: $(<verdict)"
        ! "$ENDORUN" policy test "$name.toml" "unlink(\"$forbidden\")" >verdict || problem "$name: $forbidden: $(<verdict)"
    done
    ! "$ENDORUN" policy test "$name.toml" 'connect(3, "192.0.2.1:80")' >verdict || problem "$name: a connect: $(<verdict)"
}
export HOME=$work/home
mkdir -p home
learn_again shell sh sh -c 'cat folder/file; ls folder; echo more >>folder/file; mv folder/file folder/other; find . | sort; rm -r folder; mkdir -p a/b; date >/dev/null; id -u'
learn_again git git sh -c 'git init -q r && cd r && git config user.email a@b && git config user.name n && echo a >f && git add f && git commit -qm m && git log --format=%s && git gc -q && git clone -q . ../clone'
learn_again python /usr/bin/python3 /usr/bin/python3 -c '
import json, subprocess, tempfile, threading, socket
print(subprocess.run(["echo", "hi"], capture_output=True).stdout)
thread = threading.Thread(target=lambda: print(open("folder/file").read()))
thread.start()
thread.join()
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x")
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname()) if False else None
print(json.dumps([1]))'
learn_again gcc gcc sh -c 'gcc -O1 -o program program.c && ./program'
learn_again tar tar sh -c 'tar czf x.tgz folder program.c && tar tzf x.tgz'
learn_again perl perl perl -MPOSIX -e 'open F, "folder/file"; print <F>; print strftime("%Y", gmtime(0))'
learn_again sqlite sqlite3 sqlite3 db 'create table t(a); insert into t values(1); select * from t;'
learn_again node node node -e 'require("fs").writeFileSync("o", "x"); console.log(require("child_process").execSync("echo hi").toString()); new (require("worker_threads").Worker)("console.log(1)", {eval: true})'
learn_again curl curl sh -c 'curl -s "file://$PWD/folder/file"; curl -s http://127.0.0.1:1/; echo $?'
conclude
