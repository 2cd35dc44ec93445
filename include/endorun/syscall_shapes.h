/*
 * The words in which policy/syscalls.def describes the system calls of x86-64: families, decision
 * points, handlers, and the shapes of arguments. Needs nothing but <stdint.h>, so that the monitor
 * (freestanding), the decoder and the policy compiler (hosted) read the same table.
 *
 * The table is a list of SYSCALL(number, name, family, decision, handler, nargs, a0 .. a5). Its
 * entries are bare words; SYSCALL pastes a prefix to each, so that no macro of another header can
 * change them (FD, INT and stat are such words). To have the table as an array:
 *
 *     static const struct endorun_syscall calls[] = {
 *     #define SYSCALL ENDORUN_SYSCALL_ENTRY
 *     #include "policy/syscalls.def"
 *     };
 *
 * It is indexed by number. A number without an entry has family ENDORUN_FAMILY_UNASSIGNED. The
 * array holds no pointer, so it needs no relocation; hosted code makes the names from a second
 * expansion, `#define SYSCALL(number, name, ...) [number] = #name,`.
 *
 * The lists below are macros: each enumeration is made from its list, and the
 * texts are there for hosted code to ask for. No value is stored anywhere: order may change.
 */
#ifndef ENDORUN_SYSCALL_SHAPES_H
#define ENDORUN_SYSCALL_SHAPES_H

#include <stdint.h>

/* -------------------------------------------------------------------------------------------------
 * Families: how users group the calls. X(name, what it holds).
 */
#define ENDORUN_FAMILIES(X)                                                                        \
    X(UNASSIGNED, "no call has this number")                                                       \
    X(UNIMPLEMENTED, "the number has a name, and every kernel since 5.13 answers ENOSYS")          \
    X(FILE, "files and directories by path, and the state that resolves paths")                    \
    X(DESCRIPTOR, "what is open: read, write, duplicate, synchronise, control")                    \
    X(EVENT, "poll, select, epoll, eventfd, inotify, fanotify")                                    \
    X(NETWORK, "sockets")                                                                          \
    X(PROCESS, "create, execute, wait, exit, and the attributes of processes")                     \
    X(SIGNAL, "send, receive, wait for and mask signals")                                          \
    X(MEMORY, "the address space")                                                                 \
    X(SYNC, "futex, restartable sequences, memory barriers")                                       \
    X(IPC, "System V and POSIX shared memory, semaphores, message queues")                         \
    X(TIME, "clocks and timers")                                                                   \
    X(SCHED, "scheduling and priorities")                                                          \
    X(CREDENTIALS, "user and group IDs, capabilities")                                             \
    X(SYSTEM, "the machine as a whole")                                                            \
    X(MOUNT, "the mount tree")                                                                     \
    X(KEY, "the kernel's key rings")                                                               \
    X(AIO, "I/O that goes on after the call: Linux AIO and io_uring")                              \
    X(TRACING, "look into processes and into the kernel")                                          \
    X(MODULE, "code for the kernel itself")                                                        \
    X(SANDBOX, "restrictions that a process puts on itself: seccomp, Landlock, LSM attributes")

enum endorun_family {
#define X(name, holds) ENDORUN_FAMILY_##name,
    ENDORUN_FAMILIES(X)
#undef X
        ENDORUN_FAMILY_LIMIT
};

/* -------------------------------------------------------------------------------------------------
 * Decision points: where a policy is asked. X(name, the object decided on).
 *
 * An action has one decision point, and each call that can perform the action reaches it: by the
 * decision column of its line or, where only some flags, commands or objects make it that action,
 * by an ALSO line below it. What a descriptor allows was decided when it was opened, so calls on
 * descriptors ask again only for what opening it did not grant.
 *
 * Every point that names a path decides on the object that the path leads to, in whatever
 * way it is named: path, descriptor and path, descriptor alone (AT_EMPTY_PATH, a NULL path,
 * /proc/self/fd), file handle.
 */
#define ENDORUN_DECISIONS(X)                                                                       \
    X(NONE, "nothing: the call reaches nothing that the caller does not hold already")             \
    X(PATH_OPEN, "a file or directory, and the access: read, write, truncate, O_PATH, create")     \
    X(PATH_READ_META, "an object of which existence, attributes or link text is learned")          \
    X(PATH_WRITE_META, "an object whose mode, owner, times or attributes change; open or not")     \
    X(PATH_CREATE, "a directory and the new name in it, with the type of the new object")          \
    X(PATH_REMOVE, "a directory and the name that goes, with the object that had it")              \
    X(PATH_LINK, "an object, its old name, and the name it gets: hard link or rename")             \
    X(PATH_EXEC, "a file to execute; for scripts, the interpreter as well")                        \
    X(PATH_WATCH, "an object whose use by anybody will be reported")                               \
    X(FD_CONTROL, "an open file description and a command: ioctl, fcntl")                          \
    X(FD_RECEIVE, "descriptors that arrive from another process")                                  \
    X(NET_SOCKET, "domain, type and protocol of a new socket")                                     \
    X(NET_CONNECT, "a socket and the address of the peer; a path when AF_UNIX")                    \
    X(NET_BIND, "a socket and the local address; the kernel's choice when listen binds")           \
    X(NET_SEND, "a socket, the destination given with the data, and descriptors passed along")     \
    X(NET_OPTION, "a socket, a level and an option")                                               \
    X(SIGNAL_SEND, "the receiving process, group or thread, and the signal")                       \
    X(PROCESS_CREATE, "what the child will share with its parent")                                 \
    X(PROCESS_INSPECT, "another process whose memory, registers or descriptors are reached")       \
    X(PROCESS_CONTROL, "a process, and its limit, priority or scheduling that changes")            \
    X(SELF_CONTROL, "an attribute of the calling thread or process that the kernel acts on")       \
    X(NAMESPACE, "a namespace that is made or joined, by its type")                                \
    X(CREDENTIALS, "the new IDs, capabilities or security label of the caller")                    \
    X(SANDBOX, "a filter or rule set by which the caller restricts itself")                        \
    X(MEMORY_MAP, "a range of the address space, and the file or segment that appears there")      \
    X(MEMORY_PROTECT, "a range, and its new access rights, key or seal")                           \
    X(MEMORY_ADVISE, "a range whose pages are locked, dropped, moved, written back or probed")     \
    X(MEMORY_FAULT, "faults that the program wants to resolve itself, the kernel's included")      \
    X(ASYNC_IO, "memory and operations that the kernel goes on using after the call: what they "   \
                "do reaches no other decision point")                                              \
    X(IPC_ACCESS, "a System V object or POSIX queue, by key, ID or name, and the access")          \
    X(KEY, "a key or key ring, and the operation")                                                 \
    X(MOUNT, "the mount tree or the root: it changes what every path means")                       \
    X(TIME_SET, "a clock of the system")                                                           \
    X(SYSTEM, "a property of the whole machine that changes")                                      \
    X(SYSTEM_INFO, "a fact about the machine, the kernel or its namespaces that is reported")      \
    X(MODULE, "code that the kernel itself is going to run: modules, kexec")                       \
    X(BPF_PERF, "programs and counters inside the kernel: bpf, perf events, socket filters")

enum endorun_decision {
#define X(name, object) ENDORUN_DECISION_##name,
    ENDORUN_DECISIONS(X)
#undef X
        ENDORUN_DECISION_LIMIT
};

/* -------------------------------------------------------------------------------------------------
 * Handlers: the part of the monitor that carries the call out. X(name); the monitor defines
 * handle_<name> for each. FORWARD gives the call to the kernel as it came.
 */
#define ENDORUN_HANDLERS(X)                                                                        \
    X(FORWARD)                                                                                     \
    X(QUICK) /* the same; needs no rights of the caller's, see policy/README.md */                 \
    X(RT_SIGACTION)                                                                                \
    X(RT_SIGPROCMASK)                                                                              \
    X(RT_SIGRETURN)                                                                                \
    X(RT_SIGPENDING)                                                                               \
    X(RT_SIGSUSPEND)                                                                               \
    X(RT_SIGTIMEDWAIT)                                                                             \
    X(SIGALTSTACK)                                                                                 \
    X(TKILL)          /* to a thread, which may be the caller */                                   \
    X(WAIT_MASK)      /* waits with a signal mask that two arguments give */                       \
    X(WAIT_MASK_PAIR) /* the same; the two stand where the last argument points to */              \
    X(CLONE)                                                                                       \
    X(CLONE3)                                                                                      \
    X(EXIT)                                                                                        \
    X(EXECVE)                                                                                      \
    X(MMAP)                                                                                        \
    X(MODIFY_LDT)                                                                                  \
    X(PTRACE)                                                                                      \
    X(WAIT4)                                                                                       \
    X(MUNMAP)                                                                                      \
    X(MREMAP)                                                                                      \
    X(SHMAT)                                                                                       \
    X(MPROTECT)                                                                                    \
    X(BRK)                                                                                         \
    X(PKEY)                                                                                        \
    X(RANGE)   /* acts on a range of addresses, which may not be the monitor's */                  \
    X(KEPT)    /* gives an address that the kernel writes to later */                              \
    X(REFUSED) /* reaches memory past protection keys */                                           \
    X(PERSONALITY)                                                                                 \
    X(UNSHARE)                                                                                     \
    X(SECCOMP)                                                                                     \
    X(LANDLOCK)                                                                                    \
    X(PATH_EXE) /* follows a path that may be /proc/self/exe, which is to name the program */      \
    X(OPEN)     /* opens a path; the file may be one that the program may not have */              \
    X(RECEIVE)  /* receives descriptors; the same */                                               \
    X(READLINK) /* reads a link that may be /proc/self/exe */                                      \
    X(PRCTL)                                                                                       \
    X(ARCH_PRCTL)                                                                                  \
    X(RSEQ)

enum endorun_handler {
#define X(name) ENDORUN_HANDLER_##name,
    ENDORUN_HANDLERS(X)
#undef X
        ENDORUN_HANDLER_LIMIT
};

/* -------------------------------------------------------------------------------------------------
 * Shapes of arguments.
 *
 * X(kind, bits, access, ref, detail):
 *   bits    how many low bits of the register the kernel takes; it drops the others, so a decision
 *           that looks at them decides on something else than the kernel does
 *   access  what the kernel does at the address in the register: enum endorun_access
 *   ref     what the other argument means whose index the shape carries: enum endorun_ref
 *   detail  which list the shape's detail is an index of: enum endorun_detail
 *
 * Any pointer may be NULL where the call allows it. A PATH is relative to the DIRFD right before
 * it, else to the working directory.
 */
#define ENDORUN_KINDS(X)                                                                           \
    /* No such argument; written `_` in the table. */                                              \
    X(ABSENT, 0, SCALAR, NONE, NONE)                                                               \
                                                                                                   \
    /* Numbers. */                                                                                 \
    X(FD, 32, SCALAR, NONE, NONE)                                                                  \
    X(DIRFD, 32, SCALAR, NONE, NONE) /* or AT_FDCWD */                                             \
    X(INT, 32, SCALAR, NONE, NONE)                                                                 \
    X(UINT, 32, SCALAR, NONE, NONE)                                                                \
    X(LONG, 64, SCALAR, NONE, NONE)                                                                \
    X(ULONG, 64, SCALAR, NONE, NONE)                                                               \
    X(SIZE, 64, SCALAR, NONE, NONE)    /* bytes */                                                 \
    X(SIZE32, 32, SCALAR, NONE, NONE)  /* bytes */                                                 \
    X(COUNT, 64, SCALAR, NONE, NONE)   /* array elements, or bits of a bit map */                  \
    X(COUNT32, 32, SCALAR, NONE, NONE) /* the same */                                              \
    X(OFFSET, 64, SCALAR, NONE, NONE)  /* bytes from the start of a file; signed */                \
    X(FLAGS, 32, SCALAR, NONE, SET)                                                                \
    X(FLAGS_LONG, 64, SCALAR, NONE, SET)                                                           \
    X(ENUM, 32, SCALAR, NONE, SET) /* one of named values, possibly with flags */                  \
    X(ENUM_LONG, 64, SCALAR, NONE, SET)                                                            \
    X(MODE, 16, SCALAR, NONE, NONE)                                                                \
    X(DEV, 32, SCALAR, NONE, NONE)                                                                 \
    X(SIGNO, 32, SCALAR, NONE, NONE)                                                               \
    X(PID, 32, SCALAR, NONE, NONE) /* process, thread or group; 0 and -1 as the call says */       \
    X(UID, 32, SCALAR, NONE, NONE)                                                                 \
    X(GID, 32, SCALAR, NONE, NONE)                                                                 \
    X(KEY, 32, SCALAR, NONE, NONE)     /* key serial number */                                     \
    X(IPC_KEY, 32, SCALAR, NONE, NONE) /* System V key, chosen by the programs */                  \
    X(IPC_ID, 32, SCALAR, NONE, NONE)  /* System V ID, given by the kernel */                      \
                                                                                                   \
    /* Addresses that the kernel does not read or write through. */                                \
    X(PTR, 64, ADDRESS, NONE, NONE)   /* opaque, or of a range whose length is not told */         \
    X(ADDR, 64, ADDRESS, BYTES, NONE) /* a range of the address space that is operated on */       \
                                                                                                   \
    /* An address that the kernel keeps, and reads or writes when the call is over. */             \
    X(KEPT, 64, LATER, NONE, TYPE)                                                                 \
                                                                                                   \
    /* Strings end with a NUL byte. */                                                             \
    X(PATH, 64, READ, NONE, NONE)                                                                  \
    X(STR, 64, READ, NONE, NONE)                                                                   \
    X(ARGV, 64, READ, NONE, NONE) /* NULL-terminated array of strings */                           \
    X(ENVP, 64, READ, NONE, NONE)                                                                  \
                                                                                                   \
    /* One structure of fixed size, or one that tells its own size. */                             \
    X(IN, 64, READ, NONE, TYPE)                                                                    \
    X(OUT, 64, WRITE, NONE, TYPE)                                                                  \
    X(INOUT, 64, READ_WRITE, NONE, TYPE)                                                           \
    /* One structure whose size, and so its version, the caller tells. */                          \
    X(IN_SIZED, 64, READ, BYTES, TYPE)                                                             \
    X(OUT_SIZED, 64, WRITE, BYTES, TYPE)                                                           \
                                                                                                   \
    /* Bytes. Written: as many as the call returns, or as the value behind the pointer says. */    \
    X(IN_BYTES, 64, READ, BYTES, NONE)                                                             \
    X(OUT_BYTES, 64, WRITE, BYTES, NONE)                                                           \
    X(OUT_BYTES_AT, 64, WRITE, LENGTH_AT, NONE)                                                    \
    X(OUT_RECORDS, 64, WRITE, BYTES, TYPE)  /* of various sizes; the call returns bytes */         \
    X(OUT_PER_PAGE, 64, WRITE, BYTES, NONE) /* one byte for each page of the range */              \
                                                                                                   \
    /* Arrays. OUT_ARRAY: as many elements as the call returns; OUT_ARRAY_FULL: all. */            \
    X(IN_ARRAY, 64, READ, COUNT, TYPE)                                                             \
    X(OUT_ARRAY, 64, WRITE, COUNT, TYPE)                                                           \
    X(OUT_ARRAY_FULL, 64, WRITE, COUNT, TYPE)                                                      \
    X(INOUT_ARRAY, 64, READ_WRITE, COUNT, TYPE)                                                    \
    X(IN_BITS, 64, READ, COUNT, NONE) /* bit map of unsigned long words */                         \
    X(OUT_BITS, 64, WRITE, COUNT, NONE)                                                            \
    X(INOUT_BITS, 64, READ_WRITE, COUNT, NONE)                                                     \
                                                                                                   \
    /* Structures that hold pointers: what they point to is read or written, as the name says. */  \
    X(IOVEC_IN, 64, READ, COUNT, NONE)                                                             \
    X(IOVEC_OUT, 64, READ_WRITE, COUNT, NONE)   /* the call returns bytes */                       \
    X(IOVEC_INOUT, 64, READ_WRITE, COUNT, NONE) /* the object decides on the direction */          \
    X(IOVEC_ADDR, 64, READ, COUNT, NONE) /* ranges of the address space, maybe of another one */   \
    X(MSGHDR_IN, 64, READ, NONE, NONE)                                                             \
    X(MSGHDR_OUT, 64, READ_WRITE, NONE, NONE)                                                      \
    X(MMSGHDR_IN, 64, READ_WRITE, COUNT, NONE) /* msg_len of each is written */                    \
    X(MMSGHDR_OUT, 64, READ_WRITE, COUNT, NONE)                                                    \
    X(MSGBUF_IN, 64, READ, BYTES, NONE)   /* long mtype, then the bytes */                         \
    X(MSGBUF_OUT, 64, WRITE, BYTES, NONE) /* the same; the call returns bytes, without mtype */    \
                                                                                                   \
    /* Others whose length is told. */                                                             \
    X(SOCKADDR_IN, 64, READ, BYTES, NONE)                                                          \
    X(SOCKADDR_OUT, 64, WRITE, LENGTH_AT, NONE)                                                    \
    X(SIGSET_IN, 64, READ, BYTES, NONE)                                                            \
    X(SIGSET_OUT, 64, WRITE, BYTES, NONE)                                                          \
    X(FUTEX_WORD, 64, READ_WRITE, NONE, NONE) /* 32 bits, aligned */                               \
                                                                                                   \
    /* What it is depends on the command in another argument: number, address or structure. */     \
    X(MUX, 64, DEPENDS, COMMAND, MUX)

enum endorun_kind {
#define X(kind, bits, access, ref, detail) ENDORUN_KIND_##kind,
    ENDORUN_KINDS(X)
#undef X
        ENDORUN_KIND_LIMIT
};

enum endorun_access {
    ENDORUN_ACCESS_SCALAR,     /* not an address */
    ENDORUN_ACCESS_ADDRESS,    /* an address, neither read nor written through this argument */
    ENDORUN_ACCESS_READ,       /* read during the call */
    ENDORUN_ACCESS_WRITE,      /* written during the call */
    ENDORUN_ACCESS_READ_WRITE, /* both */
    ENDORUN_ACCESS_LATER,      /* read or written after the call */
    ENDORUN_ACCESS_DEPENDS,    /* see enum endorun_mux */
};

enum endorun_ref {
    ENDORUN_REF_NONE,
    ENDORUN_REF_BYTES,     /* the length in bytes: SIZE, SIZE32 */
    ENDORUN_REF_COUNT,     /* the number of elements or bits: COUNT, COUNT32 */
    ENDORUN_REF_LENGTH_AT, /* pointer to the length in bytes: INOUT(int), INOUT(u32) */
    ENDORUN_REF_COMMAND,   /* what selects the meaning: ENUM, ENUM_LONG, FLAGS, FLAGS_LONG */
};

enum endorun_detail {
    ENDORUN_DETAIL_NONE,
    ENDORUN_DETAIL_TYPE, /* enum endorun_type */
    ENDORUN_DETAIL_SET,  /* enum endorun_set */
    ENDORUN_DETAIL_MUX,  /* enum endorun_mux */
};

/* -------------------------------------------------------------------------------------------------
 * Types of what pointers lead to. X(name, bytes): named as the kernel's structure, sized as the
 * kernel's on x86-64. Where the size is not fixed, one of the two words below.
 */
#define ENDORUN_SIZE_TOLD   0U      /* by another argument */
#define ENDORUN_SIZE_INSIDE 0xffffU /* by the structure's own first fields */

#define ENDORUN_TYPES(X)                                                                           \
    X(int, 4)                                                                                      \
    X(u32, 4)                                                                                      \
    X(u64, 8)                                                                                      \
    X(uid, 4)                                                                                      \
    X(gid, 4)                                                                                      \
    X(size_t, 8)                                                                                   \
    X(loff_t, 8)                                                                                   \
    X(time_t, 8)                                                                                   \
    X(pointer, 8)                                                                                  \
    X(fd_pair, 8) /* int[2] */                                                                     \
    X(aio_context, 8)                                                                              \
    X(aio_sigset, 16) /* pointer to a signal set, and its size */                                  \
    X(cachestat, 40)                                                                               \
    X(cachestat_range, 16)                                                                         \
    X(cap_data, 24) /* two elements; one (12 bytes) for version 1 of the header */                 \
    X(cap_header, 8)                                                                               \
    X(clone_args, ENDORUN_SIZE_TOLD)                                                               \
    X(epoll_event, 12)                                                                             \
    X(file_attr, ENDORUN_SIZE_TOLD)                                                                \
    X(file_handle, ENDORUN_SIZE_INSIDE)                                                            \
    X(futex_waitv, 24)                                                                             \
    X(futex_waitv_pair, 48)                                                                        \
    X(io_event, 32)                                                                                \
    X(io_uring_params, 120)                                                                        \
    X(iocb, 64)                                                                                    \
    X(itimerspec, 32)                                                                              \
    X(itimerval, 32)                                                                               \
    X(kexec_segment, 32)                                                                           \
    X(landlock_ruleset_attr, ENDORUN_SIZE_TOLD)                                                    \
    X(linux_dirent, ENDORUN_SIZE_INSIDE)                                                           \
    X(linux_dirent64, ENDORUN_SIZE_INSIDE)                                                         \
    X(lsm_ctx, ENDORUN_SIZE_TOLD)                                                                  \
    X(mnt_id_req, ENDORUN_SIZE_INSIDE)                                                             \
    X(mount_attr, ENDORUN_SIZE_TOLD)                                                               \
    X(mount_id, 8) /* only an int (4 bytes) without AT_HANDLE_MNT_ID_UNIQUE */                     \
    X(mq_attr, 64)                                                                                 \
    X(ns_id_req, ENDORUN_SIZE_INSIDE)                                                              \
    X(open_how, ENDORUN_SIZE_TOLD)                                                                 \
    X(perf_event_attr, ENDORUN_SIZE_INSIDE)                                                        \
    X(pollfd, 8)                                                                                   \
    X(rlimit, 16)                                                                                  \
    X(robust_list_head, 24)                                                                        \
    X(rseq, ENDORUN_SIZE_TOLD)                                                                     \
    X(rusage, 144)                                                                                 \
    X(sched_attr, ENDORUN_SIZE_INSIDE) /* OUT_SIZED: told */                                       \
    X(sched_param, 4)                                                                              \
    X(sembuf, 6)                                                                                   \
    X(sigaction, 32) /* the kernel's: handler, flags, restorer, mask */                            \
    X(sigevent, 64)                                                                                \
    X(siginfo, 128)                                                                                \
    X(sigset_argpack, 16) /* pselect6: pointer to a signal set, and its size */                    \
    X(stack, 24)                                                                                   \
    X(stat, 144)                                                                                   \
    X(statfs, 120)                                                                                 \
    X(statmount, ENDORUN_SIZE_TOLD)                                                                \
    X(statx, 256)                                                                                  \
    X(sysinfo, 112)                                                                                \
    X(timespec, 16)                                                                                \
    X(timespec_pair, 32)                                                                           \
    X(timeval, 16)                                                                                 \
    X(timeval_pair, 32)                                                                            \
    X(timex, 208)                                                                                  \
    X(timezone, 8)                                                                                 \
    X(tms, 32)                                                                                     \
    X(ustat, 32)                                                                                   \
    X(utimbuf, 16)                                                                                 \
    X(utsname, 390)                                                                                \
    X(xattr_args, ENDORUN_SIZE_TOLD)

enum endorun_type {
#define X(name, bytes) ENDORUN_TYPE_##name,
    ENDORUN_TYPES(X)
#undef X
        ENDORUN_TYPE_LIMIT
};

/* -------------------------------------------------------------------------------------------------
 * Sets of named values. X(name, prefix of the constants in the kernel's headers).
 */
#define ENDORUN_SETS(X)                                                                            \
    X(reserved, "none: must be 0 so far")                                                          \
    X(access, "F_OK, R_OK, W_OK, X_OK")                                                            \
    X(address_family, "AF_")                                                                       \
    X(arch_prctl, "ARCH_")                                                                         \
    X(at, "AT_")                                                                                   \
    X(bpf, "BPF_")                                                                                 \
    X(clockid, "CLOCK_")                                                                           \
    X(clone, "CLONE_, with the exit signal in the low 8 bits of clone")                            \
    X(close_range, "CLOSE_RANGE_")                                                                 \
    X(delete_module, "O_NONBLOCK, O_TRUNC")                                                        \
    X(epoll_create, "EPOLL_CLOEXEC")                                                               \
    X(epoll_ctl, "EPOLL_CTL_")                                                                     \
    X(eventfd, "EFD_")                                                                             \
    X(fadvise, "POSIX_FADV_")                                                                      \
    X(fallocate, "FALLOC_FL_")                                                                     \
    X(fanotify_event, "FAN_ (events)")                                                             \
    X(fanotify_init, "FAN_ (class, report)")                                                       \
    X(fanotify_mark, "FAN_MARK_")                                                                  \
    X(fcntl, "F_")                                                                                 \
    X(finit_module, "MODULE_INIT_")                                                                \
    X(flock, "LOCK_")                                                                              \
    X(fsconfig, "FSCONFIG_")                                                                       \
    X(fsmount, "FSMOUNT_")                                                                         \
    X(fsopen, "FSOPEN_")                                                                           \
    X(fspick, "FSPICK_")                                                                           \
    X(futex, "FUTEX_")                                                                             \
    X(futex2, "FUTEX2_")                                                                           \
    X(get_mempolicy, "MPOL_F_")                                                                    \
    X(getrandom, "GRND_")                                                                          \
    X(idtype, "P_")                                                                                \
    X(inotify_event, "IN_ (events)")                                                               \
    X(inotify_init, "IN_CLOEXEC, IN_NONBLOCK")                                                     \
    X(io_uring_enter, "IORING_ENTER_")                                                             \
    X(io_uring_register, "IORING_REGISTER_, IORING_UNREGISTER_")                                   \
    X(ioctl, "of the driver")                                                                      \
    X(ioprio_who, "IOPRIO_WHO_")                                                                   \
    X(ipc_get, "IPC_CREAT, IPC_EXCL, SHM_, and the mode in the low 9 bits")                        \
    X(itimer, "ITIMER_")                                                                           \
    X(kcmp, "KCMP_")                                                                               \
    X(kexec, "KEXEC_")                                                                             \
    X(kexec_file, "KEXEC_FILE_")                                                                   \
    X(keyctl, "KEYCTL_")                                                                           \
    X(landlock_add, "LANDLOCK_ADD_RULE_")                                                          \
    X(landlock_create, "LANDLOCK_CREATE_RULESET_")                                                 \
    X(landlock_restrict, "LANDLOCK_RESTRICT_SELF_")                                                \
    X(landlock_rule, "LANDLOCK_RULE_")                                                             \
    X(listmount, "LISTMOUNT_")                                                                     \
    X(lsm_attr, "LSM_ATTR_")                                                                       \
    X(lsm_get, "LSM_FLAG_")                                                                        \
    X(madvise, "MADV_")                                                                            \
    X(mbind, "MPOL_MF_")                                                                           \
    X(membarrier, "MEMBARRIER_")                                                                   \
    X(memfd_create, "MFD_")                                                                        \
    X(memfd_secret, "O_CLOEXEC")                                                                   \
    X(mempolicy, "MPOL_")                                                                          \
    X(mlock2, "MLOCK_")                                                                            \
    X(mlockall, "MCL_")                                                                            \
    X(mmap, "MAP_")                                                                                \
    X(modify_ldt, "0: read, 1 and 0x11: write, 2: read the default")                               \
    X(mount, "MS_")                                                                                \
    X(mount_attr, "MOUNT_ATTR_")                                                                   \
    X(move_mount, "MOVE_MOUNT_")                                                                   \
    X(mremap, "MREMAP_")                                                                           \
    X(msg, "MSG_ (sockets)")                                                                       \
    X(msgctl, "IPC_, MSG_ (System V)")                                                             \
    X(msgop, "IPC_NOWAIT, MSG_ (System V)")                                                        \
    X(msync, "MS_ (msync)")                                                                        \
    X(open, "O_")                                                                                  \
    X(open_tree, "OPEN_TREE_, AT_")                                                                \
    X(perf_event_open, "PERF_FLAG_")                                                               \
    X(personality, "PER_, with flags above the low 8 bits")                                        \
    X(pidfd_open, "PIDFD_")                                                                        \
    X(pidfd_signal, "PIDFD_SIGNAL_")                                                               \
    X(pkey_access, "PKEY_")                                                                        \
    X(prctl, "PR_")                                                                                \
    X(priority_who, "PRIO_")                                                                       \
    X(prot, "PROT_")                                                                               \
    X(ptrace, "PTRACE_")                                                                           \
    X(quotactl, "Q_, shifted, with the type in the low 8 bits")                                    \
    X(reboot, "LINUX_REBOOT_CMD_")                                                                 \
    X(rename, "RENAME_")                                                                           \
    X(resource, "RLIMIT_")                                                                         \
    X(rseq, "RSEQ_FLAG_")                                                                          \
    X(rusage_who, "RUSAGE_")                                                                       \
    X(rwf, "RWF_")                                                                                 \
    X(sched_policy, "SCHED_")                                                                      \
    X(seccomp, "SECCOMP_ (operations)")                                                            \
    X(seccomp_filter, "SECCOMP_FILTER_FLAG_")                                                      \
    X(semctl, "IPC_, SEM_, GETVAL and so on")                                                      \
    X(shadow_stack, "SHADOW_STACK_")                                                               \
    X(shmat, "SHM_ (shmat)")                                                                       \
    X(shmctl, "IPC_, SHM_")                                                                        \
    X(shutdown, "SHUT_")                                                                           \
    X(sigmask_how, "SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK")                                          \
    X(signalfd, "SFD_")                                                                            \
    X(socket, "SOCK_CLOEXEC, SOCK_NONBLOCK")                                                       \
    X(socket_type, "SOCK_")                                                                        \
    X(sockopt, "of the level: SO_, TCP_, IP_ and so on")                                           \
    X(sockopt_level, "SOL_, IPPROTO_")                                                             \
    X(splice, "SPLICE_F_")                                                                         \
    X(statmount, "STATMOUNT_ (flags of the call)")                                                 \
    X(statx_mask, "STATX_")                                                                        \
    X(swapon, "SWAP_FLAG_")                                                                        \
    X(sync_file_range, "SYNC_FILE_RANGE_")                                                         \
    X(sysfs, "1: index of a name, 2: name of an index, 3: count")                                  \
    X(syslog, "SYSLOG_ACTION_")                                                                    \
    X(timer, "TIMER_ABSTIME")                                                                      \
    X(timerfd_create, "TFD_CLOEXEC, TFD_NONBLOCK")                                                 \
    X(timerfd_settime, "TFD_TIMER_")                                                               \
    X(umount, "MNT_, UMOUNT_NOFOLLOW")                                                             \
    X(userfaultfd, "UFFD_USER_MODE_ONLY, O_CLOEXEC, O_NONBLOCK")                                   \
    X(wait, "W")                                                                                   \
    X(whence, "SEEK_")                                                                             \
    X(xattr, "XATTR_")

enum endorun_set {
#define X(name, prefix) ENDORUN_SET_##name,
    ENDORUN_SETS(X)
#undef X
        ENDORUN_SET_LIMIT
};

/* -------------------------------------------------------------------------------------------------
 * Multiplexed calls, whose argument a decoder of their own must look at. X(name, what it can be):
 * ADDRESS is always an address or unused; EITHER is a number with some commands.
 */
#define ENDORUN_MUXES(X)                                                                           \
    X(arch_prctl, EITHER)                                                                          \
    X(bpf, ADDRESS)                                                                                \
    X(fcntl, EITHER)                                                                               \
    X(fsconfig, ADDRESS)                                                                           \
    X(futex, EITHER)                                                                               \
    X(getsockopt, ADDRESS)                                                                         \
    X(io_uring_enter, ADDRESS)                                                                     \
    X(io_uring_register, EITHER)                                                                   \
    X(ioctl, EITHER)                                                                               \
    X(kcmp, EITHER)                                                                                \
    X(keyctl, EITHER)                                                                              \
    X(landlock_rule, ADDRESS)                                                                      \
    X(modify_ldt, ADDRESS)                                                                         \
    X(mount, ADDRESS)                                                                              \
    X(msgctl, ADDRESS)                                                                             \
    X(prctl, EITHER)                                                                               \
    X(ptrace, EITHER)                                                                              \
    X(quotactl, ADDRESS)                                                                           \
    X(reboot, ADDRESS)                                                                             \
    X(seccomp, ADDRESS)                                                                            \
    X(semctl, EITHER)                                                                              \
    X(setsockopt, ADDRESS)                                                                         \
    X(shmctl, ADDRESS)                                                                             \
    X(sysfs, EITHER)

enum endorun_mux {
#define X(name, can_be) ENDORUN_MUX_##name,
    ENDORUN_MUXES(X)
#undef X
        ENDORUN_MUX_LIMIT
};

/* -------------------------------------------------------------------------------------------------
 * The table's entries.
 */
#define ENDORUN_SYSCALL_MAX_ARGS 6
#define ENDORUN_NO_ARG           0xffU

struct endorun_shape {
    uint8_t kind;    /* enum endorun_kind */
    uint8_t ref;     /* index of the argument that the kind refers to, or ENDORUN_NO_ARG */
    uint16_t detail; /* enum endorun_type, endorun_set or endorun_mux, as the kind says */
};

struct endorun_syscall {
    uint8_t family;   /* enum endorun_family */
    uint8_t decision; /* enum endorun_decision */
    uint8_t handler;  /* enum endorun_handler */
    uint8_t nargs;
    struct endorun_shape arg[ENDORUN_SYSCALL_MAX_ARGS];
};

_Static_assert(sizeof(struct endorun_syscall) == 28, "the monitor keeps several hundred of these");
_Static_assert(ENDORUN_KIND_LIMIT <= UINT8_MAX && ENDORUN_FAMILY_LIMIT <= UINT8_MAX &&
                   ENDORUN_DECISION_LIMIT <= UINT8_MAX && ENDORUN_HANDLER_LIMIT <= UINT8_MAX,
               "kept in a byte each");

#define ENDORUN_SYSCALL_ENTRY(number, name, family, decision, handler, nargs, a0, a1, a2, a3, a4,  \
                              a5)                                                                  \
    [number] = {ENDORUN_FAMILY_##family,                                                           \
                ENDORUN_DECISION_##decision,                                                       \
                ENDORUN_HANDLER_##handler,                                                         \
                nargs,                                                                             \
                {ENDORUN_ARG_##a0, ENDORUN_ARG_##a1, ENDORUN_ARG_##a2, ENDORUN_ARG_##a3,           \
                 ENDORUN_ARG_##a4, ENDORUN_ARG_##a5}},

/* clang-format off */
#define ENDORUN_SHAPE(kind)             {ENDORUN_KIND_##kind, ENDORUN_NO_ARG, 0}
#define ENDORUN_SHAPE_REF(kind, index)  {ENDORUN_KIND_##kind, (index), 0}

/*
 * What may stand in the columns a0 to a5. The names of types, sets and muxes are pasted right here:
 * handed on to another macro, they would be expanded first.
 */
#define ENDORUN_ARG__                   ENDORUN_SHAPE(ABSENT)
#define ENDORUN_ARG_FD                  ENDORUN_SHAPE(FD)
#define ENDORUN_ARG_DIRFD               ENDORUN_SHAPE(DIRFD)
#define ENDORUN_ARG_INT                 ENDORUN_SHAPE(INT)
#define ENDORUN_ARG_UINT                ENDORUN_SHAPE(UINT)
#define ENDORUN_ARG_LONG                ENDORUN_SHAPE(LONG)
#define ENDORUN_ARG_ULONG               ENDORUN_SHAPE(ULONG)
#define ENDORUN_ARG_SIZE                ENDORUN_SHAPE(SIZE)
#define ENDORUN_ARG_SIZE32              ENDORUN_SHAPE(SIZE32)
#define ENDORUN_ARG_COUNT               ENDORUN_SHAPE(COUNT)
#define ENDORUN_ARG_COUNT32             ENDORUN_SHAPE(COUNT32)
#define ENDORUN_ARG_OFFSET              ENDORUN_SHAPE(OFFSET)
#define ENDORUN_ARG_FLAGS(set)          {ENDORUN_KIND_FLAGS, ENDORUN_NO_ARG, ENDORUN_SET_##set}
#define ENDORUN_ARG_FLAGS_LONG(set)     {ENDORUN_KIND_FLAGS_LONG, ENDORUN_NO_ARG, ENDORUN_SET_##set}
#define ENDORUN_ARG_ENUM(set)           {ENDORUN_KIND_ENUM, ENDORUN_NO_ARG, ENDORUN_SET_##set}
#define ENDORUN_ARG_ENUM_LONG(set)      {ENDORUN_KIND_ENUM_LONG, ENDORUN_NO_ARG, ENDORUN_SET_##set}
#define ENDORUN_ARG_MODE                ENDORUN_SHAPE(MODE)
#define ENDORUN_ARG_DEV                 ENDORUN_SHAPE(DEV)
#define ENDORUN_ARG_SIGNO               ENDORUN_SHAPE(SIGNO)
#define ENDORUN_ARG_PID                 ENDORUN_SHAPE(PID)
#define ENDORUN_ARG_UID                 ENDORUN_SHAPE(UID)
#define ENDORUN_ARG_GID                 ENDORUN_SHAPE(GID)
#define ENDORUN_ARG_KEY                 ENDORUN_SHAPE(KEY)
#define ENDORUN_ARG_IPC_KEY             ENDORUN_SHAPE(IPC_KEY)
#define ENDORUN_ARG_IPC_ID              ENDORUN_SHAPE(IPC_ID)
#define ENDORUN_ARG_PTR                 ENDORUN_SHAPE(PTR)
#define ENDORUN_ARG_ADDR(size)          ENDORUN_SHAPE_REF(ADDR, size)
#define ENDORUN_ARG_KEPT(type)          {ENDORUN_KIND_KEPT, ENDORUN_NO_ARG, ENDORUN_TYPE_##type}
#define ENDORUN_ARG_PATH                ENDORUN_SHAPE(PATH)
#define ENDORUN_ARG_STR                 ENDORUN_SHAPE(STR)
#define ENDORUN_ARG_ARGV                ENDORUN_SHAPE(ARGV)
#define ENDORUN_ARG_ENVP                ENDORUN_SHAPE(ENVP)
#define ENDORUN_ARG_IN(type)            {ENDORUN_KIND_IN, ENDORUN_NO_ARG, ENDORUN_TYPE_##type}
#define ENDORUN_ARG_OUT(type)           {ENDORUN_KIND_OUT, ENDORUN_NO_ARG, ENDORUN_TYPE_##type}
#define ENDORUN_ARG_INOUT(type)         {ENDORUN_KIND_INOUT, ENDORUN_NO_ARG, ENDORUN_TYPE_##type}
#define ENDORUN_ARG_IN_SIZED(type, size) {ENDORUN_KIND_IN_SIZED, (size), ENDORUN_TYPE_##type}
#define ENDORUN_ARG_OUT_SIZED(type, size) {ENDORUN_KIND_OUT_SIZED, (size), ENDORUN_TYPE_##type}
#define ENDORUN_ARG_IN_BYTES(size)      ENDORUN_SHAPE_REF(IN_BYTES, size)
#define ENDORUN_ARG_OUT_BYTES(size)     ENDORUN_SHAPE_REF(OUT_BYTES, size)
#define ENDORUN_ARG_OUT_BYTES_AT(length) ENDORUN_SHAPE_REF(OUT_BYTES_AT, length)
#define ENDORUN_ARG_OUT_RECORDS(type, size) {ENDORUN_KIND_OUT_RECORDS, (size), ENDORUN_TYPE_##type}
#define ENDORUN_ARG_OUT_PER_PAGE(size)  ENDORUN_SHAPE_REF(OUT_PER_PAGE, size)
#define ENDORUN_ARG_IN_ARRAY(type, count) {ENDORUN_KIND_IN_ARRAY, (count), ENDORUN_TYPE_##type}
#define ENDORUN_ARG_OUT_ARRAY(type, count) {ENDORUN_KIND_OUT_ARRAY, (count), ENDORUN_TYPE_##type}
#define ENDORUN_ARG_OUT_ARRAY_FULL(type, count) \
    {ENDORUN_KIND_OUT_ARRAY_FULL, (count), ENDORUN_TYPE_##type}
#define ENDORUN_ARG_INOUT_ARRAY(type, count) \
    {ENDORUN_KIND_INOUT_ARRAY, (count), ENDORUN_TYPE_##type}
#define ENDORUN_ARG_IN_BITS(count)      ENDORUN_SHAPE_REF(IN_BITS, count)
#define ENDORUN_ARG_OUT_BITS(count)     ENDORUN_SHAPE_REF(OUT_BITS, count)
#define ENDORUN_ARG_INOUT_BITS(count)   ENDORUN_SHAPE_REF(INOUT_BITS, count)
#define ENDORUN_ARG_IOVEC_IN(count)     ENDORUN_SHAPE_REF(IOVEC_IN, count)
#define ENDORUN_ARG_IOVEC_OUT(count)    ENDORUN_SHAPE_REF(IOVEC_OUT, count)
#define ENDORUN_ARG_IOVEC_INOUT(count)  ENDORUN_SHAPE_REF(IOVEC_INOUT, count)
#define ENDORUN_ARG_IOVEC_ADDR(count)   ENDORUN_SHAPE_REF(IOVEC_ADDR, count)
#define ENDORUN_ARG_MSGHDR_IN           ENDORUN_SHAPE(MSGHDR_IN)
#define ENDORUN_ARG_MSGHDR_OUT          ENDORUN_SHAPE(MSGHDR_OUT)
#define ENDORUN_ARG_MMSGHDR_IN(count)   ENDORUN_SHAPE_REF(MMSGHDR_IN, count)
#define ENDORUN_ARG_MMSGHDR_OUT(count)  ENDORUN_SHAPE_REF(MMSGHDR_OUT, count)
#define ENDORUN_ARG_MSGBUF_IN(size)     ENDORUN_SHAPE_REF(MSGBUF_IN, size)
#define ENDORUN_ARG_MSGBUF_OUT(size)    ENDORUN_SHAPE_REF(MSGBUF_OUT, size)
#define ENDORUN_ARG_SOCKADDR_IN(size)   ENDORUN_SHAPE_REF(SOCKADDR_IN, size)
#define ENDORUN_ARG_SOCKADDR_OUT(length) ENDORUN_SHAPE_REF(SOCKADDR_OUT, length)
#define ENDORUN_ARG_SIGSET_IN(size)     ENDORUN_SHAPE_REF(SIGSET_IN, size)
#define ENDORUN_ARG_SIGSET_OUT(size)    ENDORUN_SHAPE_REF(SIGSET_OUT, size)
#define ENDORUN_ARG_FUTEX_WORD          ENDORUN_SHAPE(FUTEX_WORD)
#define ENDORUN_ARG_MUX(mux, command)   {ENDORUN_KIND_MUX, (command), ENDORUN_MUX_##mux}
/* clang-format on */

/* -------------------------------------------------------------------------------------------------
 * What a kind means. Unknown kinds read as an absent argument.
 */
struct endorun_kind_info {
    uint8_t bits;   /* low bits of the register that the kernel takes */
    uint8_t access; /* enum endorun_access */
    uint8_t ref;    /* enum endorun_ref */
    uint8_t detail; /* enum endorun_detail */
};

static inline struct endorun_kind_info endorun_kind_info(unsigned kind)
{
    static const struct endorun_kind_info info[ENDORUN_KIND_LIMIT] = {
#define X(kind, bits, access, ref, detail)                                                         \
    {bits, ENDORUN_ACCESS_##access, ENDORUN_REF_##ref, ENDORUN_DETAIL_##detail},
        ENDORUN_KINDS(X)
#undef X
    };

    return info[kind < ENDORUN_KIND_LIMIT ? kind : ENDORUN_KIND_ABSENT];
}

/* Bytes of a type; ENDORUN_SIZE_TOLD or ENDORUN_SIZE_INSIDE where it is not fixed. */
static inline unsigned endorun_type_bytes(enum endorun_type type)
{
    static const uint16_t bytes[ENDORUN_TYPE_LIMIT] = {
#define X(name, bytes) bytes,
        ENDORUN_TYPES(X)
#undef X
    };

    return type < ENDORUN_TYPE_LIMIT ? bytes[type] : ENDORUN_SIZE_TOLD;
}

/* Whether the multiplexed argument is a number with some commands, and not always an address. */
static inline int endorun_mux_is_either(enum endorun_mux mux)
{
#define ENDORUN_MUX_CAN_BE_ADDRESS 0
#define ENDORUN_MUX_CAN_BE_EITHER  1
    static const uint8_t either[ENDORUN_MUX_LIMIT] = {
#define X(name, can_be) ENDORUN_MUX_CAN_BE_##can_be,
        ENDORUN_MUXES(X)
#undef X
    };
#undef ENDORUN_MUX_CAN_BE_ADDRESS
#undef ENDORUN_MUX_CAN_BE_EITHER

    return mux < ENDORUN_MUX_LIMIT ? either[mux] : 1;
}

#endif
