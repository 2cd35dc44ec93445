#!/bin/bash
# What the monitor's child runs for a plan that the cache lacks: descriptor 3 is the file, 4 takes the
# plan, and the standard descriptors stay untouched.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

cat >plan.py <<'P'
"""Starts the mode as the monitor does. Prints the status; the plan goes to the file `plan`."""
import os, subprocess, sys

endorun, path, standard, *directory = sys.argv[1:]
plan = os.memfd_create("plan")
output_read, output_write = os.pipe()
child = os.fork()
if child == 0:
    file = -1 if path == "closed" else os.open(path, os.O_RDONLY)
    high = [os.dup2(fd, 100 + i) if fd >= 0 else -1 for i, fd in enumerate((file, plan))]
    for number in range(3):
        os.dup2(output_write, number)
    os.closerange(3, 100)
    for fd, number in zip(high, (3, 4)):
        if fd >= 0:
            os.dup2(fd, number)
    os.closerange(100, 200)
    if standard == "closed":
        os.closerange(0, 3)
    if standard == "read-only-plan":
        os.dup2(os.open("/dev/null", os.O_RDONLY), 4)
    os.execve(endorun, ["endorun", "--internal-plan", *directory], {})
os.close(output_write)
output = os.read(output_read, 4096)
status = os.waitpid(child, 0)[1]
with open("plan", "wb") as copy:
    copy.write(os.pread(plan, 1 << 26, 0))
print(os.waitstatus_to_exitcode(status), output.decode())
P
plan() { # PATH STANDARD [CACHE]
    /usr/bin/python3 plan.py "$ENDORUN" "$@"
}

cat >validate.py <<'P'
"""Holds the plan in `plan` against the file it is for, as endorun/plan.h describes it."""
import os, struct, sys

path = os.path.realpath(sys.argv[1])
plan = open("plan", "rb").read()
content = open(path, "rb").read()
status = os.stat(path)
magic, version, size, checksum, device, inode, file_size, mtime, ctime = struct.unpack_from("<QIIQQQQQQ", plan)
assert magic.to_bytes(8, "little") == b"endoplan" and version == 4 and size == len(plan)
assert (inode, file_size, mtime, ctime) == (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
assert device == status.st_dev
build_id_size, count = struct.unpack_from("<II", plan, 96)
assert build_id_size <= 32 and size == 104 + 32 * count and count > 0
expected = 0xcbf29ce484222325
for (word,) in struct.iter_unpack("<Q", plan[:16] + bytes(8) + plan[24:]):
    expected = (expected ^ word) * 0x100000001b3 % 2**64
assert checksum == expected
offsets = [struct.unpack_from("<Q", plan, 104 + 32 * i)[0] for i in range(count)]
assert offsets == sorted(set(offsets))
assert all(content[offset:offset + 2] == b"\x0f\x05" for offset in offsets)
P

for file in "$STANDIN" /lib/x86_64-linux-gnu/libc.so.6; do
    expect_equal "plan of $file" "0 " "$(plan "$file" open)"
    /usr/bin/python3 validate.py "$file" || problem "the plan of $file"
    cp plan expected
    expect_equal "plan of $file, standard descriptors closed" "0 " "$(plan "$file" closed)"
    cmp -s plan expected || problem "the plan of $file depends on the standard descriptors"
    expect_equal "plan of $file with a cache" "0 " "$(plan "$file" open "$work/cache/${file##*/}")"
    cmp -s plan expected || problem "the plan of $file depends on the cache"
    stored=("$work/cache/${file##*/}"/*)
    expect_equal "files in the cache" 1 "${#stored[@]}"
    cmp -s "${stored[0]}" expected || problem "the stored plan of $file differs"
    expect_equal "again, with the plan in the cache" "0 " "$(plan "$file" closed "$work/cache/${file##*/}")"
    cmp -s "${stored[0]}" expected || problem "the plan of $file stored again differs"
done

# A cache that cannot be written costs nothing but the next run's time.
mkdir sealed
chmod 555 sealed
: >file
for cache in sealed/cache file/cache /proc/cache ''; do
    expect_equal "plan with cache '$cache'" "0 " "$(plan "$STANDIN" open "$cache")"
    /usr/bin/python3 validate.py "$STANDIN" || problem "the plan with cache '$cache'"
done

# No plan, no output, status 1.
printf '#!/bin/sh\n' >script
head -c 100 "$STANDIN" >truncated
for file in file script truncated "$work" /dev/null closed; do
    expect_equal "plan of $file" "1 " "$(plan "$file" open "$work/none")"
    [[ ! -s plan ]] || problem "$file has a plan"
done
[[ ! -e none ]] || [[ -z $(ls none) ]] || problem "a plan that does not exist was stored"
expect_equal "a plan that cannot be handed over" "1 " "$(plan "$STANDIN" read-only-plan)"
conclude
