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
    record machine "user" "$(((${#user[@]} > 0 || EUID != 0)) && echo unprivileged || echo root)"
    record machine "load at the start" "$(cut -d ' ' -f 1-3 /proc/loadavg)"
    if [[ -n ${endorun:-} ]]; then
        record machine endorun "$("$endorun" --version 2>/dev/null | head -n 1)"
    fi
}

# Those that the kernel runs at each entry, exit or switch, and which decide what a call costs.
mitigations() {
    local file
    for file in meltdown spectre_v2 retbleed srso spec_store_bypass; do
        [[ -r /sys/devices/system/cpu/vulnerabilities/$file ]] || continue
        echo "$file: $(cat "/sys/devices/system/cpu/vulnerabilities/$file")"
    done | paste -s -d '|' | sed 's/|/; /g'
}
