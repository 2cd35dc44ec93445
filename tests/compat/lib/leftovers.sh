# shellcheck shell=bash
# Processes that outlive a leg. Sourced by run.
#
# A leg is a session of its own and every process in it carries COMPAT_LEG=ID in its environment.
# Either mark suffices: servers overwrite their environment, daemons leave the session.

# PIDs that belong to the leg with this ID and session.
leg_processes() {
    local id=$1 session=$2 pid stat
    {
        grep -slz -- "^COMPAT_LEG=$id\$" /proc/[0-9]*/environ | grep -oE '[0-9]+' || true
        [[ -z $session ]] || ps -o pid= -s "$session" || true
    } | while read -r pid; do
        # A zombie no longer runs; whoever should wait for it is gone as well.
        stat=$(ps -o stat= -p "$pid") || continue
        [[ $stat == Z* ]] || printf '%s\n' "$pid"
    done | sort -nu
}

# What each thread of the leg is doing: for a leg that hangs.
show_leg_threads() {
    local pid task
    leg_processes "$1" "$2" | while read -r pid; do
        ps -o pid=,ppid=,stat=,args= -p "$pid" || continue
        for task in /proc/"$pid"/task/*; do
            printf '    thread %s: %s, in %s, system call %s, signals %s\n' "${task##*/}" \
                "$(sed -nE 's/^State:\s+//p' "$task/status" 2>/dev/null)" "$(cat "$task/wchan" 2>/dev/null)" \
                "$(cat "$task/syscall" 2>/dev/null)" \
                "$(grep -E '^(Sig|Shd)(Pnd|Blk|Ign|Cgt)' "$task/status" 2>/dev/null | tr -s '\t\n' ' ')"
        done
    done
}

# Gives the leg's processes a moment to end, kills the rest, and prints what it had to kill.
end_leg_processes() {
    local id=$1 session=$2 pid pids deadline=$((SECONDS + 10 * time_scale))
    while
        mapfile -t pids < <(leg_processes "$id" "$session")
        ((${#pids[@]})) || return 0
        ((SECONDS < deadline))
    do
        sleep 0.2
    done
    for pid in "${pids[@]}"; do
        ps -o pid=,stat=,args= -p "$pid" || true
        kill -KILL "$pid" 2>/dev/null || true
    done
}
