# shellcheck shell=bash disable=SC2034
case_program="gdb"
case_exercises="batch sessions inside: break, run, bt, step, next, finish, watch, continue, catch signal, info threads, call, detach; exit status"
case_needs=(gdb:gdb gcc:gcc /usr/include/stdio.h:libc6-dev)
case_timeout=60

prepare() {
    gcc -O0 -g -pthread -o debugged "$PROGRAMS/debugged.c"
}

session() {
    # The debugger's own shell would be one more program between the two.
    under gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set startup-with-shell off' \
        -iex 'set print thread-events off' -iex 'set print inferior-events off' \
        -iex 'set width 0' -x "$1" --args "$PREPARED/debugged" argument 2>&1
}

work() {
    cat >steps.gdb <<'GDB'
handle SIGUSR1 nostop noprint pass
break outer
break inner if depth == 0
run
backtrace
info args
next
step
finish
next
print local
continue
backtrace
print *item
call add(40, 2)
delete
up 6
finish
watch watched
continue
continue
delete
break in_thread
continue
info threads
delete
continue
GDB
    session steps.gdb
    cat >signals.gdb <<'GDB'
handle SIGUSR1 stop print pass
run
backtrace 1
signal 0
GDB
    session signals.gdb
    cat >leave.gdb <<'GDB'
break outer
run
set variable watched = 100
kill
quit 5
GDB
    session leave.gdb || printf 'status %d\n' $?
}

# Where a signal stops the program in a system call, the kernel's view of it stands in the monitor's
# gate, which has no symbols: natively that frame has a name. The frames of the program are compared.
normalise() {
    sed -E -e "s|$PROGRAMS/||g" -e 's/0x[0-9a-f]+/ADDRESS/g' -e 's/(process|LWP|Inferior 1 \(process) [0-9]+/\1 N/g' \
        -e 's/^(  1 +Thread .*"debugged") .*/\1 waits somewhere/' \
        -e '/^\[Thread debugging using libthread_db|^Using host libthread_db|^warning: Error disabling address space/d' \
        -e '/^(#0  )?(ADDRESS in \?\? \(\)|__pthread_kill_implementation .*)$/d' \
        -e 's/^(  Id   Target Id) +Frame/\1 Frame/' \
        -e '/^Download failed|No such file or directory\.$/d'
}
