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
takes='learn takes -o FILE [--merge] [--generalise] [--] PROGRAM [ARG]...'
expect_refusal 125 "endorun: learn: no PROGRAM was given; $takes" "$ENDORUN" learn -o x
expect_refusal 125 "endorun: learn: no file for the policy; $takes" "$ENDORUN" learn true
expect_refusal 125 "endorun: learn: unknown option '--outputt'; $takes" "$ENDORUN" learn --outputt x true
expect_refusal 125 "endorun: learn: /nowhere/x: cannot be written: No such file or directory" "$ENDORUN" learn -o /nowhere/x true
expect_refusal 125 "endorun: learn: -o needs an argument: -o FILE" "$ENDORUN" learn --merge -o
"$ENDORUN" learn --help --bogus >help 2>stderr || problem "learn --help: status $?"
[[ ! -s stderr ]] || problem "learn --help: wrote on stderr"
for option in '-o FILE' --merge --generalise --help; do
    grep -qxF "  $option" help || problem "learn --help does not list $option"
done
expect_refusal 125 "endorun: cannot write to standard output: No space left on device" \
    bash -c 'exec "$0" learn --help >/dev/full' "$ENDORUN"
echo kept >there
expect_refusal 125 "endorun: learn: there is there already; remove it, name another file, or extend it by --merge" "$ENDORUN" learn -o there true
expect_equal "a file that was there" kept "$(<there)"
expect_refusal 125 "endorun: learn: @base is the name of a built-in profile; a file is ./@base" "$ENDORUN" learn -o @base true
expect_refusal 125 "endorun: learn: . is no regular file, and can't be extended" "$ENDORUN" learn --merge -o . true
expect_refusal 125 "endorun: --stats has no meaning with the command learn" "$ENDORUN" --stats learn -o x true

# The status is the program's.
status=0
under learn -o status.toml sh -c 'exit 7' || status=$?
expect_equal "status of what was learned" 7 "$status"
status=0
under learn -o status2.toml -- missing-program 2>stderr || status=$?
expect_equal "status of a program that is missing" 127 "$status"
[[ ! -e status2.toml ]] || problem "a program that is missing leaves a policy"

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
for generalise in '' --generalise; do
    under learn $generalise -o "executed$generalise.toml" -- sh -c /usr/bin/true 2>stderr
done
allows_reading() { # POLICY
    "$ENDORUN" policy test "$1" 'open("/usr/bin/true", O_RDONLY)' >verdict
}
! allows_reading executed.toml || problem "what was executed may be read: $(<verdict)"
allows_reading executed--generalise.toml || problem "--generalise: what was executed may not be read: $(<verdict)"
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

# --merge: what is there stays, byte for byte; what was missing is added, once.
here=$(pwd -P)
echo text >data
cat >cat.toml <<END
version = 1
include = ["@base"]
[filesystem]
exec = ["$(realpath "$(type -P cat)")"]
END
head=$'version = 1\ninclude = ["cat.toml"]\n'
merge() { # NAME COMMAND...
    local name=$1 status=0
    shift
    under learn --merge -o "$name.toml" -- "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
    expect_equal "merge: $name: status" 0 "$status"
}
# What becomes of a file when cat reads `data`; in AFTER, ENTRY is the new one.
expect_merged() { # NAME BEFORE AFTER
    local name=$1 inode
    printf '%s' "$2" >"$name.toml"
    chmod 640 "$name.toml"
    merge "$name" cat data
    [[ ! -s stderr ]] || problem "merge: $name: $(<stderr)"
    printf '%s' "${3//ENTRY/\"$here/data\", # cat}" >expected
    cmp -s expected "$name.toml" || problem "merge: $name: $(diff <(cat -A expected) <(cat -A "$name.toml"))"
    expect_equal "merge: $name: mode" 640 "$(stat -c %a "$name.toml")"
    expect_equal "merge: $name: files" "$name.toml" "$(echo "$name.toml"*)"
    "$ENDORUN" policy check "$name.toml" >/dev/null || problem "merge: $name: no policy"
    under --policy "$name.toml" cat data >stdout 2>stderr || problem "merge: $name: cat fails: $(<stderr)"
    ! grep denied: stderr || problem "merge: $name: denied what was learned"
    inode=$(stat -c %i "$name.toml")
    merge "$name" cat data
    cmp -s expected "$name.toml" || problem "merge: $name: a second run changes it"
    expect_equal "merge: $name: not written a second time" "$inode" "$(stat -c %i "$name.toml")"
}
expect_merged one_line "$head"$'[filesystem]\nread = ["/a", \'/b#]\'] # ]\n' \
    "$head"$'[filesystem]\nread = ["/a", \'/b#]\',\n    ENTRY\n] # ]\n'
expect_merged empty "$head"$'[filesystem] # ]\n  read=[] # none yet\n[network]\n' \
    "$head"$'[filesystem] # ]\n  read=[\n      ENTRY\n  ] # none yet\n[network]\n'
expect_merged lines "$head"$'[filesystem]\nread = [\n\t# ] first\n\t"/a", # a]\n\t"/b" # , b\n\t# the end, ]\n]\ndeny = [\'/c\']\n' \
    "$head"$'[filesystem]\nread = [\n\t# ] first\n\t"/a", # a]\n\t"/b", # , b\n\t# the end, ]\n\tENTRY\n]\ndeny = [\'/c\']\n'
expect_merged only_comment "$head"$'[filesystem]\nread = [ # "/a",\n]\n' \
    "$head"$'[filesystem]\nread = [ # "/a",\n    ENTRY\n]\n'
expect_merged trailing_comma "$head"$'[filesystem]\nread = [\n  "/a"\n  , # ,\n  ]' \
    "$head"$'[filesystem]\nread = [\n  "/a"\n  , # ,\n  ENTRY\n  ]'
expect_merged strings "$head"$'[filesystem]\nread = ["""\\\n  /a]\\"""", \'\'\'/b]\n#\'\'\', "/\\"],#"]' \
    "$head"$'[filesystem]\nread = ["""\\\n  /a]\\"""", \'\'\'/b]\n#\'\'\', "/\\"],#",\n    ENTRY\n]'
expect_merged crlf $'version = 1\r\ninclude = ["cat.toml"]\r\n[filesystem]\r\nread = [\r\n  "/a"\r\n]\r\n' \
    $'version = 1\r\ninclude = ["cat.toml"]\r\n[filesystem]\r\nread = [\r\n  "/a",\r\n  ENTRY\r\n]\r\n'
expect_merged crlf_key $'version = 1\r\ninclude = ["cat.toml"]\r\n[filesystem]\r\nexec = [\'/a\']' \
    $'version = 1\r\ninclude = ["cat.toml"]\r\n[filesystem]\r\nexec = [\'/a\']\r\nread = [\r\n    ENTRY\r\n]\r\n'
expect_merged no_key "$head"$'  [ "filesystem" ] # mine' \
    "$head"$'  [ "filesystem" ] # mine\n  read = [\n      ENTRY\n  ]\n'
expect_merged before_next "$head"$'[filesystem]\ndefault = "deny" # ,\n\n# of the network\n[network]\n' \
    "$head"$'[filesystem]\ndefault = "deny" # ,\nread = [\n    ENTRY\n]\n\n# of the network\n[network]\n'
expect_merged no_section "${head%$'\n'}" "$head"$'\n[filesystem]\nread = [\n    ENTRY\n]\n'
expect_merged subsection "$head"$'[filesystem.redirect]\n"/a.b" = "/c"' \
    "$head"$'[filesystem.redirect]\n"/a.b" = "/c"\n\n[filesystem]\nread = [\n    ENTRY\n]\n'
expect_merged dotted $'\xef\xbb\xbffilesystem.read = ["/a"]\n'"$head" \
    $'\xef\xbb\xbffilesystem.read = ["/a",\n    ENTRY\n]\n'"$head"
expect_merged dotted_key $'\xef\xbb\xbffilesystem . "write" = ["/a"]\n'"$head"$'[network]' \
    $'\xef\xbb\xbffilesystem . "write" = ["/a"]\nfilesystem . read = [\n    ENTRY\n]\n'"$head"$'[network]'
expect_merged inline "$head"'filesystem = { read = ["/a"], write = [] }' \
    "$head"$'filesystem = { read = ["/a",\n    ENTRY\n], write = [] }'

expect_merged heading_of_tables "$head"$'[filesystem]\nredirect."/a" = "/b"\n[[syscalls.deny]]\ncall = "acct"\n' \
    "$head"$'[filesystem]\nread = [\n    ENTRY\n]\nredirect."/a" = "/b"\n[[syscalls.deny]]\ncall = "acct"\n'
expect_merged inline_beside "$head"$'[filesystem]\nredirect = { "/a" = "/b" } # }\n' \
    "$head"$'[filesystem]\nredirect = { "/a" = "/b" } # }\nread = [\n    ENTRY\n]\n'

# A link is followed, not replaced.
printf '%s' "$head" >target.toml
ln -s target.toml link.toml
merge link cat data
[[ -L link.toml ]] || problem "merge: a link is replaced"
grep -qF "$here/data" target.toml || problem "merge: where a link leads to is not extended"

# What can't be edited is left as it is.
expect_unmerged() { # TEXT MESSAGE
    printf '%s' "$1" >unmerged.toml
    expect_unmerged_line 'text' "$2"
    expect_equal "what can't be extended" "$1" "$(<unmerged.toml)"
    expect_equal "files beside what can't be extended" unmerged.toml "$(echo unmerged.toml*)"
}
expect_unmerged_line() { # OUTPUT MESSAGE
    local status=0
    under learn --merge -o unmerged.toml -- cat data >stdout 2>stderr || status=$?
    expect_equal "status of a file that can't be extended" 125 "$status"
    expect_equal "output of a program whose policy can't be extended" "$1" "$(<stdout)"
    expect_equal "message about a file that can't be extended" "$2" "$(<stderr)"
}
expect_unmerged "$head"'filesystem = { write = [] }' \
    "endorun: learn: unmerged.toml:3:14: nothing can be added to 'read' of [filesystem] here: write the inline table as a section, under a heading; the file stays as it was"
expect_unmerged "$head"'filesystem.redirect."/a" = "/b"' \
    "endorun: learn: unmerged.toml:3:1: nothing can be added to 'read' of [filesystem] here: write the keys under a heading; the file stays as it was"
expect_unmerged "$head"$'[filesystem]\nread = ["./data"]\n[[syscalls.allow]]\ncall = "@file"\n[syscalls]\ndefault = "deny"' \
    "endorun: learn: unmerged.toml:5:1: nothing can be added to 'allow' of [syscalls] here: write the tables into an array, \`[{ ... }]\`; the file stays as it was"

# Calls that are denied under headings of their own are no place for those that are allowed.
printf '%s[filesystem]\nread = ["./data"]\n[syscalls]\ndefault = "deny"\n[[syscalls.deny]]\ncall = "acct"\n' "$head" >calls.toml
merge calls cat data
expect_equal "merge: calls: where" $'default = "deny"\nallow = [' "$(sed -n 6,7p calls.toml)"
expect_equal "merge: calls: end" $']\n[[syscalls.deny]]' "$(tail -n 3 calls.toml | head -n 2)"
grep -qFx '    "arch_prctl", # cat' calls.toml || problem "merge: calls: $(<calls.toml)"
under --policy calls.toml cat data >stdout 2>stderr || problem "merge: calls: $(<stderr)"
! grep denied: stderr || problem "merge: calls: denied what was learned"

# What is no policy is told before anything runs.
printf 'version = 1\n[filesystem]\nraed = []\n' >unmerged.toml
expect_unmerged_line '' "unmerged.toml:3:1: unknown key 'raed' in [filesystem] (the nearest known one is 'read')
endorun: unmerged.toml is no policy"
expect_equal "what is no policy" $'version = 1\n[filesystem]\nraed = []' "$(<unmerged.toml)"

# Without a file it is as without --merge; a section that is written nowhere restricts nothing.
merge new cat data
under learn -o plain.toml -- cat data >/dev/null
cmp -s new.toml plain.toml || problem "merge: a new file differs: $(diff new.toml plain.toml)"
echo 'version = 1' >free.toml
merge free cat data
expect_equal "a policy that allows everything" 'version = 1' "$(<free.toml)"

# What somebody denied stays denied, and is told.
cat >denied.toml <<END
version = 1
include = ["cat.toml"]
[filesystem]
deny = ["./data"]
hide = ["./hidden/**"]
[syscalls]
deny = [{ call = "uname", action = "kill" }]
allow = [{ call = "getpid", log = true }]
[network]
END
mkdir hidden
echo more >hidden/more
cp denied.toml before.toml
merge denied cat data hidden/more
cmp -s before.toml denied.toml || problem "merge: allows what is denied: $(diff before.toml denied.toml)"
for line in "read $here/data, by denied.toml:4:9: filesystem.deny: ./data; cat" \
    "read $here/hidden/more, by denied.toml:5:9: filesystem.hide: ./hidden/\*\*; cat"; do
    grep -q "^endorun: learn: stays denied: $line\$" stderr || problem "merge: not told: $line; $(<stderr)"
done

# Each list by what is not in it: families as they are without a line, calls by their names.
if [[ -n $(type -P perl) ]]; then
    cat >lists.toml <<END
version = 1
include = ["@base"]
[filesystem]
default = "allow"
[network]
[syscalls]
default = "deny"
deny = ["getppid"]
allow = [
  { call = "getpid", log = true },
  "@file", "@memory", # and more
]
END
    script='use Socket; socket(A, 16, SOCK_RAW, 0); socket(B, PF_INET, SOCK_DGRAM, 0); bind(B, sockaddr_in(0, INADDR_LOOPBACK));
        connect(B, sockaddr_in(9, INADDR_LOOPBACK)); getppid(); print "$$" > 0 ? "done" : ""'
    merge lists perl -e "$script"
    grep -q 'stays denied: getppid, by lists.toml:8:9: syscalls.deny: getppid; perl' stderr || problem "merge: lists: $(<stderr)"
    for line in '"netlink", # perl' '"unix", # the default' '"127.0.0.1:9", # perl' '"127.0.0.1:0", # perl' '"socket", # perl'; do
        grep -qE "^ +$line\$" lists.toml || problem "merge: lists: no $line in $(<lists.toml)"
    done
    ! grep -q '"getppid",' lists.toml || problem "merge: lists: a call that is denied is allowed"
    cp lists.toml before.toml
    merge lists perl -e "$script"
    cmp -s before.toml lists.toml || problem "merge: lists: a second run adds $(diff before.toml lists.toml)"
    under --policy lists.toml perl -e "${script/getppid();/}" >stdout 2>stderr || problem "merge: lists: $(<stderr)"
    ! grep denied: stderr || problem "merge: lists: denied what was learned"
fi
conclude
