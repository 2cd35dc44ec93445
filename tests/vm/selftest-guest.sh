#!/bin/bash
# The part of the self-test that runs inside the machine: selftest-guest.sh SERIES PROBE. Each check that fails
# prints a line; the exit status is 1 if there was any.
set -uo pipefail

series=$1 probe=$2 failures=0

check()
{
    local what=$1
    shift
    if ! "$@"; then
        echo "inside the machine: $what: does not hold"
        failures=$((failures + 1))
    fi
}

kernel_is_of_series()
{
    [[ $(uname -r) == "$series".* ]]
}

processors_have()
{
    [[ $(grep -c "^flags.*\b$1\b" /proc/cpuinfo) == 2 ]]
}

is_mounted()
{
    [[ $(stat -f -c %T "$1") == "$2" ]]
}

python_serves_itself()
{
    /usr/bin/python3 -c '
import os, pty, socket, tempfile
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
master, slave = pty.openpty()
assert os.isatty(slave)
tempfile.TemporaryFile().write(b"x")
os.memfd_create("x")
'
}

# Reading the folder takes one more, 3.
no_further_descriptor()
{
    # shellcheck disable=SC2016 # the inner shell expands it
    [[ $(bash -c 'cd /proc/$$/fd && echo *') == "0 1 2 3" ]]
}

check "kernel $series" kernel_is_of_series
check "two processors with pku" processors_have pku
check "two processors with ospke" processors_have ospke
check "protection keys and Syscall User Dispatch (see the lines above)" "$probe"
check "the default user is not root" test "$(id -u)" -ne 0
check "the user has a name" test -n "$(id -un)"
check "a home to write to" touch "$HOME/file"
check "/proc" is_mounted /proc proc
check "/sys" is_mounted /sys sysfs
check "/dev/pts" is_mounted /dev/pts devpts
check "/dev/shm" is_mounted /dev/shm tmpfs
check "/tmp" is_mounted /tmp tmpfs
check "/run" is_mounted /run tmpfs
check "python3 with loopback, pty and temporary file" python_serves_itself
check "/dev/stdout can be opened again" bash -c ': >/dev/stdout'
check "no descriptor but 0, 1 and 2" no_further_descriptor
exit "$((failures > 0))"
