#!/bin/bash
# With protection keys the kernel has filters of endorun's own behind the monitor: what no monitor hides ends the process
# there, and the program is told what it was told without them.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

grep -qw ospke /proc/cpuinfo || skip "no protection keys here"

# call STATUS CALL: the stand-in has no Syscall User Dispatch, so its calls reach the filters.
call() {
    local status=0
    STANDIN_CALL=$2 "$ENDORUN_STANDIN" --isolation=pkey true 2>/dev/null || status=$?
    expect_equal "status of call $2" "$1" "$status"
}
readonly killed=$((128 + 31)) enosys=38
call 0 39                         # getpid
for number in 101 310 311 323 298 321 425 206 438 175 246; do
    call $killed "$number"        # ptrace, process_vm_*, userfaultfd, perf_event_open, bpf, io_*, pidfd_getfd, modules, kexec
done
call $enosys 334                  # rseq
call $enosys 400                  # no call
call $killed $((0x40000000 + 39)) # x32
call $killed i386
expect_reported seccomp 2
expect_reported no-new-privileges 1

# Without protection keys there are none.
run_standin "$ENDORUN_STANDIN" --isolation=kernel true
expect_reported seccomp "$(awk '/^Seccomp:/ { print $2 }' /proc/self/status)"

# As seen from outside, and as the program sees it; over an exec too.
"$ENDORUN" --isolation=pkey sleep 100 &
child=$!
for ((i = 0; i < 300; i++)); do
    [[ $(<"/proc/$child/comm") != sleep ]] || break
    sleep 0.1
done
expect_equal "outside" "1 2" \
    "$(awk '/^(NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$child/status" | paste -sd' ')"
kill -9 "$child"
wait "$child" 2>/dev/null || true
cat >ask.py <<'P'
import ctypes, sys, os
prctl = ctypes.CDLL(None).prctl
print(prctl(21, 0, 0, 0, 0), prctl(39, 0, 0, 0, 0), prctl(39, 1, 0, 0, 0), end=" ")
print(prctl(38, 0, 0, 0, 0), prctl(38, 1, 0, 0, 0), prctl(39, 0, 0, 0, 0), end=" ", flush=True)
if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, sys.argv[0], "again"])
P
expect_equal "inside" "$(python3 ask.py)" "$("$ENDORUN" --isolation=pkey python3 ask.py)"

# The analyser works behind them.
mkdir cache
XDG_CACHE_HOME=$PWD/cache "$ENDORUN" --isolation=pkey python3 -c 'pass'
[[ -n $(find cache -type f) ]] || problem "no plan was made"

# Where filters are forbidden.
cat >forbidden.py <<'P'
import ctypes, os, struct, sys
def op(code, yes, no, k):
    return struct.pack("HBBI", code, yes, no, k)
program = b"".join([
    op(0x20, 0, 0, 0), op(0x15, 3, 0, 317),           # seccomp
    op(0x15, 0, 3, 157),                              # prctl
    op(0x20, 0, 0, 16), op(0x15, 0, 1, 22),           # PR_SET_SECCOMP
    op(0x06, 0, 0, 0x00050001), op(0x06, 0, 0, 0x7fff0000)])
libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(program)
filters = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, filters, 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
P
expect_refusal 125 \
    "endorun: --isolation=pkey: this system allows no seccomp filter, the kernel's part of it: Operation not permitted" \
    python3 forbidden.py "$ENDORUN" --isolation=pkey true
conclude
