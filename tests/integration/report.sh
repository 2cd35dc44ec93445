#!/bin/bash
# `endorun report`: the page has the numbers of the trace, texts stay texts, and what is wrong with a trace is told.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

tools=$SOURCE/tests/integration/report

report() { # ARGUMENT...
    "$ENDORUN" report "$@" >stdout 2>stderr
}

# A trace of lines; the first one is put before them.
first='{"type":"trace","version":1,"start":1763843000.123456,"command":["/bin/ls","-l"]}'
call='{"type":"call","time":0.1,"duration":0.001,"pid":12,"tid":12,"call":"close","text":"close(3) = 0","result":0}'
write_trace() { # LINE...
    printf '%s\n' "$first" "$@" >trace.json
}

# ---- the numbers, counted another way

/usr/bin/python3 "$tools/make_trace.py" 3000 >counted.json
report counted.json || problem "a trace: $(<stderr)"
[[ ! -s stdout && ! -s stderr ]] || problem "something is said of a sound trace: $(<stdout) $(<stderr)"
/usr/bin/python3 "$tools/check_page.py" counted.json counted.html || problem "the numbers of the page are not those of the trace"

# ---- what endorun writes itself: several processes and threads, a signal, and a file name that would be markup

mkdir folder
touch "folder/<img src=x onerror=\"document.title='run'\">" folder/$'\e[31m\n\377'
cat >program.py <<'END'
import os, signal, threading
threads = [threading.Thread(target=lambda: [os.getppid() for i in range(100)]) for t in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
os.kill(os.getpid(), signal.SIGKILL)
END
"$ENDORUN" --trace=real.json sh -c 'ls -l folder; python3 program.py; cat folder/* nothing' >stdout 2>stderr || true
report real.json || problem "what endorun writes: $(<stderr)"
/usr/bin/python3 "$tools/check_page.py" real.json real.html || problem "the numbers of what endorun has written"
/usr/bin/python3 "$tools/check_markup.py" real.html || problem "a file name became markup"
grep -qF "/folder/&lt;img src=x onerror=&quot;document.title=&#39;run&#39;&quot;&gt;</code>" real.html || problem "no such file name"
grep -q '<td>exited with 1</td>' real.html || problem "no end of the shell"

# ---- where the page goes

write_trace "$call"
report trace.json -o page || problem "-o: $(<stderr)"
report -o - -- trace.json || problem "-o -: $(<stderr)"
cmp -s page stdout || problem "standard output has another page"
cp trace.json trace
report trace || problem "a name without .json: $(<stderr)"
[[ -s trace.html ]] || problem "no trace.html"
echo old >linked
chmod 640 linked
ln -s linked link
report trace.json -o link || problem "through a link: $(<stderr)"
[[ -L link ]] || problem "the link was replaced, not what it leads to"
cmp -s page linked || problem "through a link there is another page"
expect_equal "the mode of what was replaced" 640 "$(stat -c %a linked)"
report trace.json -o /dev/null || problem "a device: $(<stderr)"
[[ -c /dev/null ]] || problem "a device was replaced"

# ---- nothing of the network, and one policy for the page

grep -qF "default-src 'none'; script-src 'sha256-" page || problem "no Content-Security-Policy"
! grep -nE 'https?:|src=|@import|url\(' page || problem "the page refers to something outside"

# ---- texts stay texts

/usr/bin/python3 "$tools/make_hostile.py" >hostile.json
report hostile.json || problem "hostile texts: $(<stderr)"
/usr/bin/python3 "$tools/check_markup.py" hostile.html || problem "a text became markup"
grep -qF '/tmp/<i>\x1b</i>[31m<i>\x0a</i><i>\xff</i>' hostile.html || problem "control characters and bytes that are no UTF-8"
grep -qF '<i>\u{202e}</i>' hostile.html || problem "a character that changes the direction"

# ---- more than is shown: it is said of how many

many_threads() {
    local tid
    for tid in {1..600}; do
        printf '{"type":"call","time":%d,"duration":0,"pid":%d,"tid":%d,"call":"call_%d","text":"","result":-1,"error":"E%d","objects":["/%d"]}\n' \
            "$tid" "$tid" "$tid" "$tid" "$tid" "$tid"
    done
}
write_trace "$(many_threads)"
report trace.json || problem "600 threads: $(<stderr)"
for line in "The 100 threads with the most calls, of 600." "The 500 threads that come first in the timeline's order, of 600." \
    "The 500 names of calls that took most time, of 600." "The 500 files and peers with the most calls, of 600." \
    "The 500 kinds of failures that came most often, of 600." "The 50 calls that returned and took longest, of 600."; do
    grep -qF "<p class=\"of\">$line" trace.html || problem "the page does not say: $line"
done
long=$(printf 'x%.0s' {1..3000})
write_trace "${call/close(3)/$long}"
report trace.json || problem "a long line: $(<stderr)"
grep -qF '<small>and 2,004 more bytes</small>' trace.html || problem "the page does not say how much of a line is left out"

# ---- processes: who made whom, what they execute, and IDs that are used again

line() { # TIME PID CALL RESULT [OBJECT]
    printf '{"type":"call","time":%s,"duration":0.5,"pid":%s,"tid":%s,"call":"%s","text":"","result":%s%s}\n' "$1" "$2" "$2" "$3" "$4" \
        "${5:+,\"objects\":[\"$5\"]}"
}
ended() { # TIME PID [,KEY:VALUE]
    printf '{"type":"exit","time":%s,"pid":%s,"tid":%s%s}\n' "$1" "$2" "$2" "${3:-}"
}
write_trace "$(line 1 7 close 0)" "$(line 3 8 execve 0 /bin/first)" "$(line 2 7 vfork 8)" "$(line 4 8 execve -2 /bin/none)" \
    "$(ended 5 8 ',"status":1')" "$(line 6 7 fork 8)" "$(line 7 8 close 0)" "$(line 4.5 8 close 0)" \
    "$(ended 8 8 ',"signal":"SIGKILL"')"
report trace.json || problem "processes: $(<stderr)"
/usr/bin/python3 - "$tools" <<'END' >found || problem "processes: no table"
import sys
sys.path.insert(0, sys.argv[1])
from page import Page
for row in Page("trace.html").rows("threads"):
    print(*(row[i][0] or "-" for i in (0, 2, 3, 4, 6, 9)))
END
expect_equal "processes: ID, parent, program, first event, calls, end" \
    "7 - /bin/ls 1.000000 3 end not seen
8 7 /bin/first 3.000000 3 exited with 1
8 7 /bin/ls 7.000000 1 killed by SIGKILL" "$(<found)"

# ---- newer writers

write_trace '{"type":"weather","time":"soon"}' "${call/\"call\"/\"call\",\"colour\":[1,{\"a\":null\}]}"
report trace.json || problem "types and keys that are not known: $(<stderr)"
/usr/bin/python3 "$tools/check_page.py" trace.json trace.html || problem "beside lines that are not known"

# ---- little, and none

write_trace
report trace.json || problem "a trace without calls: $(<stderr)"
grep -q 'No calls were recorded' trace.html || problem "nothing is said of no calls"
printf '%s\n%s' "$first" "$call" >trace.json # no newline at its end, but whole
report trace.json || problem "no newline: $(<stderr)"
[[ ! -s stderr ]] || problem "a last line that is whole: $(<stderr)"

# ---- cut off

for length in 1 20 60 $((${#call} - 1)); do
    printf '%s\n%s\n%s' "$first" "$call" "${call:0:length}" >trace.json
    report trace.json || problem "cut off after $length bytes: status $?"
    expect_equal "what is said of it" "endorun: trace.json:3: the trace ends in the middle of this line, which is left out" "$(<stderr)"
    grep -q 'The trace ends in the middle of line 3' trace.html || problem "the page does not say that it is cut off"
    grep -q 'id="calls"' trace.html || problem "the page does not show the rest"
done

# ---- errors; what was there before stays

refused() { # LINE ARGUMENT...
    local line=$1
    shift
    echo before >trace.html
    expect_refusal 125 "endorun: $line" "$ENDORUN" report "$@"
    expect_equal "the page after: $line" before "$(<trace.html)"
}
wrong() { # WHAT LINE...: of the last line
    local what=$1
    shift
    write_trace "$@"
    refused "trace.json:$(($# + 1)): $what" trace.json
}
takes='report takes FILE [-o OUT]'
refused "report: no FILE was given; $takes"
refused "report: -o needs the name of a file; $takes" trace.json -o
refused "report: unknown option '-x'; $takes" -x
refused "report: one FILE is enough, but 'b' was given too; $takes" a b
refused "nowhere.json: No such file or directory" nowhere.json
mkdir folder.json
refused "folder.json: Is a directory" folder.json
: >trace.json
refused "trace.json: no trace: the file is empty" trace.json
echo "$call" >trace.json
refused 'trace.json:1: no trace: the first line is not of type "trace"' trace.json
echo '<html>' >trace.json
refused "trace.json:1: no JSON: unexpected character, at byte 1" trace.json
printf '%s' "${first:0:30}" >trace.json
refused "trace.json:1: the line ends in the middle" trace.json
echo "${first/:1,/:2,}" >trace.json
refused "trace.json:1: version 2 of the format is not known; this endorun reads 1" trace.json
wrong "another trace begins" "$first"
wrong "the line is empty" "$call" ""
wrong "the line is no JSON object" "$call" "[1]"
wrong "the line is no JSON object" '"call"'
wrong "the line ends in the middle" "${call:0:50}"
wrong 'there is no "type"' '{"time":1}'
wrong '"type" is no string' '{"type":1}'
wrong 'there is no "pid"' "${call/\"pid\":12,/}"
wrong '"pid" is no ID of a process or thread' "${call/12/-1}"
wrong '"tid" is no ID of a process or thread' "${call/\"tid\":12/\"tid\":4294967296}"
wrong '"time" is no number' "${call/0.1,/\"now\",}"
wrong '"time" is no number of seconds from 0 to 100000000' "${call/0.1,/1e9,}"
wrong '"duration" is no number of seconds from 0 to 100000000' "${call/0.001/-1}"
wrong '"result" is no whole number' "${call/\"result\":0/\"result\":\"0\"}"
wrong '"objects" is no array' "${call/\"result\"/\"objects\":\"x\",\"result\"}"
wrong '"objects" has an element that is no string' "${call/\"result\"/\"objects\":[1],\"result\"}"
wrong '"denied" is neither true nor false' "${call/\"result\"/\"denied\":1,\"result\"}"
wrong "a control character, \\x01, at byte 3" "$(printf '{ \x01}')"
wrong "no JSON: unexpected character, at byte $((${#call} + 1))" "$call$call"

write_trace "$call"
refused "trace.json: the page would replace the trace" trace.json -o trace.json
refused "nowhere/page: cannot be written: No such file or directory" trace.json -o nowhere/page
refused "/dev/full: cannot be written: No space left on device" trace.json -o /dev/full
expect_equal "what is left beside the page" "" "$(find . -name '*.html.*' -o -name 'page.*')"
if [[ $(id -u) != 0 ]]; then
    mkdir closed
    chmod a-w closed
    refused "closed/page: cannot be written: Permission denied" trace.json -o closed/page
fi
status=0
(ulimit -f 8; trap '' XFSZ; "$ENDORUN" report trace.json) >stdout 2>stderr || status=$?
expect_equal "status when the page is larger than may be" 125 "$status"
expect_equal "the page then" before "$(<trace.html)"
expect_equal "what is left beside it" "" "$(find . -name '*.html.*')"
if { "$ENDORUN" report trace.json -o - >/dev/full; } 2>stderr; then
    problem "standard output is full, and nothing is said"
fi

# ---- a million calls: a page of a few megabytes, and the same numbers

/usr/bin/python3 "$tools/make_trace.py" 1000000 >million.json
report million.json || problem "a million calls: $(<stderr)"
(($(stat -c %s million.html) < 4000000)) || problem "the page of a million calls has $(stat -c %s million.html) bytes"
/usr/bin/python3 "$tools/check_page.py" million.json million.html || problem "the numbers of a million calls"
conclude
