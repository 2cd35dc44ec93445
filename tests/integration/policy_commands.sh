#!/bin/bash
# `endorun policy check, print and test`: what they say of policies and of calls, and how they end.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

policy() {
    "$ENDORUN" policy "$@"
}

# Usage.
refused() { # MESSAGE ARGUMENT...
    local message=$1
    shift
    expect_refusal 125 "endorun: $message" "$ENDORUN" policy "$@"
}
refused "policy: no command was given; \`endorun policy --help\` shows them"
refused "policy: unknown command 'chekc'; the nearest known one is 'check'" chekc x
refused "policy check takes FILE" check
refused "policy check takes FILE" check a b
refused "policy test takes FILE CALL" test a
expect_refusal 125 "endorun: --no-rewrite has no meaning with the command policy" "$ENDORUN" --no-rewrite policy check x
expect_refusal 127 "endorun: policy: not found in PATH" env PATH=/nonexistent "$ENDORUN" -- policy
policy --help | grep -qx '  test FILE CALL' || problem "policy --help"

# Policies with errors: each has a line of its own, and nothing is printed.
printf 'version = 1\n[filesystem]\nraed = ["/a"]\nread = [1]\n' >bad.toml
for command in check print; do
    status=0
    policy $command bad.toml >stdout 2>stderr || status=$?
    expect_equal "status of policy $command bad.toml" 125 "$status"
    expect_equal "stdout of policy $command bad.toml" "" "$(<stdout)"
    expect_equal "stderr of policy $command bad.toml" "bad.toml:3:1: unknown key 'raed' in [filesystem] (the nearest known one is 'read')
bad.toml:4:9: an integer in filesystem.read; a string is expected
endorun: bad.toml is no policy" "$(<stderr)"
done
status=0
policy check missing.toml >stdout 2>stderr || status=$?
expect_equal "status of a policy that is not there" 125 "$status"
grep -q '^missing.toml: .*No such file or directory' stderr || problem "no word of the missing file: $(<stderr)"

# A policy with a line for each thing to decide on.
mkdir -p tree/secret tree/hidden tree/sub
echo text >tree/file
echo '#!/bin/sh' >tree/script
ln -s ../tree/secret tree/way
ln -s nowhere tree/dangling
here=$(pwd -P)
cat >policy.toml <<'END'
version = 1
[filesystem]
read = ["./tree/**", "/etc/**"]
write = ["./tree/sub/**"]
exec = ["./tree/script"]
deny = ["./tree/secret/**"]
hide = ["./tree/hidden/**"]
redirect = { "./tree/other" = "./tree/file" }
[network]
connect = ["10.0.0.0/8:443", "unix:@bus", "unix:./tree/socket"]
bind = ["*:8000-8080"]
families = ["inet", "unix"]
[syscalls]
default = "allow"
deny = ["ptrace", { call = "ioctl(arg1 == TIOCSTI)", errno = "EIO" }, { call = "reboot", action = "kill" }]
END
policy check policy.toml >stdout || problem "policy check: status $?"
grep -qE '^policy.toml is a policy: 7 rules for paths, [0-9]+ for sockets, [0-9]+ for system calls; [0-9]+ bytes compiled$' stdout ||
    problem "policy check: $(<stdout)"
policy check @base >/dev/null || problem "the built-in profile @base"

# What can hold a rule. Landlock's part depends on the kernel.
policy explain policy.toml >stdout || problem "policy explain: status $?"
explained() { # RULE HOLDER
    local next
    next=$(grep -xF -A 1 -- "$1" stdout | tail -n 1)
    [[ $next == *"$2"* ]] || problem "policy explain: '$1': '$next' has no '$2'"
}
explained 'policy.toml:6:9: filesystem.deny: ./tree/secret/**' '    the monitor: Landlock takes nothing away'
explained 'policy.toml:8:14: filesystem.redirect: ./tree/other' '    the monitor: Landlock puts nothing'
explained 'policy.toml:12:1: network.families' '    seccomp'
explained 'policy.toml:15:9: syscalls.deny: ptrace' '    seccomp'
explained 'policy.toml:15:19: syscalls.deny: ioctl(arg1 == TIOCSTI)' '    seccomp'
"$ENDORUN" --check=json >checked || true
abi=$(sed -nE 's/.*"landlock": .*"version": ([0-9]+).*/\1/p' checked)
if ((${abi:-0} >= 2)); then
    explained 'policy.toml:3:9: filesystem.read: ./tree/**' '    Landlock'
    explained 'policy.toml:4:10: filesystem.write: ./tree/sub/**' '    Landlock, and the monitor: Landlock leaves modes'
fi
grep -qE '^[0-9]+ of 18 rules need the monitor, in part or alone; ' stdout || problem "policy explain: $(tail -n 2 stdout)"

# What is printed is a policy with the same meaning: printed again, it is the same.
policy print policy.toml >once.toml
policy print once.toml | sed 's/ #.*//' >twice
sed 's/ #.*//' once.toml | cmp -s - twice || problem "policy print is no fixed point"

# verdict WANTED CALL [LINE...]: lines of the answer, without what stands before them.
verdict() {
    local wanted=$1 call=$2 status=0 line
    shift 2
    policy test policy.toml "$call" >stdout 2>stderr || status=$?
    expect_equal "the verdict on $call" "$wanted" "$(tail -n 1 stdout)"
    expect_equal "the status of $call" "$([[ $wanted == allowed ]] && echo 0 || echo 1)" "$status"
    for line; do
        grep -qxF -- "$line" stdout || problem "$call: no line '$line' in: $(<stdout)"
    done
}

verdict allowed 'openat("/etc/hostname", O_RDONLY)' 'read /etc/hostname: allowed, by policy.toml:3:22: filesystem.read: /etc/**'
verdict allowed 'openat(AT_FDCWD, "tree/file", O_RDONLY|O_CLOEXEC)'
verdict denied 'openat("tree/file", O_RDWR)' "read $here/tree/file: allowed, by policy.toml:3:9: filesystem.read: ./tree/**" \
    "  what would allow it, in [filesystem]: write = [\"$here/tree/file\"]"
verdict allowed 'openat("tree/sub/new", O_WRONLY|O_CREAT, 0600)'
verdict denied 'openat("tree/new", O_RDONLY|O_CREAT)'
verdict denied 'openat("tree/way/x", O_RDONLY)' "read $here/tree/secret/x: denied with EACCES, by policy.toml:6:9: filesystem.deny: ./tree/secret/**"
verdict denied 'openat("tree/sub/../secret", O_RDONLY)'
verdict denied 'stat("tree/hidden/x")' "look at $here/tree/hidden/x: denied with ENOENT, by policy.toml:7:9: filesystem.hide: ./tree/hidden/**"
verdict denied 'lstat("tree/way/")' "look at $here/tree/secret: denied with EACCES, by policy.toml:6:9: filesystem.deny: ./tree/secret/**"
verdict allowed 'lstat("tree/way")'
verdict allowed 'openat(-100, "tree/file", O_RDONLY)'
no_constant=$(policy test policy.toml 'ioctl(0, -TIOCSTI)' | tail -n 1)
expect_equal "a constant with a minus" allowed "$no_constant"
verdict allowed 'openat("tree/other", O_RDONLY)' "read $here/tree/file: allowed, by policy.toml:3:9: filesystem.read: ./tree/**"
verdict denied 'openat("tree/dangling", O_WRONLY|O_CREAT)' "  what would allow it, in [filesystem]: write = [\"$here/tree/nowhere\"]"
verdict denied 'rename("tree/sub/a", "tree/b")' "write $here/tree/sub/a: allowed, by policy.toml:4:10: filesystem.write: ./tree/sub/**"
verdict denied 'execve("tree/script")' "exec $here/tree/script: allowed, by policy.toml:5:9: filesystem.exec: ./tree/script"
verdict denied 'execve("tree/file")'
verdict allowed 'connect(3, "10.1.2.3:443")' 'connect to 10.1.2.3:443: allowed, by policy.toml:10:12: network.connect: 10.0.0.0/8:443'
verdict denied 'connect(3, "10.1.2.3:80")' '  what would allow it, in [network]: connect = ["10.1.2.3:80"]'
verdict denied 'connect(3, "[::1]:443")'
verdict allowed 'connect(3, "unix:@bus")'
verdict allowed 'connect(3, "unix:tree/socket")'
verdict denied 'sendto(3, 0, 0, 0, "10.1.2.3:80")'
verdict allowed 'sendto(3, "data", 4, 0, "10.1.2.3:443")'
verdict allowed 'sendto(3, "data", 4)'
verdict allowed 'bind(3, "0.0.0.0:8001")'
verdict denied 'bind(3, "0.0.0.0:80")'
verdict allowed 'socket(AF_INET, SOCK_STREAM)'
verdict denied 'socket(AF_NETLINK)'
verdict denied 'ptrace()' 'the call ptrace: denied with EPERM, by policy.toml:15:9: syscalls.deny: ptrace'
verdict denied 'ioctl(0, TIOCSTI, 0)'
verdict allowed 'ioctl(0, TIOCGWINSZ, 0)'
verdict allowed 'ioctl(0, 0x541b)'
verdict denied 'reboot(1, 2, 3)'

# Calls that are none.
no_call() { # MESSAGE CALL
    refused "$1" test policy.toml "$2"
}
no_call "unknown system call 'opneat' (the nearest known one is 'openat')" 'opneat("/")'
no_call "'getpid': expected '(' and the arguments at byte 7" 'getpid'
no_call "'(1)': expected the name of a system call at byte 1" '(1)'
no_call "'getpid(1)': getpid has 0 arguments" 'getpid(1)'
no_call "'close(1, 2)': close has 1 argument" 'close(1, 2)'
no_call "'close(1': expected ',' or ')' at byte 8" 'close(1'
no_call "'close(1) x': expected nothing more at byte 10" 'close(1) x'
no_call "'open(\"a': expected a closing quote at byte 8" 'open("a'
no_call "'open(\"a\\q\")': expected one of \\\\, \\\", \\n, \\r, \\t and \\xNN at byte 9" 'open("a\q")'
no_call "'close(99999999999999999999)': expected a number of at most 64 bits at byte 7" 'close(99999999999999999999)'
no_call "'open(\"a\", O_RDONYL)': unknown constant 'O_RDONYL' (the nearest known one is 'O_RDONLY')" 'open("a", O_RDONYL)'
no_call "'x' is relative to a descriptor that is not known here" 'openat(5, "x")'
no_call "'1.2.3.4': expected ADDRESS:PORT, unix:PATH or unix:@NAME" 'connect(3, "1.2.3.4")'
no_call "'1.2.3:80': '1.2.3' is no address; IPv6 stands in brackets" 'connect(3, "1.2.3:80")'
no_call "fchmod: what a descriptor refers to is not known here; write its path in its place" 'fchmod(3, 0600)'
no_call "connect: the address is missing" 'connect(3)'
no_call "bind: the address is missing" 'bind(3)'
no_call "open: the path is missing" 'open("")'
no_call "open: the path is missing" 'open()'
no_call "tree/file/x: Not a directory" 'open("tree/file/x")'
no_call "missing/x: No such file or directory" 'open("missing/x")'
verdict denied 'fchmod("tree/file", 0600)' "write $here/tree/file: denied with EACCES, as no line says otherwise: filesystem.default: deny"
conclude
