#!/bin/bash
# With protection keys no descriptor of a /proc/PID/mem gets from outside into the program: none that it inherits, and
# none that it receives. The program's memory is the goal: it is written natively.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

# Gets a descriptor of its own memory from its parent and writes to it.
cat >receiver.py <<'P'
import array, ctypes, os, socket, sys
ends = socket.socket(fileno=3)
page = ctypes.create_string_buffer(64)
ends.send(str(ctypes.addressof(page)).encode())
if sys.argv[1] == "many":
    libc = ctypes.CDLL(None, use_errno=True)
    control = ctypes.create_string_buffer(64)
    vector = (ctypes.c_uint64 * 2)(ctypes.addressof(page), 1)
    message = (ctypes.c_uint64 * 8)(0, 0, ctypes.addressof(vector), 1, ctypes.addressof(control), 64, 0, 0)
    assert libc.recvmmsg(3, message, 1, 0, None) == 1
    numbers = array.array("i", control.raw[16:message[5]])
elif sys.argv[1] == "hidden":
    # What comes is written over the address of what else comes.
    libc = ctypes.CDLL(None, use_errno=True)
    control = ctypes.create_string_buffer(512)
    message = (ctypes.c_uint64 * 7)()
    vector = (ctypes.c_uint64 * 2)(ctypes.addressof(message) + 32, 1)
    begin = (ctypes.addressof(control) + 255) // 256 * 256
    message[2], message[3], message[4], message[5] = ctypes.addressof(vector), 1, begin, 64
    assert libc.recvmsg(3, message, 0) == 1 and message[4] != begin
    numbers = array.array("i", ctypes.string_at(begin + 16, 8))
else:
    data, control, flags, address = ends.recvmsg(1, 64)
    numbers = array.array("i", control[0][2])
results = []
for number in numbers:
    try:
        os.pwrite(number, b"y", ctypes.addressof(page))
        results.append("written")
    except OSError as error:
        results.append(error.strerror)
print(" ".join(results), page.raw[:1] == b"y")
P
cat >sender.py <<'P'
import os, socket, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
pid = os.fork()
if pid == 0:
    os.dup2(theirs.fileno(), 3)
    os.execv(sys.argv[1], sys.argv[1:])
theirs.close()
ours.recv(64)
null = os.open("/dev/null", os.O_RDWR)
try:
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
except PermissionError:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    print("no ptrace here")
    sys.exit(0)
socket.send_fds(ours, [b"x"], [null, memory])
os.waitpid(pid, 0)
P

for call in one many hidden; do
    native=$(python3 sender.py /usr/bin/python3 receiver.py "$call")
    if [[ $native != "no ptrace here" ]]; then
        expect_equal "received natively, $call" "written written True" "$native"
    fi
    if grep -qw ospke /proc/cpuinfo; then
        [[ $native == "no ptrace here" ]] || native="written Bad file descriptor False"
        expect_equal "received, $call" "$native" \
            "$(python3 sender.py "$ENDORUN" --isolation=pkey /usr/bin/python3 receiver.py "$call")"
    fi
done

if ! grep -qw ospke /proc/cpuinfo; then
    conclude
    skip "no protection keys here: only the native half was tried"
fi
for mode in '<' '>' '<>'; do
    eval "exec 7$mode/proc/self/mem"
    expect_refusal 125 "endorun: --isolation=pkey: descriptor 7 is a /proc/PID/mem, which the program may not inherit" \
        "$ENDORUN" --isolation=pkey true
    exec 7>&-
done
# What looks like it, and files that are next to it.
for file in /proc/self/pagemap /proc/self/status /proc/self/maps /dev/zero; do
    exec 7<"$file"
    "$ENDORUN" --isolation=pkey true || problem "$file is inherited: status $?"
    exec 7>&-
done
conclude
