#!/bin/bash
# A tree of 600 files worked on by parallel xargs. Output is sorted where -P leaves the order open.
set -eu
mkdir -p forest/{a..j}/{1..6}
n=0
for folder in forest/*/*; do
    for leaf in 0 1 2 3 4 5 6 7 8 9; do
        n=$((n + 1))
        printf 'leaf %d\n' "$n" >"$folder/file $leaf.txt"
    done
done

find forest -type f -print0 | xargs -0 -P 4 -n 5 sha256sum | sort >result/sums
wc -l <result/sums
find forest -type f -print0 | xargs -0 -P 4 -I{} sh -c 'test "$(wc -w <"{}")" = 2 && echo fine' | sort | uniq -c
find forest -name 'file 3.txt' -exec cat {} + | sort -k2n | head -n 3
find forest -name 'file 4.txt' -execdir sh -c 'mv "$1" renamed' _ {} \;
find forest -name renamed | wc -l
find forest -path '*/a/*' -newer forest/a/1/renamed -o -empty | wc -l | grep -c .
find forest -name 'file 5.txt' -delete
find forest -type f | wc -l
find forest -maxdepth 1 -mindepth 1 -type d -printf '%P %y %d\n' | sort
seq 40 | xargs -P 4 -n 1 sh -c 'test "$0" != 17' || printf 'one of them failed: %d\n' $?
seq 5 | xargs -n 1 sh -c 'test "$0" != 3 || exit 255; echo "$0"' || printf 'stopped early: %d\n' $?
seq 3 | xargs -n 1 sh -c 'kill -TERM $$' || printf 'killed: %d\n' $?
echo x | xargs no-such-program-here || printf 'not found: %d\n' $?
seq 20000 | xargs -s 4000 echo | wc -w
# SIGUSR1 and SIGUSR2 change the number of workers while xargs runs.
seq 60 | xargs -P 1 -n 1 sh -c 'test "$0" = 1 && { kill -USR1 "$PPID"; kill -USR1 "$PPID"; }; sleep 0.01; echo "$0"' | sort -n | cksum
