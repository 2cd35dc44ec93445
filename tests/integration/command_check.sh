#!/bin/bash
# --check: the table, the JSON, and the status that follows.
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

status=0
"$ENDORUN" --check >table 2>errors || status=$?
json_status=0
"$ENDORUN" --check=json >json 2>>errors || json_status=$?
"$ENDORUN" --check --json >json2 2>>errors || true
"$ENDORUN" --json --check >json3 2>>errors || true
[[ ! -s errors ]] || problem "stderr: $(cat errors)"
expect_equal "status of both forms" "$status" "$json_status"
cmp -s json json2 || problem "--check --json differs from --check=json"
cmp -s json json3 || problem "--json --check differs from --check=json"

# This machine runs the tests, so what they need is there; the rest is compared with other sources.
expect_equal "status" 0 "$status"
/usr/bin/python3 - json "$(uname -r)" <<'P' || problem "the JSON form"
import json, os, re, sys
report = json.load(open(sys.argv[1]))
assert report["schema"] == 1, report
assert re.fullmatch(r"\d+\.\d+\.\d+", report["version"])
checks = report["checks"]
assert list(checks) == ["kernel", "sud", "memfd_exec", "proc", "mm_map", "seccomp", "landlock",
                        "fsgsbase", "pku"], list(checks)
for name, check in checks.items():
    assert set(check) - {"version"} == {"available", "needed_for", "detail"}, (name, check)
    assert type(check["available"]) is bool and type(check["detail"]) is str
    assert check["needed_for"] in ("run", "pkey", "policy", "outside-view", "information")
    assert check["needed_for"] != "run" or check["available"], (name, check)
assert checks["kernel"]["detail"] == sys.argv[2]
assert ("version" in checks["landlock"]) == checks["landlock"]["available"]
flags = re.search(r"^flags\s*:(.*)$", open("/proc/cpuinfo").read(), re.M).group(1).split()
assert checks["pku"]["available"] <= ("pku" in flags)
assert checks["fsgsbase"]["available"] <= ("fsgsbase" in flags)
actions = "/proc/sys/kernel/seccomp/actions_avail"
assert checks["seccomp"]["available"] == os.path.exists(actions)
assert report["can_run"] is True
has_keys = report["checks"]["pku"]["available"]
assert has_keys == ("ospke" in flags)
assert report["isolation"] == {"auto": "pkey" if has_keys else "kernel", "kernel": True, "pkey": has_keys}
assert report["trace_is_tamper_proof"] is has_keys
P
expect_equal "lines of the table" 9 "$(sed '/^$/q' table | grep -c .)"
grep -Eqx 'kernel +yes  .+' table || problem "no kernel in the table"
grep -Eqx 'Syscall User Dispatch  (yes|no .*)' table || problem "no SUD in the table"
grep -Eqx -- "--isolation=auto +is $(automatic_isolation)" table || problem "no isolation in the table"
grep -q -- '^--trace, --stats  ' table || problem "no trace in the table"
if grep -q 'keys (PKU) *yes' table; then
    grep -q 'complete, whatever the program does' table || problem "a trace with protection keys"
else
    grep -q "writes to the monitor's memory" table || problem "a trace without protection keys"
fi
tail -n 1 table | grep -Eqx 'endorun [0-9.]+ can run here\.' || problem "no conclusion in the table"

# Nothing of the probes stays: the same with an odd signal state, and with the signals of a child.
/usr/bin/python3 - "$ENDORUN" <<'P' >json4 || problem "--check with every signal blocked"
import os, signal, sys
signal.signal(signal.SIGSYS, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
os.execv(sys.argv[1], [sys.argv[1], "--check=json"])
P
cmp -s json json4 || problem "the signal state changes the findings: $(diff json json4 || true)"
conclude
