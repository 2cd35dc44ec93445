/*
 * Constants of the kernel's interface that the headers of Debian 12 (Linux 6.1) lack. That a name
 * is here says nothing about the running kernel: whoever uses one probes at run time.
 *
 * To be included after the system's own headers, so that theirs win where they know the name.
 */
#ifndef ENDORUN_LINUX_COMPAT_H
#define ENDORUN_LINUX_COMPAT_H

/* memfd_create(2), Linux 6.3. Older kernels refuse both with EINVAL. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* not executable, and sealed against becoming so */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* executable; EACCES where vm.memfd_noexec is 2 */
#endif

/* prctl(2), Linux 6.3. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

/* fcntl(F_ADD_SEALS), Linux 6.3. */
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* no change of the execute bits */
#endif

/* siginfo's si_code of a SIGSYS that Syscall User Dispatch raised, Linux 5.11; glibc lacks it. */
#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2
#endif

/* Landlock. The comment names the ABI version that brought the right. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13) /* 2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* 3 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* 5 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP    (1ULL << 0) /* 4 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1) /* 4 */
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* 6 */
#define LANDLOCK_SCOPE_SIGNAL               (1ULL << 1) /* 6 */
#endif

#endif
