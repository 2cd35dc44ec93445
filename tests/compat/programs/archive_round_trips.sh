#!/bin/bash
# Packs one tree with every compressor, unpacks it again and compares. Archives go to result/.
set -eu
mkdir -p tree/deep/er tree/empty
seq 1 200000 >tree/numbers
head -c 3000000 <(yes "some text that compresses") >tree/deep/text
# Bytes that do not compress, and are the same in every run.
seq 1 40000 | sha512sum -b | cut -c1-64 >tree/deep/er/sum
head -c 2000000 <(while :; do seq 1 100000 | gzip -n -1; done) >tree/deep/er/dense
truncate -s 5M tree/sparse
printf tail >>tree/sparse
ln tree/numbers tree/hard
ln -s ../numbers tree/deep/soft
chmod 0750 tree/deep
find tree -exec touch -h -d '2022-02-02 02:02:02 UTC' {} +
same=(--sort=name --owner=0 --group=0 --numeric-owner)

tar "${same[@]}" -cf result/plain.tar tree
for kind in gzip bzip2 xz zstd; do
    tar "${same[@]}" "--$kind" -cf "result/tree.$kind" tree
    mkdir "out.$kind"
    tar -xf "result/tree.$kind" -C "out.$kind"
    diff -r tree "out.$kind/tree"
    test "out.$kind/tree/hard" -ef "out.$kind/tree/numbers"
    tar -tvf "result/tree.$kind" --numeric-owner | sort -k6 | sha256sum
done
printf 'round trips agree\n'

tar -S -cf sparse.tar tree/sparse
test "$(stat -c %s sparse.tar)" -lt 100000 && printf 'sparse\n'
tar "${same[@]}" -cf - tree | (mkdir piped && cd piped && tar -xf -)
diff -r tree piped/tree && printf 'piped\n'
tar -cf here.tar tree && tar -df here.tar && printf "nothing differs\n"
tar "${same[@]}" -cf - tree | tar -xf - --to-command='wc -c' | sort -n
tar -C tree -cf grown.tar deep
tar -C tree -rf grown.tar numbers
tar -tf grown.tar | sort

xz -T2 --block-size=400KiB -k -c tree/numbers >result/threads.xz
xz -T2 -dc result/threads.xz | cmp - tree/numbers && printf 'xz with threads\n'
xz --robot --list result/threads.xz | grep ^totals | cut -f2,3,4,5
zstd -q -T2 -B512K -9 -c tree/numbers >result/threads.zst
zstd -q -dc result/threads.zst | cmp - tree/numbers && printf 'zstd with threads\n'
zstd -q --train tree/deep/* -o dictionary 2>/dev/null || printf 'too few samples: %d\n' $?
gzip -n -9 -c tree/numbers | gzip -dc | cmp - tree/numbers && printf 'gzip in a pipe\n'
gzip -n -k tree/deep/text && gzip -l tree/deep/text.gz | tail -n 1 | awk "{ print \$2, \$3 }"
bzip2 -k -c tree/numbers | bzip2 -dc | cmp - tree/numbers && printf 'bzip2 in a pipe\n'

for kind in gzip xz zstd; do
    head -c 2000 "result/tree.$kind" >damaged
    "$kind" -dc <damaged >/dev/null 2>message || printf '%s refuses: %d, %d line\n' "$kind" $? "$(wc -l <message)"
done
