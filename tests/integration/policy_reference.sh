#!/bin/bash
# What docs/policy.md says and no other test shows: each policy here is small, and about one section of the page.
# shellcheck disable=SC2016 # what is in single quotes is for the shell that is run
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

# Without protection keys the isolation has to be asked for by name.
isolation=()
"$ENDORUN" --check | grep -qE '^--isolation=auto +is pkey' || isolation=(--isolation=kernel)

here=$(pwd -P)
mkdir origin
cd origin
cp "$ATTEMPT" attempt
mkdir -p open/sub open/other closed hidden/folder out/folder out/narrow/inner out/wide
for file in open/file closed/file hidden/file out/file other; do echo text >$file; done
cp "$ATTEMPT" hidden/tool
printf '#!/bin/true\n' >open/script
printf '#!/bin/false\n' >open/forbidden
chmod 755 open/script open/forbidden
ln -s open way
./attempt unix-bind hidden/socket , unix-bind closed/socket , unix-bind open/socket >/dev/null
cd ..
cp -a origin/. .

under() { # POLICY COMMAND...
    local policy=$1
    shift
    "$ENDORUN" "${isolation[@]}" --policy "$policy" -- "$@"
}
# attempts POLICY "RESULT VERB ARGUMENT..."...: played by a program with one thread, and by one with two.
attempts() {
    local policy=$1 threads line
    local words script=() wanted=() results
    shift
    for line; do
        read -ra words <<<"$line"
        script+=("," "${words[@]:1}")
        wanted+=("${words[1]} ${words[0]}")
    done
    for threads in "" --threads; do
        rm -rf open closed hidden out way other made
        cp -a origin/. .
        # shellcheck disable=SC2086 # the word is there or not
        mapfile -t results < <(under "$policy" ./attempt $threads "${script[@]:1}" 2>denials)
        for line in "${!wanted[@]}"; do
            expect_equal "$policy: '${*:line + 1:1}' ${threads:-alone}" "${wanted[line]}" "${results[line]:-}"
        done
    done
}
told() { # PATTERN
    grep -qE "$1" denials || problem "no line '$1' in: $(<denials)"
}
# policy NAME: the rest of a policy, from standard input.
policy() {
    { echo 'version = 1' && cat; } >"$1.toml"
}
# Whether this kernel's Landlock has the ABI.
has_landlock() { # VERSION
    local version
    version=$("$ENDORUN" --check=json | sed -nE 's/.*"landlock": .*"version": ([0-9]+).*/\1/p' || true)
    ((${version:-0} >= $1))
}

# ---- the file and the program

status=0
under @nothing /bin/true 2>stderr || status=$?
expect_equal "status under a built-in profile that allows nothing" 126 "$status"
grep -q 'by @nothing:[0-9]*:[0-9]*: filesystem.default: deny' stderr || problem "the profile's denial: $(<stderr)"
policy version </dev/null
grep -qE '^NoNewPrivs:[[:blank:]]*1$' <(under version.toml grep NoNewPrivs /proc/self/status) || problem "no_new_privs is not set"
attempts version.toml 'ok read closed/file' 'ok create out/made' 'ok unlink out/made' 'ok exec /bin/true' \
    'ECONNREFUSED connect 127.0.0.1 1' 'ok socket 16 3' 'ok call 39' 'ENOSYS call 999'

# ---- three rights

policy rights <<'EOF'
include = ["@base"]
[filesystem]
read = ["./open/**"]
write = ["./out/**", "./made"]
exec = ["./attempt", "./open/script", "/bin/true", "./open/forbidden"]
[network]
bind = ["unix:./**"]
EOF
attempts rights.toml 'ok read open/file' 'EACCES write open/file' 'EACCES exec open/file' \
    'ok write out/file' 'EACCES read out/file' 'EACCES exec out/file' \
    'ok exec ./attempt' 'EACCES read ./attempt' 'EACCES write ./attempt' \
    'ok inotify open/file' 'EACCES inotify closed/file' 'ok exec open/script' 'EACCES exec open/forbidden' \
    'EACCES unix-bind open/new' 'ok unix-bind out/new' \
    'ok mkdir made' 'EACCES rmdir made' 'ok rmdir out/narrow/inner' 'EACCES rmdir out'

# ---- what a look tells

attempts rights.toml 'ok stat closed/file' 'ok lstat closed/file' 'ok access closed/file' 'EINVAL readlink closed/file' \
    'ok chdir closed' 'ok stat file' 'EACCES read file' 'EACCES list . file'

# ---- what is hidden

policy hide <<'EOF'
[filesystem]
default = "allow"
hide = ["./hidden/**"]
[network]
connect = ["unix:./**"]
bind = ["unix:./**"]
EOF
attempts hide.toml 'ENOENT read hidden/file' 'ENOENT write hidden/file' 'ENOENT create hidden/new' 'ENOENT path hidden/file' \
    'ENOENT stat hidden/file' 'ENOENT lstat hidden' 'ENOENT statx hidden/file' 'ENOENT statfs hidden/file' \
    'ENOENT access hidden/file' 'ENOENT readlink hidden/file' 'ENOENT chdir hidden' 'ENOENT list . hidden' \
    'ENOENT list-old . hidden' 'ok list . closed' 'ok list-old . closed' \
    'ENOENT inotify hidden' 'ENOENT inotify hidden/file' 'ENOENT exec hidden/tool' 'ENOENT execveat hidden/tool' \
    'ENOENT unix-connect hidden/socket' 'ENOENT unix-send hidden/socket' 'ENOENT unix-bind hidden/new' \
    'ECONNREFUSED unix-connect open/socket' 'ECONNREFUSED unix-send open/socket' \
    'ENOENT mkdir hidden/new' 'ENOENT mkdir hidden' 'ENOENT rmdir hidden/folder' 'ENOENT unlink hidden/file' \
    'ENOENT rename hidden/file out/new' 'ENOENT rename out/file hidden/new' 'ENOENT link hidden/file out/new' \
    'ENOENT symlink x hidden/new' 'ENOENT mknod hidden/new' 'ENOENT chmod hidden/file' 'ENOENT chown hidden/file' \
    'ENOENT truncate hidden/file' 'ENOENT utimes hidden/file' 'ENOENT setxattr hidden/file' 'ENOENT openat2 hidden/file 8'
# Nor does an error tell what is there: of a file that is gone through as if it were a folder.
attempts hide.toml 'ENOENT read hidden/file/x' 'ENOENT stat hidden/file/x' 'ENOENT exec hidden/file/x' \
    'ENOENT unix-connect hidden/file/x' 'ENOENT unix-bind hidden/file/x'
policy hide-one <<'EOF'
[filesystem]
default = "allow"
hide = ["./hidden/file"]
EOF
ln -s hidden origin/to-hidden
for name in hidden/file/x to-hidden/file/x hidden/file/../folder; do
    attempts hide-one.toml "ENOENT read $name" "ENOENT stat $name" "ENOENT exec $name" "ENOENT unix-connect $name" \
        "ENOENT unix-bind $name"
done
attempts hide-one.toml 'ok stat hidden/folder' 'ENOTDIR stat closed/file/x' 'ENOTDIR exec closed/file/x'
sed '/^connect\|^bind/d' hide.toml >hide-all.toml
attempts hide-all.toml 'ENOENT unix-connect hidden/socket' 'EACCES unix-connect open/socket' 'ENOENT unix-bind hidden/new'

# ---- files that go, and folders that move

policy moves <<'EOF'
include = ["@base"]
[filesystem]
read = ["./**", "/usr/**"]
write = ["./out", "./out/file", "./out/new", "./out/folder"]
exec = ["./attempt"]
EOF
attempts moves.toml 'EACCES rename out/file out/narrow/x' 'ok unlink out/file' 'ok mkdir out/new' 'ok rmdir out/new' 'EACCES unlink other' \
    'ok rmdir out/folder' 'EACCES rmdir out/narrow/inner' 'EACCES rename out/narrow out/new'
policy mv <<'EOF'
include = ["@base"]
[filesystem]
read = ["./**", "/usr/**"]
write = ["./out/**"]
exec = ["./attempt", "/usr/bin/mv", "/bin/mv", "/usr/bin/cp", "./out/tool"]
deny = ["./out/wide/**/*.key"]
EOF
attempts mv.toml 'ok rename out/narrow out/new' 'EXDEV rename out/folder out/wide/new' 'EXDEV rename out/wide out/new2' \
    'ok rename out/file out/moved' 'EXDEV rename out/moved out/tool' 'EXDEV link out/moved out/tool' 'EACCES rename out/moved out/wide/a.key'
under mv.toml mv out/folder out/wide/new || problem "mv of a folder: status $?"
[[ -d out/wide/new && ! -e out/folder ]] || problem "mv has not moved the folder"

# ---- what is denied is denied with all beneath

policy beneath <<'EOF'
include = ["@base"]
[filesystem]
read = ["./open", "./closed/**", "./hidden/**", "./out/**"]
exec = ["./attempt"]
deny = ["./closed", "./out/n?rrow"]
hide = ["./hidden"]
EOF
attempts beneath.toml 'EACCES read closed' 'EACCES read closed/file' 'ENOENT stat hidden/file' 'ENOENT stat hidden' \
    'EACCES stat out/narrow/inner' 'ok read out/file' 'ok read open' 'EACCES read open/file'

# ---- links in rules

policy links <<'EOF'
include = ["@base"]
[filesystem]
read = ["./way/**"]
exec = ["./attempt"]
EOF
attempts links.toml 'ok read open/file' 'ok read way/file' 'EACCES read closed/file'

# ---- in the place of another

ln -s first origin/to-first
policy redirect <<'EOF'
include = ["@base"]
[filesystem]
read = ["./other", "./open/**", "./closed/**"]
write = ["./out/**"]
exec = ["./attempt"]
deny = ["./closed/**"]
redirect = { "./open/file" = "./other", "./open/tool" = "./attempt", "./first" = "./open/file", "./open/no" = "./closed/file", "./open/out" = "./out/new" }
EOF
attempts redirect.toml 'ok read open/file' 'ok exec open/tool' 'ok stat open/tool' 'EACCES read open/no' \
    'EACCES write open/file' 'ok create open/out' 'ok unlink out/new' \
    'ELOOP read first' 'ELOOP read to-first' 'ELOOP stat first' 'ELOOP exec first'
told 'denied: openat\(.*\): read [^ ]*/closed/file .*filesystem.deny'

# ---- sockets

policy network <<'EOF'
[network]
connect = ["127.0.0.1:8001", "[::1]:8001", "[::1]:8003"]
bind = ["127.0.0.1:8001-8002", "[::1]:8002", "unix:@mine*"]
deny = ["[::1]:8003"]
EOF
attempts network.toml 'EACCES connect 127.0.0.1 8003' 'EACCES connect 0.0.0.0 8003' 'ECONNREFUSED connect 0.0.0.0 8001' \
    'ok unix-bind @mine-1' 'EACCES unix-bind @other' 'EACCES unix-connect @mine-1' \
    'ok socket 1 1' 'ok socket 2 1' 'ok socket 2 2' 'EAFNOSUPPORT socket 16 3' 'EAFNOSUPPORT socket 17 3'
if [[ -e /proc/net/if_inet6 && $(</proc/sys/net/ipv6/conf/lo/disable_ipv6) == 0 ]]; then
    attempts network.toml 'ECONNREFUSED connect6 ::1 8001' 'EACCES connect6 ::1 8002' 'EACCES connect6 ::1 8003' \
        'ECONNREFUSED connect6 :: 8001' 'EACCES connect6 :: 8002' 'ok bind6 ::1 8002' 'EACCES bind6 ::1 8001' \
        'ECONNREFUSED connect6 ::ffff:127.0.0.1 8001' 'EACCES connect6 ::ffff:127.0.0.1 8003' \
        'ECONNREFUSED connect6 ::ffff:0.0.0.0 8001'
fi
policy addresses <<'EOF'
[network]
default = "allow"
deny = ["127.0.0.0/8:8000-8010", "unix:./closed/*", "unix:@no?"]
EOF
attempts addresses.toml 'EACCES connect 127.9.9.9 8010' 'ECONNREFUSED connect 127.9.9.9 8011' 'EACCES bind 127.0.0.1 8000' \
    'EACCES unix-connect closed/socket' 'ECONNREFUSED unix-connect open/socket' 'EACCES unix-connect @no1' \
    'ECONNREFUSED unix-connect @not1' 'EACCES unix-send closed/socket' 'EACCES unix-bind closed/new' 'EACCES unix-bind @no1'

# ---- system calls

policy calls <<'EOF'
[syscalls]
deny = ["@aio", "lseek(arg1 in 4..6)", "dup2(arg0 & 0xf0 == 0x10)", "dup2(arg0 == 3, arg1 > 7)",
    { call = "getpriority(arg0 == PRIO_USER)", errno = "ENOSYS" }, "getpriority"]
EOF
attempts calls.toml 'EPERM call 206 1 0' 'EPERM call 207' \
    'EBADF call 8 99 3' 'EPERM call 8 99 4' 'EPERM call 8 99 6' 'EBADF call 8 99 7' \
    'EBADF call 33 0x2f 1' 'EPERM call 33 0x1f 1' 'EPERM call 33 3 8' 'EBADF call 33 3 7' \
    'ENOSYS call 140 2 0' 'EPERM call 140 0 0' 'EPERM call 140 0x100000000 0' 'ENOSYS call 140 0x100000002 0'
policy only <<'EOF'
[syscalls]
default = "deny"
allow = ["@all"]
deny = ["uname"]
EOF
attempts only.toml 'EPERM call 63 0' 'ok call 39'

# ---- processes and signals

policy no-exec <<'EOF'
[process]
exec = false
EOF
attempts no-exec.toml 'EPERM exec /bin/true' 'EPERM execveat /bin/true'
policy signals <<'EOF'
[process]
signals = "sandbox"
EOF
sleep 1000 &
outside=$!
attempts version.toml "ok call 62 $outside 0"
if has_landlock 6; then
    attempts signals.toml "EPERM call 62 $outside 0"
    told=$(under signals.toml sh -c 'sleep 1000 & kill $! && wait $!; echo $?' 2>/dev/null)
    expect_equal "a signal in the sandbox" 143 "$told"
else
    expect_refusal 125 'endorun: signals.toml:3:11: signals = "sandbox" is enforced by Landlock alone, from Linux 6.12 on' \
        under signals.toml true
fi
kill $outside

# ---- limits

policy limits <<'EOF'
[limits]
as = "1T"
core = 0
cpu = "1h"
data = "1T"
fsize = "1.5G"
locks = 12
memlock = "8K"
msgqueue = 1000
nice = 0
nofile = 64
rss = "2G"
rtprio = 0
rttime = "1s"
sigpending = 40
stack = "1M"
EOF
cat >limits <<'EOF'
Max cpu time 3600 3600
Max file size 1610612736 1610612736
Max data size 1099511627776 1099511627776
Max stack size 1048576 1048576
Max core file size 0 0
Max resident set 2147483648 2147483648
Max open files 64 64
Max locked memory 8192 8192
Max address space 1099511627776 1099511627776
Max file locks 12 12
Max pending signals 40 40
Max msgqueue size 1000 1000
Max nice priority 0 0
Max realtime priority 0 0
Max realtime timeout 1000000 1000000
EOF
under limits.toml cat /proc/self/limits | sed -E '/^Limit|processes/d; s/ (seconds|bytes|files|locks|signals|us) *$//; s/ +/ /g; s/ $//' >got
cmp -s limits got || problem "limits: $(diff limits got)"
policy one-limit <<'EOF'
[limits]
core = 0
EOF
told=$(ulimit -Sn 77 && under one-limit.toml sh -c 'ulimit -Sn; ulimit -Hn')
expect_equal "a limit that is inherited" "77 $(ulimit -Hn)" "${told//$'\n'/ }"
if [[ $(id -u) == 0 ]]; then
    under one-limit.toml sh -c 'ulimit -c 1' 2>/dev/null && problem "root has raised a limit"
fi
policy small <<'EOF'
[limits]
fsize = "1K"
EOF
status=0
under small.toml true 2>stderr || status=$?
expect_equal "status with a limit that leaves no room for endorun" 125 "$status"
grep -qE '^endorun: small.toml:3:9: limits.fsize: endorun hands [0-9]+ bytes' stderr || problem "no word of fsize: $(<stderr)"

# ---- environment

policy keep-none <<'EOF'
[environment]
keep = []
set = { LITERAL = "${HOME}*" }
EOF
expect_equal "no variable kept" 'LITERAL=${HOME}*' "$(under keep-none.toml env)"
policy unset <<'EOF'
[environment]
unset = ["GONE_*", "ALONE"]
set = { CHANGED = "new" }
EOF
env | grep -v ^_= >before
GONE_1=1 GONE_=1 GONE=1 ALONE=1 ALONE_NOT=1 CHANGED=old under unset.toml env | grep -v ^_= | grep -vxFf before | sort >after
expect_equal "variables by default" "ALONE_NOT=1 CHANGED=new GONE=1 " "$(tr '\n' ' ' <after)"

# ---- reports

policy report <<'EOF'
[filesystem]
default = "allow"
deny = ["./closed/**"]
[report]
to = "./records"
format = "json"
EOF
echo first >records
attempts report.toml 'EACCES read closed/file' 'EACCES write closed/file'
expect_equal "the line that was there" first "$(head -n 1 records)"
expect_equal "lines behind it, of two runs" 5 "$(wc -l <records)"
HERE=$here /usr/bin/python3 - <<'EOF' || problem "a record: $(sed -n 2p records)"
import json, os
record = json.loads(open("records").readlines()[1])
assert list(record) == ["pid", "program", "call", "arguments", "section", "key", "object", "action", "error", "rule", "file", "line",
                        "column", "called_from", "function", "count"], list(record)
assert record["pid"] > 0 and record["count"] == 1
assert record["program"] == os.environ["HERE"] + "/attempt" and "libc" in record["called_from"]
for key in "pid", "count", "program", "called_from", "function":
    del record[key]
assert record == {"call": "openat", "arguments": 'AT_FDCWD, "closed/file", O_RDONLY|O_CLOEXEC', "section": "filesystem", "key": "read", "object": os.environ["HERE"] + "/closed/file",
                  "action": "deny", "error": "EACCES", "rule": "filesystem.deny: ./closed/**", "file": "report.toml",
                  "line": 4, "column": 9}, record
EOF
sed '/^\[report/,$d' report.toml >text.toml
repeated=()
for _ in 1 2 3 4 5 6 7 8 9; do repeated+=('EACCES read closed/file'); done
attempts text.toml "${repeated[@]}"
expect_equal "how often the same is told" "1 time 2 time 4 time 8" \
    "$(sed -E 's/.*; (time [0-9]+)$/\1/; t; s/.*/1/' denials | tr '\n' ' ' | sed 's/ $//')"
under text.toml sh -c 'exec 2>elsewhere; read -r line <closed/file' 2>stderr || true
! grep -q 'endorun' elsewhere stderr || problem "a denial where the program has put another file: $(<elsewhere)"
# What ends the process, and what is complained of.
policy actions <<'EOF'
[syscalls]
deny = [{ call = "getppid", action = "kill" }, "sysinfo"]
[network]
families = ["unix"]
[limits]
core = 0
[report]
to = "./actions"
format = "json"
EOF
for option in "" --complain; do
    # shellcheck disable=SC2086 # the word is there or not
    ("$ENDORUN" "${isolation[@]}" $option --policy actions.toml -- ./attempt call 99 0 , socket 2 1 , call 110 >stdout || true) 2>/dev/null
    actions=$(sed -E 's/.*"call":"([^"]*)".*"action":"([^"]*)".*/\1 \2/' actions | tr '\n' ' ')
    case $option in
    --complain) expect_equal "results" "call EFAULT socket ok call ok" "$(tr '\n' ' ' <stdout | sed 's/ $//')"
        expect_equal "actions" "sysinfo complain socket complain getppid complain " "$actions" ;;
    *) expect_equal "actions" "sysinfo deny socket deny getppid kill " "$actions" ;;
    esac
    rm -f actions
done

# ---- what is learned

mkdir -p home work/sub
cp attempt work
echo text >work/file
learn() { # OPTION... -- COMMAND...
    (cd work && rm -rf sub/new "$here/learned.toml" && HOME=$here/home TMPDIR=$here/work \
        "$ENDORUN" "${isolation[@]}" learn -o "$here/learned.toml" "$@")
}
learned() { # PATTERN
    grep -qE "^    \"$1,?$" learned.toml || problem "'$1' was not learned: $(<learned.toml)"
}
status=0
learn -- sh -c 'cat file /proc/$$/stat /etc/ssl/openssl.cnf; ./attempt create sub/new , socket 16 3 , bind 127.0.0.1 40000; exit 3' >stdout 2>stderr || status=$?
expect_equal "the status of what was learned" 3 "$status"
for entry in "$here/work/file\", # cat" '/proc/\*/stat", # cat' '/etc/ssl/\*\*", # cat' "$here/work/sub/new\", # attempt" \
    "$here/work/attempt\", # .*sh" '/usr/bin/cat", # .*sh' '127.0.0.1:40000", # attempt' 'inet", # attempt' 'netlink", # attempt'; do
    learned "$entry"
done
! grep -qE '"inet6"|/etc/ld.so.cache' learned.toml || problem "learned what nothing did, or @base allows: $(<learned.toml)"
learn --generalise -- sh -c 'cat file; ./attempt create sub/new , bind 127.0.0.1 40000; (while kill -0 $PPID 2>/dev/null; do sleep 0.1; done; cat ./attempt) & ' >stdout 2>stderr
for entry in '.*\*\*", # cat' '.*\*\*", # attempt' "$here/work/attempt\", # .*sh" '127.0.0.1:32768-60999", # attempt'; do
    learned "$entry"
done
for _ in $(seq 600); do
    ! grep -q "\"object\":\"$here/work/attempt\"" stderr || break
    sleep 0.1
done
grep -q "\"object\":\"$here/work/attempt\"" stderr || problem "what was done afterwards is not told: $(<stderr)"
# What is there holds meanwhile, but for what is denied.
cat >work/merged.toml <<'EOF'
version = 1
include = ["@base"]
[filesystem]
redirect = { "./first" = "./file" }
[process]
exec = false
[environment]
set = { SET = "set" }
[limits]
core = 0
EOF
(cd work && "$ENDORUN" "${isolation[@]}" learn --merge -o merged.toml -- sh -c 'echo $SET $(ulimit -c); cat first') >stdout 2>stderr || problem "learn --merge: $(<stderr)"
expect_equal "what holds with --merge" $'set 0\ntext' "$(<stdout)"
grep -q 'stays denied: .*process.exec: false' stderr || problem "learn --merge: not told: $(<stderr)"
grep -qx 'exec = false' work/merged.toml || problem "learn --merge: allows what is denied: $(<work/merged.toml)"

# ---- the example of README.md

sed -n '/^```toml$/,/^```$/p' "$SOURCE/README.md" | sed '/^```/d' >example.toml
mkdir -p home/project/build home/project/secrets
cat >home/project/Makefile <<'EOF'
build/program: program.c
	gcc -o build/program program.c
	build/program
EOF
printf '#include <stdio.h>\nint main(void) { return puts("runs") < 0; }\n' >home/project/program.c
(cd home/project && HOME=$here/home under ../../example.toml make) >stdout 2>stderr || problem "the example: $(<stderr)"
grep -qx runs stdout || problem "the example has compiled nothing: $(<stdout)"
! grep 'denied:' stderr || problem "the example denies something"
for call in 'open("home/project/secrets/x", O_RDONLY)' 'open("home/project/program.c", O_WRONLY)' \
    'connect(3, "127.0.0.1:80")' 'socket(AF_INET6, SOCK_STREAM)'; do
    ! HOME=$here/home "$ENDORUN" policy test example.toml "$call" >stdout || problem "the example allows $call"
done
HOME=$here/home "$ENDORUN" policy test example.toml 'connect(3, "127.0.0.1:5432")' >stdout || problem "the example: $(<stdout)"
HOME=$here/home "$ENDORUN" policy test example.toml 'socket(AF_INET, SOCK_STREAM)' >stdout || problem "the example: $(<stdout)"

# ---- the command

asked() { # ANSWER CALL
    local answer
    answer=$("$ENDORUN" policy test "$policy" "$2" | tail -n 1 || true)
    expect_equal "policy test $policy '$2'" "$1" "$answer"
}
policy=rights.toml
asked allowed 'openat2(AT_FDCWD, "open/file", O_RDONLY)'
asked denied 'openat2(AT_FDCWD, "open/file", O_RDWR)'
asked allowed 'openat2(AT_FDCWD, "out/made", O_WRONLY|O_CREAT)'
asked allowed 'open("out/file", O_WRONLY|O_TRUNC)'
asked allowed 'unlink("out/folder/x")'
[[ ! -e out/made && -s out/file ]] || problem "policy test has carried a call out"
policy=hide.toml
asked denied 'connect(3, "unix:hidden/socket")'
asked allowed 'connect(3, "unix:open/socket")'
policy=mv.toml
asked denied 'rename("out/folder", "out/wide/new")'
asked allowed 'rename("out/narrow", "out/new")'
"$ENDORUN" policy print @names >names.toml
"$ENDORUN" policy check names.toml >/dev/null || problem "what is printed of @names is no policy"
grep -qF '"/etc/resolv.conf", # @names:' names.toml || problem "no origin in what is printed of @names"
conclude
