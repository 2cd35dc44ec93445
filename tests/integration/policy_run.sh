#!/bin/bash
# `endorun --policy`: each action by every call that can do it, in a program with one thread and in one with several.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

# Without protection keys the isolation has to be asked for by name.
isolation=()
"$ENDORUN" --check | grep -qE '^--isolation=auto +is pkey' || isolation=(--isolation=kernel)

here=$(pwd -P)
cp "$ATTEMPT" attempt
mkdir -p open/folder open/sub closed hidden out/folder
for file in open/file open/folder/file closed/file hidden/file out/file out/old other; do echo text >$file; done
printf '#!%s/script-interpreter\n' "$here" >open/script
printf '#!/bin/sh\nexit 0\n' >open/forbidden
cp "$ATTEMPT" open/tool
chmod 755 open/script open/forbidden
ln -s ../closed/file open/way-out
ln -s ../open/file closed/way-in
ln -s "$here/open" way
ln -s loop loop
mkdir origin
cp -a open closed hidden out other origin
cat >policy.toml <<'END'
version = 1
include = ["@base"]
[filesystem]
read = ["./open/**", "./closed/**", "./out/**", "./attempt", "./new", "./deep/**"]
write = ["./out/**", "./new", "./deep/**"]
exec = ["./attempt", "./open/tool"]
deny = ["./closed/**"]
hide = ["./hidden/**"]
redirect = { "./open/replaced" = "./other" }
[network]
connect = ["127.0.0.1:8001", "unix:./out/socket", "unix:@permitted"]
bind = ["127.0.0.1:8001-8002", "unix:./out/*"]
families = ["inet", "unix"]
[syscalls]
deny = [{ call = "sysinfo", errno = "EIO" }, "personality(arg0 == 8)", { call = "vhangup", action = "kill" }]
END
sed -i 's|^read = \["./open|read = [".", "./other", "./open|' policy.toml

under() {
    "$ENDORUN" "${isolation[@]}" --policy policy.toml -- "$@"
}

# expect RESULT VERB ARGUMENT...: one line of a script that is played by one program, in `play`.
script=() wanted=() actions=()
expect() {
    wanted+=("$2 $1")
    actions+=("${*:2}")
    script+=("," "${@:2}")
}
# The call of a verb, as `policy test` takes it; nothing for those that are more than one call.
call_of() { # VERB ARGUMENT...
    case $1 in
    read) echo "open(\"$2\", O_RDONLY)" ;;
    write) echo "openat(AT_FDCWD, \"$2\", O_WRONLY)" ;;
    create) echo "open(\"$2\", O_WRONLY|O_CREAT, 0600)" ;;
    create-to-read) echo "open(\"$2\", O_RDONLY|O_CREAT, 0600)" ;;
    empty) echo "open(\"$2\", O_RDONLY|O_TRUNC)" ;;
    creat | stat | lstat | access | readlink | mkdir | rmdir | unlink | chmod | truncate) echo "$1(\"$2\")" ;;
    rename | link) echo "$1(\"$2\", \"$3\")" ;;
    exec) echo "execve(\"$2\")" ;;
    connect | bind) echo "$1(3, \"$2:$3\")" ;;
    sendto) echo "sendto(3, \"x\", 1, 0, \"$2:$3\")" ;;
    socket) echo "socket($2, $3)" ;;
    esac
}
# What the decision says without running anything is what the run comes to.
ask() { # VERB ARGUMENT... (sets `asked`)
    local call
    asked=
    call=$(call_of "$@")
    [[ -n $call && $* != */proc/* ]] || return 0
    if "$ENDORUN" policy test policy.toml "$call" >answer 2>&1; then
        asked=allowed
    elif [[ $(tail -n 1 answer) == denied ]]; then
        asked=denied
    fi
}
# Plays it in a program with one thread, and in one with two; the folders are as they were each time.
play() {
    local threads i asked folder=$here
    for threads in "" --threads; do
        rm -rf open closed hidden out new other
        cp -a origin/. .
        # shellcheck disable=SC2086 # the word is there or not
        mapfile -t results < <(under ./attempt $threads "${script[@]:1}" 2>denials)
        for i in "${!wanted[@]}"; do
            expect_equal "'${actions[i]}' ${threads:-alone}" "${wanted[i]}" "${results[i]:-}"
        done
    done
    rm -rf open closed hidden out new other
    cp -a origin/. .
    for i in "${!wanted[@]}"; do
        [[ -z ${ENDORUN_VM:-} ]] || break # the kernel has no part in it
        case ${wanted[i]} in "chdir ok") folder=${actions[i]#chdir } ;; esac
        [[ $folder == "$here" ]] || continue # relative names are from elsewhere
        # shellcheck disable=SC2086 # words of a script
        ask ${actions[i]}
        case ${wanted[i]} in
        *EACCES | *EPERM | *EAFNOSUPPORT) threads=denied ;;
        *ENOENT | *EEXIST) threads=$asked ;; # hidden, or by what is there
        *) threads=allowed ;;
        esac
        [[ -z $asked ]] || expect_equal "policy test: ${actions[i]}" "$threads" "$asked"
    done
    script=() wanted=() actions=()
}
told() { # PATTERN
    grep -qE "$1" denials || problem "no line '$1' in: $(<denials)"
}

# ---- reading and writing

expect ok read open/file
expect ok read "$here/open/../open/./folder//file"
expect ok read way/file
expect ok read closed/way-in # the object counts
expect EACCES read closed/file
expect EACCES read open/way-out
expect EACCES read way/../closed/file
expect ENOTDIR read other/../closed/file
expect ENOENT read hidden/file
expect ENOENT read hidden/nothing
expect ENOENT read open/nothing
expect ELOOP read loop
expect ELOOP nofollow open/way-out
expect EACCES nofollow way
expect EACCES read /etc/shadow
expect ok read-at open file
expect EACCES read-at open ../closed/file
expect EACCES read-at / "$here/closed/file"
expect EACCES read /proc/self/cwd/closed/file
expect EACCES read "/proc/self/root$here/closed/file"
expect ok read "/proc/self/cwd/open/file"
expect ok read "/proc/self/status"
expect ok read "/proc/thread-self/status"
expect EACCES read "/proc/1/status"
expect ok openat2 open/file 0
expect ELOOP openat2 way/file 4 # RESOLVE_NO_SYMLINKS
expect ok openat2 open//file 4
expect EACCES openat2 closed/file 8 # RESOLVE_BENEATH
expect ok openat2 open/file 8
expect ok lowest open/file
expect ok lowest way/file
expect ok pipe-again
expect ok again open/file 0 0
expect EACCES again open/file 0 1
expect ok again out/file 0 1
expect EACCES again closed/file 0x200000 0 # O_PATH needs a look alone: and that is denied as well
expect ok again other 0x200000 0x200000
expect EACCES write open/file
expect EACCES empty open/file
expect ok write out/file
expect ok create out/new
expect ok unlink out/new
expect ok create new
expect EACCES unlink new # that is to change the folder
expect EACCES create open/new
expect EACCES exclusive open/new
expect ok exclusive out/new
expect EEXIST exclusive out/new
expect EACCES exclusive open/file
expect ok unlink out/new
expect EACCES create-to-read open/new
expect ok create-to-read open/file
expect EACCES creat open/file
expect EACCES create open/way-out
expect ok temporary out
expect EACCES temporary open
play
told "^endorun\[[0-9]+\]: denied: openat\(AT_FDCWD, \"closed/file\", O_RDONLY[A-Z_|]*\): read $here/closed/file \(EACCES\), by policy.toml:[0-9]+:9: filesystem.deny: ./closed/\*\*; $here/attempt, called from /.*libc.*\(open(64)?\)"
told 'filesystem.default: deny; .*; would be allowed by \[filesystem\] write = \["'"$here"'/open/file"\]'
expect_equal "a file that was not to be emptied" text "$(<open/file)"
[[ ! -e open/new ]] || problem "a file was made where none may be"

# ---- the other calls

for verb in stat lstat access readlink statfs statx chdir; do
    result=ok
    [[ $verb != readlink ]] || result=EINVAL
    [[ $verb != chdir ]] || result=ENOTDIR
    expect $result $verb open/file
    expect EACCES $verb closed/file
    expect ENOENT $verb hidden/file
done
expect ok chdir open/folder
expect ok nofollow file
expect EACCES nofollow ../../closed/file
expect ok chdir "$here"
expect ok readlink way
expect ok lstat open/way-out
expect EACCES stat open/way-out
expect ok stat /proc/self/exe
expect ok readlink /proc/self
expect EACCES mkdir open/new
expect ok mkdir out/new
expect EEXIST mkdir out/new/.
expect EEXIST mkdir open/sub
expect EACCES mkdir closed/way-in
expect ENOENT mkdir hidden/file
expect ok rmdir out/new
expect ok mkdir out/new/
expect ok rmdir out/new/
expect EACCES rmdir open/sub
expect ok rmdir out/folder
expect EACCES unlink open/file
expect ENOENT unlink new
expect ENOENT rmdir open/new
expect EACCES unlink closed/new
expect ENOENT rename open/new out/moved
expect EEXIST rename-new out/old open/file
expect EACCES rename-new out/old open/new
expect ok rename out/old out/moved
expect ok rename out/moved out/old
expect EACCES rename out/old open/moved
expect EACCES rename open/file out/moved
expect EACCES rename open/file open/moved
expect EBADF rename-to-closed out/old moved
expect ok rename-to-closed out/old "$here/out/moved"
expect ok rename out/moved out/old
expect ok exchange out/old out/file
expect EACCES exchange out/old open/file
expect ok link out/old out/new
expect ok unlink out/new
expect EACCES link open/file out/new
expect EACCES link closed/file out/new
expect EACCES link-followed open/way-out out/new
expect ok symlink nowhere out/new
expect ok unlink out/new
expect EACCES symlink nowhere open/new
expect EEXIST symlink nowhere open/file
expect EEXIST link out/old open/file
expect EACCES link out/old open/new
expect ok mknod out/new
expect ok unlink out/new
expect EACCES mknod open/new
expect EEXIST mknod open/file
for verb in chmod chown truncate utimes fchmod; do
    expect ok $verb out/file
    expect EACCES $verb open/file
    expect EACCES $verb closed/way-in
done
expect ok list . open
expect ok list . closed
expect ENOENT list . hidden
expect EACCES setxattr open/file
expect ok inotify open/file
expect EACCES inotify closed/file
play

# ---- names that have no room: what would be decided on is not cut

# A folder of 4,040 bytes, and ways to it in two steps.
element=$(printf 'd%.0s' {1..200})
deep=$here/deep
while ((${#deep} + 201 < 4040)); do deep+=/$element; done
deep+=/$(printf 'd%.0s' $(seq $((4039 - ${#deep}))))
first=${deep:0:2000}
first=${first%/*}
long=$(printf 'n%.0s' {1..90})
rm -rf deep
(mkdir -p "$first" && cd "$first" && mkdir -p "${deep#"$first/"}")
expect ok chdir "$first"
expect ok chdir "${deep#"$first/"}"
expect ok mknod short
expect ok unlink short
expect ENAMETOOLONG mknod "$long"
expect ENAMETOOLONG unix-bind "$long"
expect ENAMETOOLONG mkdir "$long/"
expect ENAMETOOLONG create "./$long"
expect ENOENT list . short
expect ok mknod short
expect ok list . short
expect ok unlink short
play

# ---- in the place of another

expect ok read open/replaced
expect ok stat open/replaced
expect EACCES write open/replaced

# ---- execution

expect ok exec open/tool
expect EACCES exec open/file
expect EACCES exec open/forbidden
expect EACCES exec /bin/true

# ---- sockets

expect ECONNREFUSED connect 127.0.0.1 8001
expect EACCES connect 127.0.0.1 8003
expect EACCES connect 127.0.0.2 8001
expect ok bind 127.0.0.1 8002
expect EACCES bind 127.0.0.1 8003
expect EACCES bind 0.0.0.0 8002
expect EACCES listen
expect ok sendto 127.0.0.1 8001
expect EACCES sendto 127.0.0.1 8003
expect ok sendmsg 127.0.0.1 8001
expect EACCES sendmsg 127.0.0.1 8003
expect ECHILD sendmmsg 127.0.0.1 8003 8001 # the first was sent
expect ok sendmmsg 127.0.0.1 8001 8001
expect ok unix-bind out/socket
expect ECONNREFUSED unix-connect out/socket
expect EACCES unix-bind open/socket
expect ENOENT unix-connect out/nothing
expect EACCES unix-connect open/file
expect ECONNREFUSED unix-connect @permitted
expect EACCES unix-connect @forbidden
expect EAFNOSUPPORT socket 16 3
expect ok socket 2 1

# ---- calls

expect EIO call 99 0
expect ok call 135 0xffffffff
expect EPERM call 135 8
expect EPERM call 425 1 0
expect EPERM call 272 0x10000000
expect EPERM call 165 0 0 0 0 0
expect EPERM clone3 0x10000000
expect EPERM clone3 0x00020000
expect ENOSYS call 999
play
told "denied: execve\(\"open/forbidden\", 0x[0-9a-f]+, 0x[0-9a-f]+\): exec $here/open/forbidden"
told 'denied: connect\([0-9]+, 0x[0-9a-f]+, 16\): connect to 127.0.0.1:8003 \(EACCES\), by .*network.default: deny; .*\[network\] connect = \["127.0.0.1:8003"\]'
told 'denied: sysinfo\(0\) \(EIO\), by policy.toml:[0-9]+:[0-9]+: syscalls.deny: sysinfo'
status=0
under ./attempt call 153 >stdout 2>denials || status=$?
expect_equal "status of a program that the policy ends" 159 "$status"
told 'denied: vhangup\(\) \(ends the process\)'

# ---- what is logged, complained of, and written to a file

cat >log.toml <<'END'
version = 1
[syscalls]
allow = [{ call = "sysinfo", log = true }]
[report]
to = "./records"
format = "json"
END
expect_equal "a logged call" "call EFAULT" "$("$ENDORUN" "${isolation[@]}" --policy log.toml ./attempt call 99 0)"
/usr/bin/python3 -c 'import json
[record] = [json.loads(line) for line in open("records")]
assert record["call"] == "sysinfo" and record["arguments"] == "0" and record["action"] == "allow" and record["line"] == 3, record' || problem "the record: $(<records)"
sed 's|^\[report\]||; s|^to = .*||; s|^format = .*||' log.toml >complain.toml
printf '[filesystem]\nread = ["/usr/**", "./attempt"]\nexec = ["./attempt"]\n[report]\naction = "complain"\n' >>complain.toml
for option in "" --complain; do
    # shellcheck disable=SC2086 # the word is there or not
    told=$("$ENDORUN" "${isolation[@]}" $option --policy complain.toml ./attempt read closed/file , create out/made , unlink out/made 2>denials)
    expect_equal "what is complained of" $'read ok\ncreate ok\nunlink ok' "$told"
    told "denied: openat\(AT_FDCWD, \"closed/file\", O_RDONLY[A-Z_|]*\): read $here/closed/file \(complained of\)"
    sed -i '/^action/d' complain.toml
done

# ---- children and what they execute are under the same policy; the same denial is told once

cp /bin/sh open/sh
sed -i 's|"./open/tool"|"./open/tool", "./open/sh", "/bin/cat"|' policy.toml
status=0
under open/sh -c 'for i in 1 2 3; do cat closed/file; done; cat open/file' >stdout 2>denials || status=$?
expect_equal "what children could read" text "$(<stdout)"
expect_equal "lines of denials" 3 "$(grep -c 'denied: openat(' denials)" # one of each process

# ---- environment and limits

cat >surroundings.toml <<'END'
version = 1
[environment]
keep = ["PATH", "KEPT_*"]
unset = ["KEPT_NOT"]
set = { NEW = "value" }
[limits]
nofile = 100
END
told=$(KEPT_ONE=1 KEPT_NOT=1 LOST=1 "$ENDORUN" "${isolation[@]}" --policy surroundings.toml env | grep -v '^PATH=' | sort | tr '\n' ' ')
expect_equal "the environment" "KEPT_ONE=1 NEW=value " "$told"
told=$("$ENDORUN" "${isolation[@]}" --policy surroundings.toml ./attempt limit 7)
expect_equal "a limit raised" "limit EPERM" "$told"

# ---- as many processes as are allowed, of this sandbox alone

printf 'version = 1\n[process]\nmax_processes = 4\n' >few.toml
# So many processes more at a time, until the word is out.
cat >sleepers.sh <<'END'
trap 'kill $pids' EXIT
while [ "${started:=0}" -lt "$1" ]; do
    sleep 1000 &
    pids="$pids $!" started=$((started + 1))
done
echo "$2"
[ $# -eq 2 ] || read -r _ <"$3"
END
few() {
    "$ENDORUN" "${isolation[@]}" --policy few.toml sh "$@" 2>stderr
}
if (($(id -u) == 0)); then
    status=0
    few -c true || status=$?
    expect_equal "status for root, whose processes the kernel does not count" 125 "$status"
    grep -q 'max_processes: the kernel does not count the processes of root' stderr || problem "no word of root: $(<stderr)"
else
    mkfifo go
    few sleepers.sh 3 all go >first & # another sandbox is not counted
    until [[ -s first ]]; do
        kill -0 $! || break
        sleep 0.05
    done
    expect_equal "as many as are allowed" all "$(few sleepers.sh 3 all)"
    echo >go
    wait $!
    expect_equal "as many in another sandbox" all "$(<first)"
    expect_equal "one too many" "" "$(few sleepers.sh 4 all)"
    expect_equal "as many, of a child" $'two\nall' "$(few -c 'sh sleepers.sh 2 two; echo all')"
    expect_equal "one too many, of a child" all "$(few -c 'sh sleepers.sh 3 two; echo all')"
    # shellcheck disable=SC2016 # the inner shell expands them
    expect_equal "identity and rights in it" "$(id -u) $(id -g) 0000000000000000" \
        "$(few -c 'echo $(id -u) $(id -g) $(sed -n "s/CapEff:.//p" /proc/self/status)')"
    few -c 'ulimit -u 5' && problem "the limit was raised"
fi

# ---- statistics: the reader is reached from within, also by what is executed

"$ENDORUN" "${isolation[@]}" --stats=statistics --policy policy.toml open/sh -c 'cat open/file; cat open/file' >stdout 2>stderr ||
    problem "with --stats: $(<stderr)"
/usr/bin/python3 -c 'import json
statistics = json.load(open("statistics"))
assert statistics["images"] == 3, statistics' || problem "the statistics: $(<statistics)"

# ---- what does not start

printf 'version = 1\n[process]\nexec = false\n' >no-exec.toml
expect_equal "exec = false" "exec EPERM" "$("$ENDORUN" "${isolation[@]}" --policy no-exec.toml ./attempt exec /bin/true 2>/dev/null)"
printf 'version = 1\n[filesystem]\nraed = []\n' >bad.toml
status=0
"$ENDORUN" --policy bad.toml true 2>stderr || status=$?
expect_equal "status with a policy that is none" 125 "$status"
grep -q "^bad.toml:3:1: unknown key 'raed'" stderr || problem "no word of the unknown key: $(<stderr)"
if ((${#isolation[@]} > 0)); then
    status=0
    "$ENDORUN" --policy policy.toml true 2>stderr || status=$?
    expect_equal "status without protection keys" 125 "$status"
    grep -q '^policy.toml:7:9: filesystem.deny: ./closed/\*\*$' stderr || problem "the rule is not listed: $(<stderr)"
fi
status=0
under /bin/true 2>stderr || status=$?
expect_equal "status of a program that may not be executed" 126 "$status"
conclude
