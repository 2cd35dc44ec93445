/*
 * The front end of the policy compiler: each key with what it makes of good values, and the line
 * that each kind of bad one is answered with. `V` is the line that every file begins with; bodies
 * begin in line 2.
 */
#include "endorun/syscall_shapes.h"
#include "policy_front_fixture.h"
#include "schema.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define V  "version = 1\n"
#define F  V "[filesystem]\n"
#define N  V "[network]\n"
#define S  V "[syscalls]\n"
#define P  V "[process]\n"
#define L  V "[limits]\n"
#define E  V "[environment]\n"
#define R  V "[report]\n"
#define NK " (the nearest known one is "

/* Lines of policy_shown() that a file makes. */
static const struct {
    const char *text;
    const char *lines;
} good[] = {
    {V, "section 0 0\nsection 0 0\nsection 0 0\n"
        "families 0xffffffffffffffff flags 0 processes 0 kept 1 report 0 0 (none)\n"},
    {F, "section 1 1\nsection 0 0\n"},
    {F "default = \"deny\"", "section 1 1\nsection 0 0\n"},
    {F "default = \"allow\"", "section 1 0\nsection 0 0\n"},
    {F "read = [\"/a\", '/b/**']", "path 0 /a (none)\npath 0 /b/** (none)\n"},
    {F "write = [\"/a\"]", "path 1 /a (none)\n"},
    {F "exec = [\"/a\"]", "path 2 /a (none)\n"},
    {F "deny = [\"/a\", '/', '/b/*.c']",
     "path 3 /a/** (none)\npath 3 /** (none)\npath 3 /b/*.c/** (none)\n"},
    {F "hide = [\"/a\", '/b/**', '/c/']",
     "path 4 /a/** (none)\npath 4 /b/** (none)\npath 4 /c/** (none)\n"},
    {F "redirect = { \"/a\" = \"~/b\", \"/c\" = \"/d\\\\*\" }",
     "path 5 /a /home/user/b\npath 5 /c /d*\n"},
    {F "[filesystem.redirect]\n\"/e/../a\\\\*\" = \"${A}/b\"", "path 5 /a\\* /var/a/b\n"},

    {N, "section 0 0\nsection 1 1\nsection 0 0\nfamilies 0x406 "},
    {N "default = \"deny\"", "section 0 0\nsection 1 1\n"},
    {N "default = \"allow\"", "section 0 0\nsection 1 0\n"},
    {N "connect = [\"10.1.2.3\"]",
     "peer 0 0 0 /32 :0-65535 (none) 0a010203000000000000000000000000\n"},
    {N "bind = [\"10.0.0.0/8:80\"]",
     "peer 1 0 0 /8 :80-80 (none) 0a000000000000000000000000000000\n"},
    {N "deny = [\"0.0.0.0/0:8000-8080\"]",
     "peer 2 0 0 /0 :8000-8080 (none) 00000000000000000000000000000000\n"},
    {N "connect = [\"::1\"]", "peer 0 0 1 /128 :0-65535 (none) 00000000000000000000000000000001\n"},
    {N "connect = [\"fe80::/10\"]",
     "peer 0 0 1 /10 :0-65535 (none) fe800000000000000000000000000000\n"},
    {N "connect = [\"[fe80::]/10:0-65535\"]",
     "peer 0 0 1 /10 :0-65535 (none) fe800000000000000000000000000000\n"},
    {N "connect = [\"[2001:db8::1]:*\"]",
     "peer 0 0 1 /128 :0-65535 (none) 20010db8000000000000000000000001\n"},
    {N "connect = [\"::ffff:10.1.2.3\"]",
     "peer 0 0 0 /32 :0-65535 (none) 0a010203000000000000000000000000\n"},
    {N "connect = [\"[::ffff:0:0]/96:1\"]",
     "peer 0 0 0 /0 :1-1 (none) 00000000000000000000000000000000\n"},
    {N "connect = [\"::/0\"]", "peer 0 0 1 /0 :0-65535 (none) 00000000000000000000000000000000\n"},
    {N "connect = [\"*\"]", "peer 0 0 0 /0 :0-65535 (none) 00000000000000000000000000000000\n"
                            "peer 0 0 1 /0 :0-65535 (none) 00000000000000000000000000000000\n"},
    {N "connect = [\"*:53\"]", "peer 0 0 0 /0 :53-53 (none) 00000000000000000000000000000000\n"
                               "peer 0 0 1 /0 :53-53 (none) 00000000000000000000000000000000\n"},
    {N "bind = [\"localhost:0\"]",
     "peer 1 0 0 /8 :0-0 (none) 7f000000000000000000000000000000\n"
     "peer 1 0 1 /128 :0-0 (none) 00000000000000000000000000000001\n"},
    {N "connect = [\"unix:/run//x/*.sock\"]",
     "peer 0 1 0 /0 :0-0 /run/x/*.sock 00000000000000000000000000000000\n"},
    {N "connect = [\"unix:~/s\"]",
     "peer 0 1 0 /0 :0-0 /home/user/s 00000000000000000000000000000000\n"},
    {N "connect = [\"unix:@/tmp/.X11-unix/X**\"]",
     "peer 0 2 0 /0 :0-0 /tmp/.X11-unix/X* 00000000000000000000000000000000\n"},
    {N "connect = [\"unix:@a[b]\\\\*?${NAME}\"]",
     "peer 0 2 0 /0 :0-0 a\\[b]\\*?n-1 00000000000000000000000000000000\n"},
    {N "families = []", "families 0 flags"},
    {N "families = [\"unix\", \"local\", \"netlink\"]", "families 0x10002 flags"},

    {S, "section 0 0\nsection 0 0\nsection 1 0\n"},
    {S "default = \"deny\"", "section 0 0\nsection 0 0\nsection 1 1\n"},
    {S "default = \"allow\"", "section 0 0\nsection 0 0\nsection 1 0\n"},
    {S "allow = [\"ptrace\"]", "call 101 0 0 0\n"},
    {S "deny = [\"ptrace\"]", "call 101 1 1 0\n"},
    {S "allow = [{ call = \"read\", log = true }, { call = \"write\", log = false }]",
     "call 0 0 0 1\ncall 1 0 0 0\n"},
    {S "deny = [{ call = \"read\", errno = \"EAGAIN\" }]", "call 0 1 11 0\n"},
    {S "deny = [{ call = \"read\", errno = \"EWOULDBLOCK\" }]", "call 0 1 11 0\n"},
    {S "deny = [{ call = \"read\", action = \"kill\" }]", "call 0 2 0 0\n"},
    {S "deny = [\"@module\"]", "call 175 1 1 0\ncall 176 1 1 0\n"},
    {S "deny = [\"ioctl(arg1 == TIOCGWINSZ)\"]", "call 16 1 1 0 (1 0 0xffffffff 0x5413)\n"},
    {S "deny = [\"socket ( arg0 == AF_PACKET , arg1 & 0xf != SOCK_RAW )\"]",
     "call 41 1 1 0 (0 0 0xffffffff 0x11) (1 1 0xf 0x3)\n"},
    {S "deny = [\"read(arg2<0o10)\", \"read(arg2 <= 10)\", \"read(arg2>1)\", \"read(arg2 >= 1)\"]",
     "call 0 1 1 0 (2 2 0xffffffffffffffff 0x8)\ncall 0 1 1 0 (2 3 0xffffffffffffffff 0xa)\n"
     "call 0 1 1 0 (2 4 0xffffffffffffffff 0x1)\ncall 0 1 1 0 (2 5 0xffffffffffffffff 0x1)\n"},
    {S "deny = [\"mmap(arg2 in 3..PROT_EXEC)\"]",
     "call 9 1 1 0 (2 5 0xffffffffffffffff 0x3) (2 3 0xffffffffffffffff 0x4)\n"},
    {S "deny = [\"openat(arg0 == AT_FDCWD)\", \"openat(arg0 != -1)\"]",
     "call 257 1 1 0 (0 0 0xffffffff 0xffffff9c)\ncall 257 1 1 0 (0 1 0xffffffff 0xffffffff)\n"},
    {S "deny = [\"chmod(arg1 & S_ISUID != 0)\"]", "call 90 1 1 0 (1 1 0x800 0)\n"},
    {S "deny = [\"read(arg2 == 0xffffffffffffffff)\"]",
     "call 0 1 1 0 (2 0 0xffffffffffffffff 0xffffffffffffffff)\n"},

    {P "exec = false", "flags 1 processes 0 "},
    {P "exec = true", "flags 0 processes 0 "},
    {P "max_processes = 1", "flags 0 processes 1 "},
    {P "max_processes = 4194304", "flags 0 processes 4194304 "},
    {P "signals = \"sandbox\"", "flags 2 processes 0 "},
    {P "signals = \"any\"\nexec = false", "flags 1 processes 0 "},

    {L "cpu = 90", "limit 0 90\n"},
    {L "cpu = \"90s\"", "limit 0 90\n"},
    {L "cpu = \"1.5m\"", "limit 0 90\n"},
    {L "cpu = \"1h\"", "limit 0 3600\n"},
    {L "fsize = \"64K\"", "limit 1 65536\n"},
    {L "data = \"1.5M\"", "limit 2 1572864\n"},
    {L "stack = \"2G\"", "limit 3 2147483648\n"},
    {L "core = 0", "limit 4 0\n"},
    {L "rss = \"unlimited\"", "limit 5 18446744073709551615\n"},
    {L "nofile = 64", "limit 7 64\n"},
    {L "memlock = \"1K\"", "limit 8 1024\n"},
    {L "as = \"1T\"", "limit 9 1099511627776\n"},
    {L "locks = 1", "limit 10 1\n"},
    {L "sigpending = 2", "limit 11 2\n"},
    {L "msgqueue = \"0.5K\"", "limit 12 512\n"},
    {L "nice = 20", "limit 13 20\n"},
    {L "rtprio = 3", "limit 14 3\n"},
    {L "rttime = 5", "limit 15 5\n"},
    {L "rttime = \"5us\"", "limit 15 5\n"},
    {L "rttime = \"0.25ms\"", "limit 15 250\n"},
    {L "rttime = \"1.000001s\"", "limit 15 1000001\n"},
    {L "fsize = 9223372036854775807", "limit 1 9223372036854775807\n"},

    {E, "kept 1 "},
    {E "keep = []", "kept 0 "},
    {E "keep = [\"PATH\", \"LC_*\"]", "variable 0 PATH=(none)\nvariable 0 LC_*=(none)\n"},
    {E "set = { A = \"b\", \"C D\" = \"${A}\\n\" }", "variable 1 A=b\nvariable 1 C D=${A}\n"},
    {E "unset = [\"X*\"]", "variable 2 X*=(none)\n"},

    {R "to = \"stderr\"", "report 0 0 (none)\n"},
    {R "to = \"/var/log/x\\\\[\"", "report 0 0 /var/log/x[\n"},
    {R "to = \"~/log\"", "report 0 0 /home/user/log\n"},
    {R "format = \"json\"", "report 0 1 (none)\n"},
    {R "format = \"text\"", "report 0 0 (none)\n"},
    {R "action = \"complain\"", "report 1 0 (none)\n"},
    {R "action = \"deny\"", "report 0 0 (none)\n"},
};

/* What is said, behind "p.toml:". */
static const struct {
    const char *text;
    const char *said;
} bad[] = {
    {"", "1:1: version is missing; this endorun reads `version = 1`"},
    {"# nothing\n", "1:1: version is missing; this endorun reads `version = 1`"},
    {"version = 2\nodd = 1", "1:11: version 2 is not known; this endorun reads `version = 1`"},
    {"version = \"1\"", "1:11: version is a string; an integer is expected"},
    {"version = 1.0", "1:11: version is a float; an integer is expected"},
    {V "versio = 1", "2:1: unknown key at the top level 'versio'" NK "'version')"},
    {V "[filesytem]", "2:2: unknown section 'filesytem'" NK "'filesystem')"},
    {V "filesystem = 3", "2:14: filesystem is an integer; it is a section, [filesystem]"},
    {V "[[network]]", "2:1: network is an array; it is a section, [network]"},
    {V "include = \"x\"", "2:11: include is a string; an array of strings is expected"},
    {V "include = [1]", "2:12: an integer in include; a string is expected"},
    {V "include = [\"none.toml\"]", "2:12: 'none.toml': No such file or directory"},
    {V "include = [\"@none\"]", "2:12: '@none': no built-in profile has this name"},

    {F "reed = []", "3:1: unknown key 'reed' in [filesystem]" NK "'read')"},
    {F "default = \"dney\"",
     "3:11: filesystem.default is \"allow\" or \"deny\", not 'dney'" NK "'deny')"},
    {F "default = true", "3:11: filesystem.default is a boolean; a string is expected"},
    {F "read = \"/a\"", "3:8: filesystem.read is a string; an array of strings is expected"},
    {F "write = [\"/a\", 1979-05-27]",
     "3:16: a date or time in filesystem.write; a string is expected"},
    {F "exec = [\"/a\\u0000b\"]", "3:9: a string with a NUL character"},
    {F "deny = [[\"/a\"]]", "3:9: an array in filesystem.deny; a string is expected"},
    {F "hide = {}", "3:8: filesystem.hide is a table; an array of strings is expected"},
    {F "redirect = []",
     "3:12: filesystem.redirect is an array; a table from path to path is expected"},
    {F "redirect = { \"/a*\" = \"/b\" }", "3:14: '/a*' has a wildcard; one path is expected"},
    {F "redirect = { \"/a\" = \"/b?\" }", "3:21: '/b?' has a wildcard; one path is expected"},
    {F "redirect = { \"/a\" = 1 }",
     "3:21: an integer in filesystem.redirect; a string is expected"},
    {F "redirect = { \"/a\" = \"/b\", \"//a/\" = \"/c\" }",
     "3:27: '/a' is redirected twice, in line 3 too"},
    {F "redirect = { \"/a\\u0000\" = \"/b\" }", "3:14: a key with a NUL character"},

    {N "conect = []", "3:1: unknown key 'conect' in [network]" NK "'connect')"},
    {N "default = \"\"", "3:11: network.default is \"allow\" or \"deny\", not ''" NK "'deny')"},
    {N "connect = 1", "3:11: network.connect is an integer; an array of strings is expected"},
    {N "bind = [80]", "3:9: an integer in network.bind; a string is expected"},
    {N "connect = [\"example.org\"]",
     "3:12: 'example.org': no address: IPv4, [IPv6], '*', 'localhost' or 'unix:'"},
    {N "connect = [\"\"]", "3:12: '': no address: IPv4, [IPv6], '*', 'localhost' or 'unix:'"},
    {N "connect = [\"1.2.3\"]",
     "3:12: '1.2.3': no address: IPv4, [IPv6], '*', 'localhost' or 'unix:'"},
    {N "connect = [\"localhost/8\"]",
     "3:12: 'localhost/8': no address: IPv4, [IPv6], '*', 'localhost' or 'unix:'"},
    {N "connect = [\"1.2.3.4/33\"]", "3:12: '1.2.3.4/33': the prefix is a number to 32"},
    {N "connect = [\"1.2.3.4/\"]", "3:12: '1.2.3.4/': the prefix is a number to 32"},
    {N "connect = [\"fe80::1/129\"]", "3:12: 'fe80::1/129': the prefix is a number to 128"},
    {N "connect = [\"fe80::g\"]", "3:12: 'fe80::g': no IPv6 address"},
    {N "connect = [\"fe80::1%eth0\"]", "3:12: 'fe80::1%eth0': no IPv6 address"},
    {N "connect = [\"10.1.0.0/8\"]",
     "3:12: '10.1.0.0/8' has bits behind the prefix; the network is 10.0.0.0/8"},
    {N "connect = [\"fe80::1/64\"]",
     "3:12: 'fe80::1/64' has bits behind the prefix; the network is fe80::/64"},
    {N "connect = [\"[::1\"]", "3:12: '[::1': '[' without a ']' behind it"},
    {N "connect = [\"[::/64]:1\"]", "3:12: '[::/64]:1': the prefix stands behind the brackets"},
    {N "connect = [\"[::1]x\"]",
     "3:12: '[::1]x': an address is followed by nothing, or by ':' and ports"},
    {N "connect = [\"1.2.3.4:65536\"]",
     "3:12: '1.2.3.4:65536': ports are a number to 65535, two with '-' between, or '*'"},
    {N "connect = [\"1.2.3.4:\"]",
     "3:12: '1.2.3.4:': ports are a number to 65535, two with '-' between, or '*'"},
    {N "connect = [\"*:1-\"]",
     "3:12: '*:1-': ports are a number to 65535, two with '-' between, or '*'"},
    {N "connect = [\"*:1,2\"]",
     "3:12: '*:1,2': ports are a number to 65535, two with '-' between, or '*'"},
    {N "connect = [\"*:2-1\"]", "3:12: '*:2-1': a range of ports that ends before it begins"},
    {N "connect = [\"unix:@\"]", "3:12: 'unix:@': the name is missing; 'unix:@*' stands for all"},
    {N "connect = [\"unix:@a\\\\\"]", "3:12: 'unix:@a\\x5c': a backslash at the end"},
    {N "connect = [\"unix:run\"]", "3:12: 'run' is no absolute path, and does not begin with '~/', "
                                   "'./', '../' or '${'"},
    {N "families = [\"inet5\"]", "3:13: unknown address family 'inet5'" NK "'inet')"},
    {N "families = [2]", "3:13: an integer in network.families; a string is expected"},

    {S "alow = []", "3:1: unknown key 'alow' in [syscalls]" NK "'allow')"},
    {S "default = \"kill\"",
     "3:11: syscalls.default is \"allow\" or \"deny\", not 'kill'" NK "'allow')"},
    {S "allow = {}", "3:9: syscalls.allow is a table; an array of strings and tables is expected"},
    {S "allow = [1]", "3:10: an integer in syscalls.allow; a string or a table is expected"},
    {S "allow = [\"ptrase\"]", "3:10: unknown system call 'ptrase'" NK "'ptrace')"},
    {S "allow = [\"@fiel\"]", "3:10: unknown group '@fiel'" NK "'@file')"},
    {S "allow = [\"@unassigned\"]", "3:10: unknown group '@unassigned'" NK "'@signal')"},
    {S "allow = [\"@FILE\"]", "3:10: unknown group '@FILE'" NK "'@file')"},
    {S "allow = [\"@file(arg0 == 1)\"]",
     "3:10: a group takes no conditions: its calls differ in their arguments"},
    {S "allow = [\"read x\"]", "3:10: 'x' behind the name of a call; '(CONDITIONS)' is expected"},
    {S "allow = [\"read(arg0 == 1\"]",
     "3:10: '(arg0 == 1' behind the name of a call; '(CONDITIONS)' is expected"},
    {S "allow = [\"read()\"]", "3:10: a condition begins with arg0 to arg5, not with ''"},
    {S "allow = [\"read(arg6 == 1)\"]",
     "3:10: a condition begins with arg0 to arg5, not with 'arg6 == 1'"},
    {S "allow = [\"read(arg3 == 1)\"]", "3:10: read has no arg3; the last is arg2"},
    {S "allow = [\"getpid(arg0 == 1)\"]", "3:10: getpid has no arguments"},
    {S "allow = [\"read(arg0 = 1)\"]", "3:10: '= 1': one of == != < <= > >= or `in` is expected"},
    {S "allow = [\"read(arg0 ==)\"]", "3:10: a number or a constant is missing"},
    {S "allow = [\"read(arg0 == 09a)\"]", "3:10: '09a' is no number"},
    {S "allow = [\"read(arg0 == 0o8)\"]", "3:10: '0o8' is no number"},
    {S "allow = [\"read(arg2 == 18446744073709551616)\"]",
     "3:10: '18446744073709551616' is no number"},
    {S "allow = [\"read(arg0 == 0x100000000)\"]",
     "3:10: '0x100000000' is more than the 32 bits that the kernel takes"},
    {S "allow = [\"read(arg0 == -2147483649)\"]",
     "3:10: '2147483649' is more than the 32 bits that the kernel takes"},
    {S "allow = [\"ioctl(arg1 == TIOCGWINSIZE)\"]",
     "3:10: unknown constant 'TIOCGWINSIZE'" NK "'TIOCGWINSZ')"},
    {S "allow = [\"kill(arg1 == SIGKIL)\"]", "3:10: unknown constant 'SIGKIL'" NK "'SIGKILL')"},
    {S "allow = [\"read(arg0 & 0 == 0)\"]", "3:10: a mask of 0 leaves nothing to compare"},
    {S "allow = [\"read(arg0 & 1 == 2)\"]", "3:10: arg0 & 0x1 is never 0x2"},
    {S "allow = [\"read(arg0 < -1)\"]",
     "3:10: arguments are compared without a sign: a negative value has no order"},
    {S "allow = [\"read(arg0 < 0)\"]",
     "3:10: the comparison of arg0 has the same outcome whatever the argument is"},
    {S "allow = [\"read(arg0 & 7 > 7)\"]",
     "3:10: the comparison of arg0 has the same outcome whatever the argument is"},
    {S "allow = [\"read(arg0 in -5..-1)\"]",
     "3:10: arguments are compared without a sign: a negative value has no order"},
    {S "allow = [\"read(arg0 in 1)\"]", "3:10: '..' is missing in a range"},
    {S "allow = [\"read(arg0 in 2..1)\"]", "3:10: a range that ends before it begins"},
    {S "allow = [\"read(arg0 == 1 arg1 == 2)\"]",
     "3:10: 'arg1 == 2' behind a condition; ',' or ')' is expected"},
    {S "allow = [{ call = \"read\", errno = \"EIO\" }]",
     "3:27: errno is for `deny`: an allowed call has none"},
    {S "allow = [{ call = \"read\", action = \"kill\" }]",
     "3:27: action is for `deny`: an allowed call is made"},
    {S "deny = [{ call = \"read\", log = true }]",
     "3:26: log is for `allow`: what is denied is reported always"},
    {S "allow = [{ call = \"read\", log = 1 }]",
     "3:33: log is an integer; true or false is expected"},
    {S "deny = [{ call = \"read\", errno = \"EPERN\" }]",
     "3:34: unknown errno 'EPERN'" NK "'EPERM')"},
    {S "deny = [{ call = \"read\", errno = 1 }]",
     "3:34: an integer in syscalls.deny; a string is expected"},
    {S "deny = [{ call = \"read\", action = \"die\" }]", "3:35: unknown action 'die'" NK "'kill')"},
    {S "deny = [{ call = \"read\", errno = \"EIO\", action = \"kill\" }]",
     "3:9: errno and action in one entry: who is killed sees no errno"},
    {S "deny = [{ call = \"read\", erno = \"EIO\" }]",
     "3:26: unknown key 'erno' in an entry of syscalls.deny" NK "'errno')"},
    {S "deny = [{ errno = \"EIO\" }]", "3:9: an entry without `call`"},
    {S "deny = [{ call = 1 }]", "3:18: an integer in syscalls.deny; a string is expected"},

    {P "exce = true", "3:1: unknown key 'exce' in [process]" NK "'exec')"},
    {P "exec = \"no\"", "3:8: process.exec is a string; true or false is expected"},
    {P "max_processes = \"1\"", "3:17: process.max_processes is a string; an integer is expected"},
    {P "max_processes = 0", "3:17: process.max_processes is 0; it must be 1 to 4194304"},
    {P "max_processes = 4194305",
     "3:17: process.max_processes is 4194305; it must be 1 to 4194304"},
    {P "signals = \"sandbax\"",
     "3:11: process.signals is \"any\" or \"sandbox\", not 'sandbax'" NK "'sandbox')"},

    {L "nproc = 1", "3:1: nproc counts all processes of the user; use max_processes in [process]"},
    {L "nofiles = 1", "3:1: unknown key 'nofiles' in [limits]" NK "'nofile')"},
    {L "nofile = \"1K\"", "3:10: '1K': limits.nofile is an integer or \"unlimited\""},
    {L "nofile = 1.5", "3:10: limits.nofile is a float; an integer or \"unlimited\" is expected"},
    {L "data = true", "3:8: limits.data is a boolean; an integer or a string is expected"},
    {L "data = -1", "3:8: limits.data is negative; \"unlimited\" is a word of its own"},
    {L "data = \"1\"", "3:8: '1': the unit is missing; without one, the number has no quotation "
                       "marks (units are K, M, G or T)"},
    {L "data = \"1k\"", "3:8: '1k': unknown unit (units are K, M, G or T)"},
    {L "data = \"M\"",
     "3:8: 'M': a number with a unit, or \"unlimited\", is expected (units are K, "
     "M, G or T)"},
    {L "data = \"0.3K\"",
     "3:8: '0.3K': not a whole number of the smallest unit (units are K, M, G or T)"},
    {L "data = \"1.K\"",
     "3:8: '1.K': a point is followed by one to nine digits (units are K, M, G or T)"},
    {L "data = \"8388608T\"", "3:8: '8388608T': too large (units are K, M, G or T)"},
    {L "data = \"99999999999999999999K\"",
     "3:8: '99999999999999999999K': too large (units are K, M, G or T)"},
    {L "cpu = \"1K\"", "3:7: '1K': unknown unit (units are s, m or h)"},
    {L "rttime = \"1m\"", "3:10: '1m': unknown unit (units are us, ms or s)"},

    {E "kepe = []", "3:1: unknown key 'kepe' in [environment]" NK "'keep')"},
    {E "keep = \"A\"", "3:8: environment.keep is a string; an array of strings is expected"},
    {E "keep = [\"A*B\"]", "3:9: 'A*B': a '*' stands at the end only"},
    {E "keep = [\"\"]", "3:9: '' is no name of a variable"},
    {E "unset = [\"A=B\"]", "3:10: 'A=B' is no name of a variable"},
    {E "unset = [1]", "3:10: an integer in environment.unset; a string is expected"},
    {E "set = [\"A\"]", "3:7: environment.set is an array; a table from name to value is expected"},
    {E "set = { A = 1 }", "3:13: an integer in environment.set; a string is expected"},
    {E "set = { \"A=\" = \"1\" }", "3:9: 'A=' is no name of a variable"},

    {R "too = \"stderr\"", "3:1: unknown key 'too' in [report]" NK "'to')"},
    {R "to = \"stdout\"", "3:6: 'stdout' is no absolute path, and does not begin with '~/', './', "
                          "'../' or '${'"},
    {R "to = 2", "3:6: report.to is an integer; a string is expected"},
    {R "to = \"/a/*\"", "3:6: '/a/*' has a wildcard; one path is expected"},
    {R "format = \"xml\"", "3:10: report.format is \"text\" or \"json\", not 'xml'" NK "'text')"},
    {R "action = \"complian\"",
     "3:10: report.action is \"deny\" or \"complain\", not 'complian'" NK "'complain')"},
};

/* Reads what is printed, and checks that it says the same. */
static void check_round_trip(const struct policy_model *model, const char *shown)
{
    char *printed = policy_printed(model), *again;
    struct policy_model second;

    policy_write("printed.toml", printed);
    ck_assert_msg(policy_take("printed.toml", &second), "%s%s", printed, policy_said);
    again = policy_shown(&second);
    ck_assert_str_eq(again, shown);
    policy_model_release(&second);
    free(again);
    free(printed);
}

START_TEST(test_good)
{
    struct policy_model model;
    char *shown;

    policy_write("p.toml", good[_i].text);
    ck_assert_msg(policy_take("p.toml", &model), "%s: %s", good[_i].text, policy_said);
    ck_assert_str_eq(policy_said, "");
    shown = policy_shown(&model);
    ck_assert_msg(strstr(shown, good[_i].lines) != NULL, "%s: %s", good[_i].text, shown);
    check_round_trip(&model, shown);
    free(shown);
    policy_model_release(&model);
}
END_TEST

START_TEST(test_bad)
{
    struct policy_model model;
    char said[512];

    policy_write("p.toml", bad[_i].text);
    ck_assert_msg(!policy_take("p.toml", &model), "%s", bad[_i].text);
    snprintf(said, sizeof said, "p.toml:%s\n", bad[_i].said);
    ck_assert_str_eq(policy_said, said);
}
END_TEST

START_TEST(test_all_errors)
{
    struct policy_model model;

    policy_write("p.toml", "version = 1\n"
                           "odd = 1\n"
                           "[filesystem]\n"
                           "read = [\"a\", \"/b\", \"/c**\"]\n"
                           "[process]\n"
                           "exec = 1\n");
    ck_assert(!policy_take("p.toml", &model));
    ck_assert_str_eq(policy_said,
                     "p.toml:2:1: unknown key at the top level 'odd'" NK "'report')\n"
                     "p.toml:4:9: 'a' is no absolute path, and does not begin with '~/', './', "
                     "'../' or '${'\n"
                     "p.toml:4:20: '/c**': '**' is not the whole of a name: only '/**/', or '/**' "
                     "at the end, has a meaning\n"
                     "p.toml:6:8: process.exec is an integer; true or false is expected\n");
}
END_TEST

START_TEST(test_many_errors)
{
    struct policy_model model;
    FILE *file = fopen("p.toml", "we");

    fputs("version = 1\n[filesystem]\nread = [\n", file);
    for (int i = 0; i < 250; i++)
        fputs("    \"a\",\n", file);
    fputs("]\n", file);
    fclose(file);
    ck_assert(!policy_take("p.toml", &model));
    ck_assert_ptr_nonnull(strstr(policy_said, "p.toml:103:5: 'a'"));
    ck_assert_ptr_null(strstr(policy_said, "p.toml:104:5: 'a'"));
    ck_assert_ptr_nonnull(strstr(policy_said, "\nand more\n"));
}
END_TEST

/* An entry is one again, whatever it stands for; and each tells where it is from. */
START_TEST(test_print)
{
    struct policy_model model;
    char *printed;

    policy_write("base.toml", "version = 1\n[filesystem]\nread = ['/a/../b']\n"
                              "[network]\nconnect = ['localhost']\n");
    policy_write("p.toml", "version = 1\ninclude = ['base.toml']\n"
                           "[filesystem]\ndefault = 'allow'\nread = ['${WILD}']\n"
                           "redirect = { '/x' = '/y\\*' }\n"
                           "[syscalls]\ndeny = ['@aio', { call = 'read', errno = 'EIO' }]\n"
                           "[limits]\nas = '1M'\n[report]\nformat = 'json'\n");
    ck_assert(policy_take("p.toml", &model));
    printed = policy_printed(&model);
    ck_assert_str_eq(printed, "version = 1\n"
                              "\n[filesystem]\n"
                              "default = \"allow\" # p.toml:4\n"
                              "read = [\n"
                              "    \"/b\", # base.toml:3\n"
                              "    \"/x\\\\*\\\\?\\\\[y]\\\\\\\\{$\", # p.toml:5\n"
                              "]\n"
                              "\n[filesystem.redirect]\n"
                              "\"/x\" = \"/y\\\\*\" # p.toml:6\n"
                              "\n[network]\n"
                              "default = \"deny\" # default\n"
                              "connect = [\n"
                              "    \"localhost\", # base.toml:5\n"
                              "]\n"
                              "families = [\"unix\", \"inet\", \"inet6\"] # default\n"
                              "\n[syscalls]\n"
                              "default = \"allow\" # default\n"
                              "deny = [\n"
                              "    \"@aio\", # p.toml:8\n"
                              "    { call = \"read\", errno = \"EIO\" }, # p.toml:8\n"
                              "]\n"
                              "\n[process]\n"
                              "exec = true # default\n"
                              "signals = \"any\" # default\n"
                              "\n[limits]\n"
                              "as = 1048576 # p.toml:10\n"
                              "\n[report] # p.toml:11\n"
                              "to = \"stderr\"\n"
                              "format = \"json\"\n"
                              "action = \"deny\"\n");
    free(printed);
    policy_model_release(&model);
}
END_TEST

static const struct endorun_syscall table[] = {
#define SYSCALL ENDORUN_SYSCALL_ENTRY
#include "../../policy/syscalls.def"
};
static const char *const families[] = {
#define X(name, holds) [ENDORUN_FAMILY_##name] = #name,
    ENDORUN_FAMILIES(X)
#undef X
};

/* The name of a family in lower case is the group of its calls. */
START_TEST(test_groups_are_families)
{
    for (unsigned family = 0; family < ENDORUN_FAMILY_LIMIT; family++) {
        char text[64] = S "deny = [\"@";
        struct policy_model model;
        size_t count = 0;

        if (family == ENDORUN_FAMILY_UNASSIGNED || family == ENDORUN_FAMILY_UNIMPLEMENTED)
            continue;
        for (size_t at = strlen(text), i = 0; families[family][i] != '\0'; i++)
            text[at + i] = (char)tolower(families[family][i]);
        policy_write("p.toml", strcat(text, "\"]"));
        ck_assert_msg(policy_take("p.toml", &model), "%s", policy_said);
        for (size_t number = 0; number < sizeof table / sizeof table[0]; number++)
            count += table[number].family == family;
        ck_assert_uint_eq(model.call_rule_count, count);
        for (size_t i = 0; i < model.call_rule_count; i++)
            ck_assert_uint_eq(table[model.call_rules[i].number].family, family);
        policy_model_release(&model);
    }
}
END_TEST

/* Each group has members, and "@all" all of them: what is denied here is each call of the table. */
START_TEST(test_group_of_all)
{
    struct policy_model model;
    char *shown;

    policy_write("p.toml", S "deny = [\"@all\"]");
    ck_assert(policy_take("p.toml", &model));
    ck_assert_uint_gt(model.call_rule_count, 350);
    for (size_t i = 0; i < model.call_rule_count; i++)
        ck_assert(i == 0 || model.call_rules[i - 1].number < model.call_rules[i].number);
    shown = policy_shown(&model);
    check_round_trip(&model, shown);
    free(shown);
    policy_model_release(&model);
}
END_TEST

START_TEST(test_too_many_rules)
{
    struct policy_model model;
    FILE *file = fopen("p.toml", "we");

    fputs(S "deny = [\n", file);
    for (int i = 0; i < 1000; i++)
        fputs("\"@all\",\n", file);
    fputs("]\n", file);
    fclose(file);
    ck_assert(!policy_take("p.toml", &model));
    ck_assert_ptr_nonnull(strstr(policy_said, "more than 65536 rules about system calls"));
}
END_TEST

/* The schema: each section has keys, each key belongs to one, and none is there twice. */
START_TEST(test_schema)
{
    for (size_t i = 0; i < schema_key_count; i++) {
        bool is_known = false;

        for (size_t j = 0; j < schema_section_count; j++)
            is_known |= strcmp(schema_sections[j].name, schema_keys[i].section) == 0;
        ck_assert_msg(is_known, "%s", schema_keys[i].section);
        ck_assert_msg(schema_keys[i].help != NULL && schema_keys[i].fallback != NULL, "%s",
                      schema_keys[i].name);
        for (size_t j = 0; j < i; j++)
            ck_assert(strcmp(schema_keys[i].name, schema_keys[j].name) != 0 ||
                      strcmp(schema_keys[i].section, schema_keys[j].section) != 0);
    }
}
END_TEST

/* No key is left out of the tables above: each stands in a good case, and its name in a bad one. */
START_TEST(test_keys_are_tested)
{
    for (size_t i = 0; i < schema_key_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        char section[32], name[32];
        bool is_tested = false;

        snprintf(section, sizeof section, "[%s]\n", key->section);
        snprintf(name, sizeof name, "\n%s = ", key->name);
        for (size_t j = 0; *key->section != '\0' && j < sizeof good / sizeof good[0]; j++)
            is_tested |=
                strstr(good[j].text, section) != NULL && strstr(good[j].text, name) != NULL;
        ck_assert_msg(is_tested || *key->section == '\0', "%s.%s", key->section, key->name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_front");
    TCase *cases = tcase_create("files");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, policy_set_up, policy_tear_down);
    tcase_add_loop_test(cases, test_good, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(cases, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(cases, test_all_errors);
    tcase_add_test(cases, test_many_errors);
    tcase_add_test(cases, test_print);
    tcase_add_test(cases, test_groups_are_families);
    tcase_add_test(cases, test_group_of_all);
    tcase_add_test(cases, test_too_many_rules);
    tcase_add_test(cases, test_schema);
    tcase_add_test(cases, test_keys_are_tested);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
