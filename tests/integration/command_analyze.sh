#!/bin/bash
# --analyze: the report in both forms, and what is said of a file that has none.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

libc=/lib/x86_64-linux-gnu/libc.so.6
"$ENDORUN" --analyze $libc >text 2>errors || problem "--analyze $libc: status $?"
"$ENDORUN" --analyze=$libc >text2 2>>errors || problem "--analyze=$libc: status $?"
"$ENDORUN" --analyze $libc --json >json 2>>errors || problem "--analyze $libc --json: status $?"
"$ENDORUN" --json --analyze $libc >json2 2>>errors || problem "--json --analyze $libc: status $?"
[[ ! -s errors ]] || problem "stderr: $(cat errors)"
cmp -s text text2 || problem "--analyze=FILE differs from --analyze FILE"
cmp -s json json2 || problem "the place of --json matters"
/usr/bin/python3 - json text <<'P' || problem "the reports"
import json, re, sys
report = json.load(open(sys.argv[1]))
assert report["schema"] == 1
content = open("/lib/x86_64-linux-gnu/libc.so.6", "rb").read()
# Debian's libc of these years has some 500 sites; every one is a `syscall` instruction.
assert 300 < len(report["sites"]) <= content.count(b"\x0f\x05"), len(report["sites"])
text = open(sys.argv[2]).read()
assert text.count("\n") > len(report["sites"])
# glibc's pkey_set() is the C library's only use of an unsafe instruction.
found = [match for match in report["unsafe"] if match["state"] == "instruction"]
assert [(match["kind"], match["symbol"]) for match in found] == [("wrpkru", "pkey_set")], found
assert content[found[0]["offset"]:].startswith(bytes.fromhex(found[0]["bytes"]))
assert "wrpkru    0f 01 ef     instruction  pkey_set+0x" in text
P

printf '#!/bin/sh\n' >script
mkdir folder
refused() { # FILE
    local status=0
    "$ENDORUN" --analyze "$1" >stdout 2>stderr || status=$?
    expect_equal "status of --analyze $1" 125 "$status"
    [[ ! -s stdout ]] || problem "--analyze $1 wrote on stdout"
    expect_equal "lines about $1" 1 "$(wc -l <stderr)"
    grep -q "^endorun: $1: ." stderr || problem "--analyze $1 says '$(cat stderr)'"
}
expect_refusal 125 "endorun: missing: No such file or directory" "$ENDORUN" --analyze missing
refused script
refused folder
refused /dev/null
refused /proc/self/nothing
# shellcheck disable=SC2016 # the inner shell expands them
expect_refusal 125 "endorun: cannot write to standard output: No space left on device" \
    bash -c 'exec "$0" --analyze "$1" >/dev/full' "$ENDORUN" $libc
conclude
