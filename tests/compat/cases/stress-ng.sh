# shellcheck shell=bash disable=SC2034,SC2154
case_program="stress-ng"
case_exercises="its stressors of system calls (wrong arguments and addresses, prctl, personality, procfs), signals, threads, processes and memory, two of each at once, with --verify: the status of each and what it found wrong"
case_needs=(stress-ng:stress-ng)
case_timeout=540
case_serial=yes
case_full=yes

# Name and operations: most end by them, some only by the time that is given.
stressors="
    syscall 200   sysbadaddr 500  usersyscall 50  get 100        set 100        prctl 100      personality 300
    fcntl 300     dup 300         close 300       eventfd 300    timerfd 300    epoll 50       poll 300
    pipe 1000     sockpair 200    sock 30         sendfile 50    splice 200     tee 200        mq 200
    memfd 20      full 100        vdso 2000       rlimit 20      kcmp 50        pidfd 100      seccomp 50
    kill 300      sigabrt 50      sigchld 100     sigfd 500      sigfpe 300     sigio 100      signal 1000
    signest 100   sigpending 500  sigpipe 100     sigq 500       sigrt 500      sigsegv 300    sigsuspend 500
    sigtrap 300   itimer 300      timer 300       alarm 2        context 500    far-branch 30  fault 100
    pthread 100   mutex 500       futex 500       sem 500        membarrier 100 switch 500     yield 1000
    fork 100      vfork 100       vforkmany 30    clone 50       exec 30        spawn 30       daemon 30
    zombie 50     forkheavy 10    wait 100        session 30     schedpolicy 100 affinity 100  dynlib 30
    vm 50         mmap 5          mmapaddr 100    mmapfixed 100  mmapfork 1     mmapmany 1     mremap 20
    madvise 10    mprotect 50     munmap 5        msync 50       mlock 20       mincore 100    brk 500
    stack 10      bigheap 10      shm 5           shm-sysv 5     remap 10       vm-segv 30     resources 30
"
# A child of vm-segv has itself traced, which protection keys refuse, and stops for good.
((time_scale == 1)) || stressors=${stressors/vm-segv 30/}

work() {
    local name operations status
    mkdir scratch
    while read -r name operations; do
        status=0
        "${UNDER[@]}" stress-ng "--$name" 2 "--$name-ops" "$operations" --verify --timeout 15 --temp-path scratch \
            </dev/null >"$name.log" 2>&1 || status=$?
        printf '%s: status %d, %d wrong\n' "$name" "$status" "$(grep -c ' fail: ' "$name.log")"
    done < <(xargs -n 2 <<<"$stressors")
}
