#!/bin/bash
# What --stats says, where, and what it leaves as it is.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"
export XDG_CACHE_HOME=$work/cache

# json FILE EXPRESSION: the value of a Python expression in which r is the report.
json() {
    /usr/bin/python3 -c 'import json, os, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
print(eval(sys.argv[2]))' "$1" "$2"
}

expect_json() { # WHAT EXPECTED FILE EXPRESSION
    expect_equal "$1" "$2" "$(json "$3" "$4")"
}

# stats ARGUMENT...: leaves stdout, stderr and $status.
stats() {
    status=0
    "$ENDORUN" "$@" >stdout 2>stderr || status=$?
}

# The program has what it would have without a reader: descriptors, mask, dispositions, limits, arguments. The stand-in
# reports it. Left out: the process IDs, each start's own.
cp "$STANDIN" prog
start() { # COMMAND...
    /usr/bin/python3 -S -c 'import os, resource, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1, signal.SIGTSTP, signal.SIGRTMIN + 3])
for number in range(1, signal.NSIG):
    if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
        signal.signal(number, signal.SIG_IGN if number in (int(word) for word in sys.argv[1].split()) else signal.SIG_DFL)
for fd in (0, 7, 9):
    os.dup2(os.open("/dev/null", os.O_RDWR), fd, inheritable=True)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 80))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if sys.argv[2] != "":
    os.close(int(sys.argv[2]))
os.execv(sys.argv[3], sys.argv[3:])' "$ignored" "$closed" "$@"
}
inherited() {
    grep -Ev '^(pid|parent|open-files-limit|argument|image-|session)' "$STANDIN_REPORT"
}
for ignored in '' '1 2 13 17 20 21 22'; do
    for closed in '' 0 1; do
        run_standin start ./prog
        inherited >native
        run_standin start "$ENDORUN_STANDIN" --stats=statistics ./prog
        inherited >under
        cmp -s native under || problem "ignored '$ignored', closed '$closed': $(diff native under || true)"
        expect_reported session.flags $((1 | 4 | ($(</proc/sys/kernel/randomize_va_space) == 0 ? 8 : 0)))
        expect_equal "the reader is the parent" "$(reported parent)" "$(reported session.reader_pid)"
        expect_reported session.nofile_soft 40
    done
done

# dd makes two calls a block, all of them from the C library: the numbers are known. The records of all of them fit into
# the ring, so that none is dropped however late the reader comes.
blocks=1500
stats --stats=report dd if=/dev/zero of=/dev/null bs=1 count=$blocks status=none
expect_equal "status" 0 "$status"
expect_equal "stderr with a FILE" "" "$(cat stderr)"
expect_json "schema" 1 report 'r["schema"]'
expect_json "program" dd report 'r["program"]'
expect_json "images" 1 report 'r["images"]'
expect_json "all calls are there" True report "2 * $blocks < r['calls']['total'] < 2 * $blocks + 1000"
expect_json "sum" True report 'r["calls"]["rewritten"] + r["calls"]["trapped"] == r["calls"]["total"]'
expect_json "nothing is lost" "[0, 0, 0, 0, 0]" report 'list(r["lost"].values())'
expect_json "every trap has a place" True report \
    'sum(m["traps"] for m in r["modules"]) + r["traps_outside_modules"] == r["calls"]["trapped"]'

# Without rewriting every call is a trap, and read and write are the hottest, in the C library.
stats --no-rewrite --stats=report dd if=/dev/zero of=/dev/null bs=1 count=$blocks status=none
expect_equal "status" 0 "$status"
expect_json "rewritten" "0 0.0" report '"%d %.1f" % (r["calls"]["rewritten"], r["calls"]["rewritten_percent"])'
expect_json "no plan was there" 0 report 'sum(m["planned"] for m in r["modules"])'
expect_json "sites are not known" "[None]" report 'list({m["sites"] for m in r["modules"]})'
expect_json "the hottest module" True report \
    '[h["module"].rpartition("/")[2].startswith("libc.so") for h in r["hottest"][:2]] == [True, True]'
expect_json "the hottest counts" True report "all(0 <= h['traps'] - $blocks < 100 for h in r['hottest'][:2])"
expect_json "ten at most, hottest first" True report \
    'len(r["hottest"]) <= 10 and [h["traps"] for h in r["hottest"]] == sorted((h["traps"] for h in r["hottest"]), reverse=True)'
# Offsets in the file, not addresses: a syscall instruction stands there.
/usr/bin/python3 - report <<'P' || problem "an offset in a module is not that of a syscall instruction"
import json, sys
for place in json.load(open(sys.argv[1]))["hottest"]:
    with open(place["module"], "rb") as file:
        file.seek(int(place["offset"], 16))
        assert file.read(2) == b"\x0f\x05", place
P

# Several images, merged by file; a shell's children are counted, and what they did is not lost with them.
stats --stats=report sh -c 'for i in 1 2 3 4 5; do cat /dev/null | cat; done; exec true'
expect_equal "status" 0 "$status"
expect_json "images of a shell" 12 report 'r["images"]'
expect_json "mappings of cat" 10 report 'sum(m["mappings"] for m in r["modules"] if m["path"].endswith("/cat"))'
expect_json "each file once" True report 'len({m["path"] for m in r["modules"]}) == len(r["modules"])'

# More images than there are slots, one after the other in one process.
cat >chain.sh <<'S'
# Now and then it waits until the reader has looked, which it does whenever it slept.
look() {
    while read -r name value; do
        [ "$name" != voluntary_ctxt_switches: ] || slept=$value
    done </proc/$PPID/status
}
if [ $(($1 % 1000)) -eq 0 ]; then
    look
    before=$slept
    while [ $((slept - before)) -lt 2 ]; do look; done
fi
[ "$1" -le 0 ] || exec /bin/sh chain.sh $(($1 - 1))
S
stats --stats=report /bin/sh chain.sh 4200
expect_json "images in a chain" 4201 report 'r["images"]'
expect_json "nothing is lost" "[0, 0, 0, 0, 0]" report 'list(r["lost"].values())'

# A thousand threads at once.
cat >threads.py <<'P'
import threading
barrier = threading.Barrier(1000)
threads = [threading.Thread(target=barrier.wait) for _ in range(1000)]
for thread in threads: thread.start()
for thread in threads: thread.join()
P
(
    problems=0
    ulimit -s 256
    stats --stats=report /usr/bin/python3 -S threads.py
    expect_equal "status of threads" 0 "$status"
    conclude
) || problem "threads"
expect_json "nothing is lost" "[0, 0, 0, 0, 0]" report 'list(r["lost"].values())'

# A program that writes over the channel, which in kernel mode it can: the report is worth nothing then, but the reader
# reports, and ends as the program does.
cat >scribble.py <<'P'
import mmap, os, random, time
reader = f"/proc/{os.getppid()}/fd/"
[channel] = [fd for fd in os.listdir(reader) if "endorun-channel" in os.readlink(reader + fd)]
fd = os.open(reader + channel, os.O_RDWR)
try:
    os.ftruncate(fd, 0)
    os._exit(1)
except PermissionError:
    pass
memory = mmap.mmap(fd, os.fstat(fd).st_size)
garbage = os.urandom(1 << 20)
end = time.monotonic() + 1
rounds = 0
while time.monotonic() < end or rounds < 20:
    rounds += 1
    for slot in random.sample(range(4096), 64):
        at = 4096 + slot * 65536
        memory[at:at + 65536] = garbage[slot:slot + 65536]
        memory[at:at + 4] = bytes([random.choice([0, 1, 1, 2, 3]), 0, 0, 0])
        memory[at + 40:at + 48] = random.randrange(65472).to_bytes(8, "little")
os._exit(77)
P
stats --stats=report /usr/bin/python3 -S scribble.py
expect_equal "status of a scribbler ($(tail -n 1 stderr))" 77 "$status"
expect_json "damage is told" True report 'r["schema"] == 1 and r["lost"]["damaged_rings"] > 0'

# The table: behind what the program wrote, on stderr.
stats --stats sh -c 'echo out; echo err >&2; exit 3'
expect_equal "status" 3 "$status"
expect_equal "stdout" out "$(cat stdout)"
expect_equal "first line" err "$(sed -n 1p stderr)"
expect_equal "second line" "endorun: statistics of sh" "$(sed -n 2p stderr)"
grep -Eq '^ +[0-9]+            system calls; images executed: 1$' stderr || problem "no count of calls: $(cat stderr)"
grep -Eq '^ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+  /.*/libc\.so\.6$' stderr || problem "no sites of libc: $(cat stderr)"
if [[ -n $(type -P strace) ]]; then
    strace -o trace -e trace=write "$ENDORUN" --stats true 2>/dev/null || true
    expect_equal "writes of the table" 1 "$(grep -c '^write(2' trace)"
fi

# Names that would break out of the report.
odd=$'a\n"b\\\e[1m\xff'
mkdir "$odd"
cp "$(type -P cat)" "$odd/$odd"
stats --stats=report "./$odd/$odd" /dev/null
expect_json "odd names in JSON" 1 report \
    '[m["path"] for m in r["modules"]].count(os.getcwd() + "/a\n\"b\\\x1b[1m\ufffd" * 2)'
expect_json "an odd program name" True report 'r["program"] == "./a\n\"b\\\x1b[1m\ufffd/a\n\"b\\\x1b[1m\ufffd"'
stats --stats --no-rewrite "./$odd/$odd" /dev/null
expect_equal "the odd name's first line" \
    'endorun: statistics of ./a\x0a"b\x5c\x1b[1m\xff/a\x0a"b\x5c\x1b[1m\xff' "$(sed -n 1p stderr)"

# FILE: made new, emptied at the start, special files too.
printf 'old\n' >report
stats --stats=report sh -c 'wc -c <report'
expect_equal "the file during the run" 0 "$(cat stdout)"
expect_json "the file after it" 1 report 'r["schema"]'
mkfifo pipe
json pipe 'r["images"]' >images &
stats --stats=pipe true
wait $!
expect_equal "images, through a pipe" 1 "$(cat images)"
stats --stats=/dev/stdout true
expect_json "on stdout" 1 stdout 'r["images"]'

# Failures are the command's own: before the program starts, where that can be known.
refused() { # MESSAGE COMMAND...
    local message=$1
    shift
    expect_refusal 125 "endorun: $message" "$@"
}
refused "--stats=missing/report: cannot open the file for writing: No such file or directory" \
    "$ENDORUN" --stats=missing/report touch started
refused "--stats=$work: cannot open the file for writing: Is a directory" "$ENDORUN" --stats="$work" touch started
status=0
bash -c 'exec "$@" 2>&-' - "$ENDORUN" --stats touch started || status=$?
expect_equal "status when stderr is closed" 125 "$status"
[[ ! -e started ]] || problem "the program was started"
refused "--stats=/dev/full: cannot write the report: No space left on device" "$ENDORUN" --stats=/dev/full true
rm -f report
expect_refusal 127 "endorun: not-there: not found in PATH" env PATH=/usr/bin:/bin "$ENDORUN" --stats=report not-there
[[ ! -e report ]] || problem "a report about nothing"
# Found by the image, which says it; a table of zeros would only hide that.
expect_refusal 127 "endorun: ./not-there: not found" "$ENDORUN" --stats ./not-there
conclude
