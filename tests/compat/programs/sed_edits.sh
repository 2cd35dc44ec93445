#!/bin/bash
set -eu
for n in $(seq 60); do
    printf 'name: file%d\nvalue: %d\n' "$n" $((n * n)) >"file$n"
done
sed -i -E 's/^value: ([0-9]+)$/value = <\1>/' file*
sed -i.orig '1s/name/NAME/' file7
diff file7 file7.orig || true
cat file* | sha256sum
seq 1 200000 | sed -n '$!{h;d};H;x;p'
seq 1 100000 | sed -E ':a;s/^([0-9]+)([0-9]{3})/\1,\2/;ta' | tail -n 2
printf 'a\nb\nc\n' | sed -n '1!G;h;$p'
printf 'one\ntwo\nthree\n' | sed -n -e '/two/w result/two' -e '/t/w result/with-t'
printf 'x\n' | sed 's/x/echo run by sed/e'
printf 'echo as a command\n' | sed e
sed --posix -f - result/with-t <<'SCRIPT'
/two/{
i\
before
a\
after
}
y/ehr/EHR/
SCRIPT
sed -s -n '$=' file1 file2
sed -z 's/\n/;/g' file3
echo
seq 10 | sed 5q12 || printf 'status %d\n' $?
sed p no-such-file 2>&1 || printf 'status %d\n' $?
