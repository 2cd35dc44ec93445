#!/bin/bash
# Machines that lack something: --check says so with status 1, and a start says what to do.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

# A seccomp filter makes one system call fail with ENOSYS or so, as an old kernel would.
cat >without.py <<'P'
import ctypes, os, struct, sys
SYSCALLS = {"prctl-dispatch": (157, 59), "memfd_create": (319, None), "landlock": (444, None),
            "prctl-mm": (157, 35), "execveat": (322, None), "pkey_alloc": (330, None)}
number, first = SYSCALLS[sys.argv[1]]
error = int(sys.argv[2])
code = [(0x20, 0, 0, 0), (0x15, 0, 3 if first is not None else 1, number)]
if first is not None:
    code += [(0x20, 0, 0, 16), (0x15, 0, 1, first)]
code += [(0x06, 0, 0, 0x00050000 | error), (0x06, 0, 0, 0x7fff0000)]
program = b"".join(struct.pack("HBBI", *line) for line in code)
memory = ctypes.create_string_buffer(program)
libc = ctypes.CDLL(None, use_errno=True)
class Filter(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
pointer = ctypes.byref(Filter(len(code), ctypes.addressof(memory)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, pointer) == 0, ctypes.get_errno()
os.execv(sys.argv[3], sys.argv[3:])
P

without() { # CALL ERRNO COMMAND...
    /usr/bin/python3 without.py "$@"
}

checks_without() { # CALL ERRNO KEY DETAIL EXPECTED_STATUS
    local status=0
    without "$1" "$2" "$ENDORUN" --check=json >json || status=$?
    expect_equal "status of --check without $1" "$5" "$status"
    /usr/bin/python3 - json "$3" "$4" "$5" <<'P' || problem "--check=json without $1: $(cat json)"
import json, sys
report = json.load(open(sys.argv[1]))
check = report["checks"][sys.argv[2]]
assert check["available"] is False and check["detail"] == sys.argv[3], check
can_run = sys.argv[4] == "0"
assert report["can_run"] is can_run
has_keys = report["checks"]["pku"]["available"]
automatic = "pkey" if has_keys else "kernel"
assert report["isolation"] == {"auto": automatic if can_run else None, "kernel": can_run, "pkey": can_run and has_keys}
P
    status=0
    without "$1" "$2" "$ENDORUN" --check >table || status=$?
    expect_equal "status of the table without $1" "$5" "$status"
    grep -qF "no   $4" table || grep -qF "no  $4" table || problem "the table without $1: $(cat table)"
}

EACCES=13 EINVAL=22 ENOSYS=38 EOPNOTSUPP=95
checks_without prctl-dispatch $EINVAL sud 'Invalid argument' 1
checks_without memfd_create $ENOSYS memfd_exec 'Function not implemented' 1
checks_without memfd_create $EACCES memfd_exec 'forbidden; as root: sysctl vm.memfd_noexec=1' 1
checks_without execveat $ENOSYS memfd_exec 'Function not implemented' 1
checks_without landlock $ENOSYS landlock 'Function not implemented' 0
checks_without landlock $EOPNOTSUPP landlock 'switched off at boot' 0
checks_without prctl-mm $EINVAL mm_map \
    "kernel without CONFIG_CHECKPOINT_RESTORE: from outside, auxv and brk are the monitor's" 0

expect_refusal 125 "endorun: the session: cannot make a sealed memfd: Function not implemented" \
    without memfd_create $ENOSYS "$ENDORUN" true
expect_refusal 125 "endorun: cannot execute the monitor image: Function not implemented" \
    without execveat $ENOSYS "$ENDORUN" true
expect_refusal 125 "endorun: a security policy of this system forbids to execute a memfd: Permission denied" \
    without execveat $EACCES "$ENDORUN" true
expect_refusal 125 "endorun: cannot execute the analyser: Permission denied" \
    without execveat $EACCES "$ENDORUN" --analyze /bin/true

# A memfd of which the kernel holds a page besides for a moment cannot be sealed yet: at the start, and at an exec.
if [[ -n $(type -P strace) ]]; then
    busy() { # WHICH COMMAND...: of the calls of fcntl, all of which but one kind seal
        strace -o trace -e trace=fcntl -e "inject=fcntl:error=EBUSY:when=$1" "${@:2}"
    }
    for which in 1..3 2..4 4..6; do
        busy "$which" "$ENDORUN" /usr/bin/env true || problem "a seal that has to wait ($which): status $?, $(cat trace)"
        expect_equal "seals that had to wait ($which)" 3 "$(grep -c 'F_ADD_SEALS.*INJECTED' trace)"
    done
    expect_refusal 125 "endorun: the monitor image: cannot make a sealed memfd: Device or resource busy" \
        busy 1+ "$ENDORUN" /usr/bin/env true
fi

# The real thing, where the kernel has it and a PID namespace can be had.
if [[ -e /proc/sys/vm/memfd_noexec ]] && unshare -Urpf --mount-proc true 2>/dev/null; then
    forbidden() { # COMMAND...
        unshare -Urpf --mount-proc bash -c 'echo 2 >/proc/sys/vm/memfd_noexec && exec "$@"' - "$@"
    }
    if forbidden true 2>/dev/null; then
        expect_refusal 125 "endorun: the monitor image: this system forbids executable memfds, which endorun needs; as root: sysctl vm.memfd_noexec=1" \
            forbidden "$ENDORUN" true
        status=0
        forbidden "$ENDORUN" --check >table || status=$?
        expect_equal "status of --check with vm.memfd_noexec=2" 1 "$status"
        grep -q '^memfd execution .*no .*sysctl vm.memfd_noexec=1$' table || problem "$(cat table)"
    else
        printf 'vm.memfd_noexec cannot be set here: that part was left out\n' >&2
    fi
fi
conclude
