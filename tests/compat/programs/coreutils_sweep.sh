#!/bin/bash
# Most of coreutils on small files, in the current folder. Files meant for comparison go to result/.
set -eu
mkdir sweep
cd sweep

section() {
    printf '== %s\n' "$1"
}
status_of() {
    local status=0
    "$@" || status=$?
    printf 'status %d\n' "$status"
}

section 'making files'
seq 1 5000 >numbers
shuf --random-source=<(yes) numbers >shuffled
head -c 100000 <(yes 'endless line') >text
printf 'beta 2\nalpha 1\ngamma 3\n' >left
printf 'alpha one\nbeta two\ndelta four\n' >right
mkdir -p tree/a/b/c
touch -d '2020-02-02 02:02:02 UTC' tree/a/dated
truncate -s 1M tree/a/sparse
mkfifo pipe
ln numbers hard
ln -s numbers soft
ln -s nowhere dangling

section 'ls, stat, readlink'
touch -h -d '2021-03-04 05:06:07 UTC' numbers shuffled text left right tree pipe soft dangling
chmod 640 left
ls -la --time-style=long-iso --block-size=1 | awk 'NR > 1 && $NF !~ /^\.+$/ { print $1, $2, $5, $6, $7, $8, $9, $10 }' | grep -v ' tree'
ls -1R tree
stat -c '%n %F %s %a %h %Y' numbers soft pipe left
readlink soft
readlink -e dangling || echo 'no such target'
realpath --relative-to=. tree/a/../a/b

section 'cp, mv, install, rm'
cp -a numbers soft tree/a/b
cp -r tree copy
diff -r tree copy && echo 'same trees'
cp --reflink=auto --sparse=always tree/a/sparse sparse2
cmp tree/a/sparse sparse2 && echo 'same sparse'
mv copy/a/b moved
install -D -m 0711 numbers bin/installed
stat -c '%a %s' bin/installed
mv -n left right
rm -r moved copy
status_of rm no-such-file 2>&1
status_of rmdir tree 2>&1
mv --backup=numbered text text.old
ln -f numbers again
stat -c %h numbers

section 'du, df'
du -b tree | sort -k2
du --apparent-size -s -B1 tree/a/sparse
df --output=target / | tail -n 1
printf 'df: %s\n' "$(df . | wc -l)"

section 'text'
sort -n shuffled | cmp - numbers && echo 'sorted back'
sort -R --random-source=numbers left | sort | paste -sd' '
sort --parallel=2 -S 64K -k1,1nr shuffled | head -n 3
join <(sort left) <(sort right)
comm <(sort left) <(sort right)
cut -d' ' -f2 left | tr 1-3 a-c
paste -d: left right
head -n -4995 numbers | tac
tail -c 20 numbers
nl left
fold -w 5 left
expand -t 4 <<<$'a\tb'
uniq -c <(sort <(printf 'x\ny\nx\n'))
wc left numbers
tr -d '\n' <numbers | wc -c
seq -w 1 3 11
seq -f '%.2f' 0 .25 1
factor 1234567891011 600851475143
numfmt --to=iec 1048576 123456789
od -A x -t x1z -N 24 numbers
base64 -w 40 left
base64 left | base64 -d | cmp - left && echo 'base64 back'
fmt -w 30 <<<'some words that are to be filled into short lines by fmt'
pr -t -2 -l 3 left
tsort <<<'a b b c a c'
expr 6 \* 7
status_of test -e nowhere

section 'split and sums'
split -n l/4 -d numbers part.
cat part.* | cmp - numbers && echo 'split back'
split --filter='wc -c' -b 8K numbers
csplit -s -f piece. numbers /1000/ /3000/
wc -l piece.*
for sum in md5sum sha1sum sha256sum sha512sum b2sum cksum sum; do
    "$sum" numbers
done
sha256sum numbers shuffled >sums
sha256sum -c sums
sed -i s/./0/ sums
status_of sha256sum -c sums 2>&1

section 'dd'
dd if=numbers of=copied bs=1000 count=10 skip=2 conv=notrunc status=none
cksum copied
dd if=/dev/zero bs=64K count=16 status=none | wc -c
dd if=numbers bs=10 count=2 2>&1 | tail -n 1 | cut -d, -f1
seq 1 100000 | dd ibs=100 obs=3000 status=none | cksum

section 'pipes and fifos'
(seq 1 3 >pipe) &
cat pipe
wait
seq 1 10 | tee one two | tail -n 1
cmp one two && echo 'tee twice'
stdbuf -oL seq 1 2 | cat
timeout 60 cat </dev/null

section 'processes'
env -i A=1 B=2 env | sort
env -u HOME sh -c 'echo ${HOME-unset}'
env --chdir=/ pwd
status_of timeout 0.2 sleep 300
status_of timeout -s KILL 0.2 sleep 300 2>/dev/null
status_of timeout --preserve-status -s INT 0.2 sleep 300
status_of timeout 60 false
status_of env no-such-program 2>&1
nice -n 5 nice
nohup sh -c 'trap' 2>/dev/null
nohup sh -c 'kill -HUP $$; echo survived HUP' 2>/dev/null
echo 'first line' >log
sh -c 'sleep 0.3; echo last line >>log' &
tail -f -s 0.05 --pid=$! log
wait
status_of sleep x 2>&1
chroot --version | head -n 1
id -u | grep -c .
nproc --all | grep -c .
tty || true
yes no | head -n 1

section 'dates and names'
date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %A'
touch -d @86400 epoch
date -u -r epoch +%F
basename /a/b/c.txt .txt
dirname /a/b/c.txt
mktemp -u name.XXXX | wc -c
file=$(mktemp -p . kept.XXXXXX)
stat -c %a "$file"
mktemp -d -p . | sed 's/\..*/dir/'
pathchk -p 'a b' 2>&1 || true
printf '%s %05.1f %x %q\n' text 3.14159 255 "it's"
shred -n 1 -u again && test ! -e again && echo shredded
sync log

sort -n shuffled >../result/sorted
cat part.* >../result/joined
