#!/bin/dash
# What POSIX asks of a shell, where it needs processes and signals.
set -u

echo "== pipes"
seq 1 500 | while read -r n; do echo $((n * 2)); done | tail -n 1
printf 'b\na\n' | sort | tr '\n' ' '
echo
false | true && echo "last of the pipe decides"

echo "== here-documents and substitution"
cat <<END | tr a-z A-Z
from $(echo nested $(echo twice))
END
big=$(seq 1 20000)
echo "${#big}"

echo "== jobs"
(sleep 0.3; exit 3) &
first=$!
(exit 4) &
second=$!
wait "$second"; echo "second $?"
wait "$first"; echo "first $?"
sleep 30 &
kill $!
wait $!; echo "killed $?"

echo "== traps"
trap 'echo "usr1 $state"' USR1
state=self
kill -USR1 $$
state=child
sh -c 'kill -USR1 $PPID'
(trap 'echo in subshell; exit 8' TERM; kill -TERM "$(exec sh -c 'echo $PPID')"; sleep 5)
echo "subshell $?"
trap '' INT
sh -c 'kill -INT $$; echo still here'
trap - INT USR1

echo "== exec"
(exec env -i LEFT=alone env)
(exec no-such-command-anywhere) 2>/dev/null
echo "not found $?"
: >plain
(./plain) 2>/dev/null
echo "not executable $?"

echo "== loops"
total=0
i=0
while [ "$i" -lt 200 ]; do
    total=$((total + $(echo "$i")))
    i=$((i + 1))
done
echo "$total"
trap 'echo exit trap' EXIT
exit 21
