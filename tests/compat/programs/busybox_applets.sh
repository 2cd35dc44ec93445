# Run by busybox sh; every applet below is busybox itself, started again.
set -u
mkdir -p tree/a/b
seq 1 3000 >tree/numbers
busybox seq 1 20 | busybox sort -rn | busybox head -n 3
busybox awk 'BEGIN { for (i = 0; i < 1000; i++) s += i; print s; "echo from awk" | getline l; print l; system("exit 4") }'
busybox sed -n '10,12p;$s/0/o/gp' tree/numbers
busybox tar -C tree -czf packed.tgz . && mkdir out && busybox tar -C out -xzf packed.tgz && busybox diff -r tree out && echo 'tar back'
busybox gzip -c tree/numbers | busybox gunzip -c | busybox cmp - tree/numbers && echo 'gzip back'
busybox find tree -type f | busybox xargs -n 1 busybox sha256sum
echo one two | busybox tr ' ' '\n' | busybox xargs -n 1 -P 2 busybox printf '%s\n' | busybox sort
busybox dd if=tree/numbers bs=100 count=3 2>/dev/null | busybox md5sum
busybox od -c tree/numbers | busybox head -n 2
(busybox find tree | busybox sort | busybox cpio -o -H newc 2>/dev/null) | busybox cpio -t 2>/dev/null
busybox timeout 1 busybox sleep 300
echo "timeout $?"
busybox sleep 300 &
kill $!
wait $!
echo "killed $?"
trap 'echo trapped' USR1
kill -USR1 $$
busybox sh -c 'trap "echo child trapped; exit 6" TERM; kill -TERM $$'
echo "child $?"
n=0
while [ $n -lt 150 ]; do n=$((n + 1)); busybox true || echo failed; done
echo "$n children"
busybox env -i A=b busybox env
busybox nosuchapplet 2>/dev/null
echo "no applet $?"
busybox readlink -f /proc/self/exe
echo 'one two three' | busybox rev | busybox cut -d' ' -f2
exit 13
