# shellcheck shell=bash
# What is compared: the ways to run one and the same program. Sourced by tools/bench.

# In the order in which a round visits them. The baseline comes first.
all_configurations=(native endorun endorun-no-rewrite endorun-selector endorun-pkey endorun-policy
    endorun-trace endorun-trace-none landlock bwrap firejail seccomp-allow seccomp-notify ptrace
    floor-range floor-selector strace strace-none)

# No workload makes it.
rare_call=fanotify_init

describe_configuration() {
    case $1 in
    native) echo "the program alone" ;;
    endorun) echo "endorun --isolation=kernel PROGRAM" ;;
    endorun-no-rewrite) echo "the same with --no-rewrite: every call is a SUD trap" ;;
    endorun-selector) echo "the same with --sud=selector: rewritten, SUD in the selector form" ;;
    endorun-pkey) echo "endorun --isolation=pkey PROGRAM: protection keys; counts only, where the machine has none" ;;
    endorun-policy) echo "endorun --isolation=kernel --policy FILE PROGRAM: all may be read and executed, SCRATCH written; redis and nginx: their profiles" ;;
    landlock) echo "the same rules by Landlock alone" ;;
    bwrap) echo "the same by mounts, with a filter of calls: bwrap --seccomp 9 --ro-bind / / --bind SCRATCH SCRATCH --dev-bind /dev /dev PROGRAM" ;;
    firejail) echo "the same: firejail --noprofile --read-only=/ --read-write=SCRATCH PROGRAM" ;;
    seccomp-allow) echo "a seccomp filter that allows all" ;;
    seccomp-notify) echo "seccomp user notification: another process lets every call through" ;;
    ptrace) echo "a tracer that stops the program at the entry and the exit of every call, and does nothing else" ;;
    floor-range) echo "SUD armed by the program itself, every call in the allowed range" ;;
    floor-selector) echo "SUD armed by the program itself, selector byte ALLOW" ;;
    endorun-trace) echo "endorun --isolation=kernel --trace=FILE PROGRAM" ;;
    endorun-trace-none) echo "the same with -e trace=$rare_call: a filter that matches nothing" ;;
    strace) echo "strace -f -o FILE PROGRAM" ;;
    strace-none) echo "strace -f --seccomp-bpf -e trace=$rare_call -o FILE PROGRAM" ;;
    esac
}

# Sets `prefix`, the words before the program's own, and `micro_options`, those after bench_micro.
use_configuration() { # CONFIGURATION [WORKLOAD]
    local policy trace=$scratch/traces/trace
    policy=$(policy_for "${2:-}")
    prefix=()
    micro_options=()
    case $1 in
    native) ;;
    endorun) prefix=("$endorun" --isolation=kernel --) ;;
    endorun-no-rewrite) prefix=("$endorun" --isolation=kernel --no-rewrite --) ;;
    endorun-selector) prefix=("$endorun" --isolation=kernel --sud=selector --) ;;
    endorun-pkey) prefix=("$endorun" --isolation=pkey --) ;;
    endorun-policy) prefix=("$endorun" --isolation=kernel --policy="$policy" --) ;;
    landlock) prefix=("$landlock" "$scratch" --) ;;
    bwrap)
        prefix=("$supervise" give-filter -- bwrap --seccomp 9 --ro-bind / / --bind "$scratch" "$scratch"
            --dev-bind /dev /dev --)
        ;;
    firejail) prefix=(firejail --quiet --noprofile --read-only=/ --read-write="$scratch" --) ;;
    seccomp-allow) prefix=("$supervise" allow --) ;;
    seccomp-notify) prefix=("$supervise" notify --) ;;
    ptrace) prefix=("$supervise" ptrace --) ;;
    floor-range) micro_options=(--arm=range) ;;
    floor-selector) micro_options=(--arm=selector) ;;
    endorun-trace) prefix=("$endorun" --isolation=kernel --trace="$trace" --) ;;
    endorun-trace-none) prefix=("$endorun" --isolation=kernel --trace="$trace" -e trace="$rare_call" --) ;;
    strace) prefix=(strace -f -o "$trace" --) ;;
    strace-none) prefix=(strace -f --seccomp-bpf -e trace="$rare_call" -o "$trace" --) ;;
    esac
}

# Floors exist only for a program that arms itself: execve disarms SUD. Where the process that is started does
# not become the program, the memory and the steps to count would be those of another one.
configuration_fits_sampler() { # CONFIGURATION SAMPLER
    case $1:$2 in
    floor-*:micro | floor-*:threads) return 0 ;;
    floor-*:*) return 1 ;;
    strace*:memory | endorun-trace*:memory | ptrace:memory | seccomp-notify:memory | bwrap:memory | firejail:memory) return 1 ;;
    strace*:count | endorun-trace*:count | ptrace:count | seccomp-notify:count | bwrap:count | firejail:count) return 1 ;;
    *:decide) [[ $1 == native ]] ;; # without a system call, so the same everywhere
    endorun-pkey:count) return 0 ;;
    endorun-pkey:*) machine_has_keys ;;
    *) return 0 ;;
    esac
}

machine_has_keys() {
    grep -qw ospke /proc/cpuinfo
}

endorun_help_lists() {
    "$endorun" --help 2>&1 | grep -q -e "$1"
}

# Prints why a configuration can't be measured here; prints nothing when it can.
reason_to_skip() {
    case $1 in
    native | endorun) ;;
    bwrap | firejail)
        if type -P "$1" >/dev/null; then
            failure_of_trial "$1"
        else
            echo "$1 is not installed"
        fi
        ;;
    endorun-no-rewrite)
        endorun_help_lists --no-rewrite || echo "endorun --help does not list --no-rewrite"
        ;;
    endorun-selector)
        endorun_help_lists --sud= || echo "endorun --help does not list --sud="
        ;;
    endorun-pkey)
        machine_has_keys || type -P qemu-system-x86_64 >/dev/null ||
            echo "no protection keys, and no qemu-system-x86_64 to emulate them"
        ;;
    *) failure_of_trial "$1" ;;
    esac
}

# For what the machine may lack (strace, ptrace, SUD). Not for endorun: when that can't run, each of
# its samples is to fail for all to see.
failure_of_trial() {
    local output
    use_configuration "$1"
    if ! output=$(as_user "${prefix[@]}" "$micro" "${micro_options[@]}" --sample-ms=1 getppid 2>&1); then
        echo "trial run failed: $output"
    fi
}

# Fills `configurations` with those that CONFIG_REGEX selects and that work here.
choose_configurations() { # CONFIG_REGEX
    local name reason
    configurations=()
    for name in "${all_configurations[@]}"; do
        [[ $name =~ $1 ]] || continue
        reason=$(reason_to_skip "$name")
        if [[ -n $reason ]]; then
            record skip "$name" "$reason"
        else
            configurations+=("$name")
        fi
    done
}
