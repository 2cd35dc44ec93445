# shellcheck shell=bash
# Records what was measured on, as far as it moves the numbers. Sourced by tools/bench.

record_machine() {
    record machine date "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    local governor=/sys/devices/system/cpu/cpu$cpu/cpufreq/scaling_governor
    record machine cpu "$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
    record machine cpus "$(nproc)"
    record machine "virtual machine" "$(grep -qw hypervisor /proc/cpuinfo && echo yes || echo no)"
    record machine governor "$(cat "$governor" 2>/dev/null || echo "none shown")"
    record machine kernel "$(uname -sr)"
    record machine mitigations "$(mitigations)"
    record machine libc "$(getconf GNU_LIBC_VERSION)"
    record machine "scratch file system" "$(stat -f -c %T "$scratch")"
    record machine "user" "$( ((${#user[@]} > 0 || EUID != 0)) && echo unprivileged || echo root)"
    record machine "load at the start" "$(cut -d ' ' -f 1-3 /proc/loadavg)"
    if [[ -n ${endorun:-} ]]; then
        record machine endorun "$("$endorun" --version 2>/dev/null | head -n 1)"
    fi
}

# Prints ticks since boot: passed, busy, and busy on behalf of this run. A process counts for this
# run from when it is reaped.
cpu_ticks() {
    awk -v self="/proc/$$/stat" '
        /^cpu / {
            idle = $5 + $6
            for (i = 2; i <= 9; i++) passed += $i
        }
        END {
            getline line < self
            sub(/^.*\) /, "", line)
            split(line, field, " ")
            print passed, passed - idle, field[12] + field[13] + field[14] + field[15]
        }' /proc/stat
}

# The share of all CPUs' time that went to other programs, in per cent.
others_percent() { # BEFORE AFTER, as cpu_ticks prints them
    awk -v before="$1" -v after="$2" 'BEGIN {
        split(before, b, " ")
        split(after, a, " ")
        passed = a[1] - b[1]
        others = (a[2] - b[2]) - (a[3] - b[3])
        if (passed <= 0) exit 1
        printf "%.1f", (others > 0 ? 100 * others / passed : 0)
    }'
}

# Those that the kernel runs at each entry, exit or switch, and which decide what a call costs.
mitigations() {
    local file
    for file in meltdown spectre_v2 retbleed srso spec_store_bypass; do
        [[ -r /sys/devices/system/cpu/vulnerabilities/$file ]] || continue
        echo "$file: $(cat "/sys/devices/system/cpu/vulnerabilities/$file")"
    done | paste -s -d '|' | sed 's/|/; /g'
}
