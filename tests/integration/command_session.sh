#!/bin/bash
# What stands in the session, and how it and the image are sealed.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

mkdir bin
cp "$STANDIN" bin/prog
export PATH=$work/bin:/usr/bin:/bin

flag_first=1
flag_no_rewrite=2
flag_no_aslr=8
expected_flags=$flag_first
[[ $(</proc/sys/kernel/randomize_va_space) != 0 ]] || expected_flags=$((flag_first | flag_no_aslr))

run_standin "$ENDORUN_STANDIN" prog
expect_reported session.isolation "$(automatic_isolation | sed "s/kernel/1/; s/pkey/2/")"
run_standin "$ENDORUN_STANDIN" --isolation=kernel prog
expect_reported session.magic right
expect_reported session.version 7
expect_reported session.flags "$expected_flags"
expect_reported session.isolation 1
expect_reported session.program_fd -1
expect_reported session.reader_channel_fd -1
expect_reported session.reader_pid 0
expect_reported session.signal_mask 0
expect_reported session.held_ignored 0
expect_reported session.nofile_soft -1
expect_reported session.fresh_mask 1
expect_reported session.execfn "$work/bin/prog"
expect_reported session.comm prog
expect_reported session.command_path "$(readlink -f "$ENDORUN_STANDIN")"
grep -qx 'session.program_path is absent' report || problem "program_path is there"

# F_SEAL_SEAL, SHRINK, GROW and WRITE; where the kernel knows it, the session is also not executable.
for what in image session; do
    seals=$(reported "$what-seals")
    expect_equal "$what-seals ($seals)" 15 $((seals & 15))
done
[[ $(uname -r) =~ ^([0-5]\.|6\.[0-2]\.) ]] || expect_reported session-execute-bits 0

# For the image alone: the rest of the descriptors is the program's.
image=$(reported image-descriptor)
session=$(reported session-descriptor)
expect_equal "the image's descriptor" "$((session + 1)) closed" "$image"

run_standin "$ENDORUN_STANDIN" --no-rewrite --isolation=kernel prog
expect_reported session.flags $((expected_flags | flag_no_rewrite))
run_standin "$ENDORUN_STANDIN" --isolation kernel --isolation=auto ./bin/prog
expect_reported session.execfn ./bin/prog
expect_reported session.comm prog
run_standin "$ENDORUN_STANDIN" /any/path/a-name-longer-than-fifteen-bytes
expect_reported session.comm a-name-longer-than-fifteen-bytes

# Started through a link: the file itself is named, since the link may change.
ln -s "$ENDORUN_STANDIN" bin/link
run_standin link prog
expect_reported session.command_path "$(readlink -f "$ENDORUN_STANDIN")"
cp "$ENDORUN_STANDIN" "copy (deleted)"
run_standin "./copy (deleted)" prog
expect_reported session.command_path "$work/copy (deleted)"
# Removed while it is started: no file can be named.
cp "$ENDORUN_STANDIN" removed
run_standin bash -c 'exec 9<removed; rm removed; exec -a removed /proc/self/fd/9 prog'
grep -qx 'session.command_path is absent' report || problem "a removed command is named"

caches_in() { # EXPECTED ASSIGNMENT...
    local expected=$1
    shift
    run_standin env -u XDG_CACHE_HOME -u HOME "$@" "$ENDORUN_STANDIN" prog
    if [[ $expected == absent ]]; then
        grep -qx 'session.cache_path is absent' report || problem "cache_path with $*: $(reported session.cache_path)"
    else
        expect_equal "cache_path with $*" "$expected" "$(reported session.cache_path)"
    fi
}
caches_in /home/x/.cache/endorun HOME=/home/x
caches_in /cache/endorun HOME=/home/x XDG_CACHE_HOME=/cache
caches_in /cache/endorun XDG_CACHE_HOME=/cache
caches_in /home/x/.cache/endorun HOME=/home/x XDG_CACHE_HOME=
caches_in /home/x/.cache/endorun HOME=/home/x XDG_CACHE_HOME=relative
caches_in absent XDG_CACHE_HOME=relative
caches_in absent HOME=relative
caches_in absent HOME=
caches_in absent
caches_in absent HOME="/$(printf 'h%.0s' {1..4090})"

# The longest words that execve lets through.
huge=./$(head -c 131000 /dev/zero | tr '\0' p)
run_standin "$ENDORUN_STANDIN" "$huge"
expect_equal "a huge execfn" "$huge" "$(reported session.execfn)"

# The folder of cached plans is made when there is a plan to store, not here.
run_standin env -u XDG_CACHE_HOME HOME="$work" "$ENDORUN_STANDIN" prog
expect_reported session.cache_path "$work/.cache/endorun"
[[ ! -e .cache ]] || problem "the launch made a cache folder"
conclude
