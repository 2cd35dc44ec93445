#!/bin/bash
# Shell features that rest on fork, exec, pipes, process groups and signals. Prints nothing that varies.
set -u

section() {
    printf '== %s\n' "$1"
}

pipes() {
    section pipes
    seq 1 1000 | grep 7 | sort -rn | head -n 5 | paste -sd,
    true | false | (exit 3) | true
    printf '%s\n' "${PIPESTATUS[*]}"
    (
        set -o pipefail
        (exit 5) | cat
        printf 'pipefail %d\n' $?
    )
    yes | head -n 2
    printf 'yes ended by %d\n' "${PIPESTATUS[0]}"
    exec {counter}> >(wc -l)
    seq 1 20000 | tee /dev/fd/"$counter" | tail -n 1
    exec {counter}>&-
    wait $!
}

substitutions() {
    section substitutions
    diff <(seq 1 5) <(seq 2 6)
    printf 'diff %d\n' $?
    mapfile -t lines < <(printf 'a b\nc d\n')
    printf '%d %s\n' "${#lines[@]}" "${lines[1]}"
    cat <<HERE
expanded $((6 * 7)) $(printf nested)
HERE
    cat <<'HERE'
not expanded $((6 * 7))
HERE
    cat <<<"here string"
    exec {fd}<<<"through a numbered descriptor"
    read -r line <&"$fd"
    exec {fd}<&-
    printf '%s\n' "$line"
    # A here-document larger than a pipe's buffer takes another way through the kernel.
    big=$(seq 1 30000)
    wc -c <<<"$big"
}

subshells() {
    section subshells
    value=outer
    (
        value=inner
        (
            value=innermost
            printf '%s\n' "$value"
            exit 9
        )
        printf '%s %d\n' "$value" $?
    )
    printf '%s\n' "$value"
    [[ $BASHPID == "$$" ]] && printf 'same process\n'
    ([[ $BASHPID != "$$" ]] && printf 'another process\n')
    for i in $(seq 300); do
        (exit $((i % 7))) || last=$?
    done
    printf 'forked 300, last failure %d\n' "$last"
}

# In a child: returns when the shell sleeps, which is in its wait.
while_it_waits() {
    local state=
    until [[ $state == S ]]; do
        sleep 0.02
        read -r _ _ state _ <"/proc/$$/stat"
    done
}

jobs_and_wait() {
    section jobs
    # Each ends when it is told to, so that the order does not depend on how fast they start; and it
    # is told while this shell is in its wait: bash 5.2 looks for ended jobs before it blocks SIGCHLD
    # and waits, and waits for ever if one ends between the two (jobs.c, wait_for_any_job). Who tells
    # is no child, and does it when this shell has nothing else left to sleep in.
    for status in 6 1 3; do
        mkfifo "gate.$status"
        (read -r _ <"gate.$status"; exit "$status") &
    done
    for status in 1 3 6; do
        ( (until [[ -e turn.$status ]]; do sleep 0.02; done; while_it_waits; echo >"gate.$status") & )
        : >"turn.$status"
        wait -n
        printf 'wait -n: %d\n' $?
    done
    wait -n
    printf 'nothing left: %d\n' $?
    sleep 30 &
    kill %%
    wait $!
    printf 'killed job: %d\n' $?
    (while_it_waits; exit 4) &
    pid=$!
    wait -n -p which "$pid"
    printf 'status %d of the right process: %s\n' $? "$([[ $which == "$pid" ]] && echo yes)"
}

job_control() {
    section 'job control'
    set -m
    sleep 30 &
    kill -STOP %1
    until [[ $(jobs -s) ]]; do sleep 0.02; done
    jobs %1 | sed 's/  */ /g'
    bg %1 >/dev/null
    until [[ $(jobs -r) ]]; do sleep 0.02; done
    jobs %1 | sed 's/  */ /g'
    # Own process group per job: the signal reaches the sleep and its shell, not this script.
    kill -TERM %1
    wait %1
    printf 'terminated job: %d\n' $?
    (kill -TSTP $BASHPID; exit 12) &
    until [[ $(jobs -s) ]]; do sleep 0.02; done
    kill -CONT %%
    wait $!
    printf 'stopped itself, continued: %d\n' $?
    set +m
}

traps() {
    section traps
    trap 'printf "USR1 in %s\n" "$phase"' USR1
    phase=self
    kill -USR1 $$
    phase=child
    (kill -USR1 $$)
    phase=waiting
    (while_it_waits; kill -USR1 $$) &
    wait $!
    printf 'wait interrupted: %s\n' "$(($? > 128))"
    wait
    trap - USR1
    bash -c 'trap "echo exit trap" EXIT; trap "echo term; exit 3" TERM; kill -TERM $$; echo not reached'
    printf 'status %d\n' $?
    bash -c 'trap "" INT; (kill -INT $BASHPID; echo ignored signal is inherited)'
    bash -c 'trap "echo ERR at line $LINENO" ERR; false; true'
    bash -c 'kill -KILL $$'
    printf 'killed: %d\n' $?
    bash -c 'ulimit -c 0; kill -SEGV $$'
    printf 'segv: %d\n' $?
    children=0
    trap 'children=$((children + 1))' CHLD
    for _ in 1 2 3; do
        (exit 0) &
        wait $!
    done
    trap - CHLD
    printf 'SIGCHLD handled: %d\n' "$children"
}

# A ring of jobs that hand a token on by signals.
signals_between_jobs() {
    section 'signals between jobs'
    main=$$
    # Each job says that its trap is set before the first token arrives.
    worker() {
        local done=
        trap 'done=yes' USR2
        printf 'ready\n'
        until [[ $done ]]; do sleep 0.02; done
        kill -USR1 "$main"
    }
    count=0
    trap 'count=$((count + 1))' USR1
    for round in 1 2 3 4; do
        coproc WORKER { worker; }
        read -r _ <&"${WORKER[0]}"
        pid=$WORKER_PID
        kill -USR2 "$pid"
        until ((count == round)); do sleep 0.02; done
        wait "$pid"
    done
    trap - USR1
    printf 'tokens returned: %d\n' "$count"
}

coprocess() {
    section coprocess
    coproc CALC { while read -r a b; do printf '%d\n' $((a * b)); done; }
    for n in 2 3 4; do
        printf '%d %d\n' "$n" "$n" >&"${CALC[1]}"
        read -r -u "${CALC[0]}" product
        printf '%d\n' "$product"
    done
    pid=$CALC_PID
    eval "exec ${CALC[1]}>&-"
    wait "$pid"
    printf 'coprocess ended: %d\n' $?
}

timeouts() {
    section timeouts
    mkfifo quiet
    exec 7<>quiet
    read -r -t 0.1 -u 7 _
    printf 'read timed out: %s\n' $(($? > 128))
    exec 7>&-
    start=$SECONDS
    timeout 0.2 sleep 300
    printf 'timeout %d, soon: %s\n' $? $((SECONDS - start < 150))
}

pipes 2>&1
substitutions
subshells
jobs_and_wait 2>/dev/null
job_control 2>/dev/null
traps 2>/dev/null
signals_between_jobs
coprocess
timeouts
exit 17
