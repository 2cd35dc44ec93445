/* Recorded calls, and the lines that they are shown as: those that strace prints for the same
 * calls. */
#include "decode_fixture.h"

#define AT_FDCWD_ARGUMENT ((uint64_t)-100)

static const struct sample file_samples[] = {
    {CALL_openat,
     {AT_FDCWD_ARGUMENT, 0x1000, 02000000},
     3,
     "openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY|O_CLOEXEC) = 3",
     {TEXT(0x1000, "/etc/hosts")},
     {{0}}},
    {CALL_openat,
     {AT_FDCWD_ARGUMENT, 0x1000, 02001102, 0640},
     FAIL(ENOENT),
     "openat(AT_FDCWD, \"/tmp/dec/x\", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0640) = "
     "-1 ENOENT (No such file or directory)",
     {TEXT(0x1000, "/tmp/dec/x")},
     {{0}}},
    {CALL_open, {0x1000, 0}, 3, "open(0x1000, O_RDONLY) = 3", {{0}}, {{0}}},
    {CALL_open,
     {0, 0},
     FAIL(EFAULT),
     "open(NULL, O_RDONLY) = -1 EFAULT (Bad address)",
     {{0}},
     {{0}}},
    {CALL_newfstatat,
     {3, 0x1000, 0x2000, 0x1000},
     0,
     "newfstatat(3, \"\", {st_mode=S_IFREG|0644, st_size=220, ...}, AT_EMPTY_PATH) = 0",
     {TEXT(0x1000, "")},
     {WORDS(0x2000, 0, 0, 1, 0100644, 0, 0, 220, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}},
    {CALL_fstat,
     {1, 0x2000},
     0,
     "fstat(1, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0",
     {{0}},
     {WORDS(0x2000, 0, 0, 1, 0020666, 0, 0x103, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}},
    {CALL_fstat,
     {9, 0x2000},
     FAIL(EBADF),
     "fstat(9, 0x2000) = -1 EBADF (Bad file descriptor)",
     {{0}},
     {{0}}},
    {CALL_access, {0x1000, 5}, 0, "access(\"/\", R_OK|X_OK) = 0", {TEXT(0x1000, "/")}, {{0}}},
    {CALL_mkdir, {0x1000, 0755}, 0, "mkdir(\"d\", 0755) = 0", {TEXT(0x1000, "d")}, {{0}}},
    {CALL_chmod, {0x1000, 0}, 0, "chmod(\"d\", 000) = 0", {TEXT(0x1000, "d")}, {{0}}},
    {CALL_umask, {022}, 022, "umask(022) = 022", {{0}}, {{0}}},
    {CALL_chown,
     {0x1000, (uint32_t)-1, 5},
     0,
     "chown(\"d\", -1, 5) = 0",
     {TEXT(0x1000, "d")},
     {{0}}},
    {CALL_mknod,
     {0x1000, 0020600, 0x103},
     0,
     "mknod(\"d\", S_IFCHR|0600, makedev(0x1, 0x3)) = 0",
     {TEXT(0x1000, "d")},
     {{0}}},
    {CALL_lseek, {3, (uint64_t)-60, 1}, 54, "lseek(3, -60, SEEK_CUR) = 54", {{0}}, {{0}}},
    {CALL_lseek,
     {3, 0, 9},
     FAIL(EINVAL),
     "lseek(3, 0, 0x9 /* SEEK_??? */) = -1 EINVAL (Invalid argument)",
     {{0}},
     {{0}}},
    {CALL_getcwd, {0x1000, 100}, 5, "getcwd(\"/tmp\", 100) = 5", {{0}}, {TEXT(0x1000, "/tmp")}},
    {CALL_getdents64,
     {3, 0x2000, 32768},
     48,
     "getdents64(3, 0x2000 /* 2 entries */, 32768) = 48",
     {{0}},
     {WORDS(0x2000, 1, 1, 0x0018, 2, 2, 0x0018)}},
    {CALL_openat2,
     {AT_FDCWD_ARGUMENT, 0x1000, 0x2000, 24},
     FAIL(EXDEV),
     "openat2(AT_FDCWD, \"/\", {flags=O_RDONLY|O_CREAT, mode=0600, "
     "resolve=RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH}, 24) = -1 EXDEV (Invalid cross-device link)",
     {TEXT(0x1000, "/"), WORDS(0x2000, 0100, 0600, 0xc)},
     {{0}}},
    {CALL_utimensat,
     {16, 0, 0x2000, 0},
     0,
     "utimensat(16, NULL, [{tv_sec=1, tv_nsec=2} /* 1970-01-01T00:00:01.000000002+0000 */, "
     "UTIME_OMIT], 0) = 0",
     {WORDS(0x2000, 1, 2, 5, 0x3ffffffe)},
     {{0}}},
    {CALL_statx,
     {AT_FDCWD_ARGUMENT, 0x1000, 0x900, 0x25f, 0x2000},
     FAIL(EBADF),
     "statx(AT_FDCWD, \"/\", AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT, "
     "STATX_TYPE|STATX_MODE|STATX_NLINK|STATX_UID|STATX_GID|STATX_MTIME|STATX_SIZE, 0x2000) = "
     "-1 EBADF (Bad file descriptor)",
     {TEXT(0x1000, "/")},
     {{0}}},
    {CALL_pipe2,
     {0x2000, 02004000},
     0,
     "pipe2([3, 4], O_NONBLOCK|O_CLOEXEC) = 0",
     {{0}},
     {INTS(0x2000, 3, 4)}},
    {CALL_sendfile,
     {1, 16, 0x2000, 10},
     10,
     "sendfile(1, 16, [2] => [12], 10) = 10",
     {WORDS(0x2000, 2)},
     {WORDS(0x2000, 12)}},
};

START_TEST(calls_on_files)
{
    CHECK_ALL(file_samples);
}
END_TEST

#define THIRTY_TWO "0123456789abcdef0123456789abcdef"

static const struct sample text_samples[] = {
    {CALL_write,
     {1, 0x1000, 11},
     11,
     "write(1, \"hello\\t\\\"q\\\\\\177\\200\", 11) = 11",
     {DATA(0x1000, "hello\t\"q\\\177\200")},
     {{0}}},
    {CALL_write,
     {1, 0x1000, 8},
     8,
     "write(1, \"\\0\\0001\\n\\r\\33[m\", 8) = 8",
     {DATA(0x1000, "\0\0001\n\r\33[m")},
     {{0}}},
    {CALL_write,
     {1, 0x1000, 33},
     33,
     "write(1, \"" THIRTY_TWO "\"..., 33) = 33",
     {DATA(0x1000, THIRTY_TWO "x")},
     {{0}}},
    {CALL_write,
     {1, 0x1000, 32},
     32,
     "write(1, \"" THIRTY_TWO "\", 32) = 32",
     {DATA(0x1000, THIRTY_TWO)},
     {{0}}},
    /* Less was recorded than there is. */
    {CALL_write,
     {1, 0x1000, 10},
     10,
     "write(1, \"abc\"..., 10) = 10",
     {DATA(0x1000, "abc")},
     {{0}}},
    {CALL_write, {1, 0x1000, 10}, 10, "write(1, 0x1000, 10) = 10", {{0}}, {{0}}},
    {CALL_write, {1, 0x1000, 0}, 0, "write(1, \"\", 0) = 0", {{0}}, {{0}}},
    /* In two pieces; of what is in two, the first counts. */
    {CALL_write,
     {1, 0x1000, 6},
     6,
     "write(1, \"abXYef\", 6) = 6",
     {DATA(0x1002, "XY"), DATA(0x1000, "abcdef")},
     {{0}}},
    {CALL_read, {3, 0x1000, 100}, 3, "read(3, \"abc\", 100) = 3", {{0}}, {DATA(0x1000, "abcdef")}},
    {CALL_read, {3, 0x1000, 100}, 0, "read(3, \"\", 100) = 0", {{0}}, {{0}}},
    {CALL_read,
     {3, 0x1000, 100},
     -512,
     "read(3, 0x1000, 100) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
     {{0}},
     {DATA(0x1000, "abc")}},
    {CALL_getrandom,
     {0x1000, 4, 1},
     4,
     "getrandom(\"\\x20\\xac\\x5f\\xad\", 4, GRND_NONBLOCK) = 4",
     {{0}},
     {DATA(0x1000, "\x20\xac\x5f\xad")}},
    {CALL_writev,
     {1, 0x2000, 2},
     6,
     "writev(1, [{iov_base=\"ab\", iov_len=2}, {iov_base=\"cd\\n\\1\", iov_len=4}], 2) = 6",
     {WORDS(0x2000, 0x1000, 2, 0x1100, 4), DATA(0x1000, "ab"), DATA(0x1100, "cd\n\1")},
     {{0}}},
    {CALL_readv,
     {1, 0x2000, 2},
     4,
     "readv(1, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"d\", iov_len=100}], 2) = 4",
     {WORDS(0x2000, 0x1000, 3, 0x1100, 100)},
     {DATA(0x1000, "abc"), DATA(0x1100, "d")}},
    {CALL_execve,
     {0x1000, 0x2000, 0x3000},
     0,
     "execve(\"/bin/ls\", [\"ls\", \"-l\"], 0x3000 /* 1 var */) = 0",
     {TEXT(0x1000, "/bin/ls"), WORDS(0x2000, 0x1100, 0x1200, 0), WORDS(0x3000, 0x1300, 0),
      TEXT(0x1100, "ls"), TEXT(0x1200, "-l")},
     {{0}}},
    {CALL_execve,
     {0x1000, 0x2000, 0x3000},
     FAIL(ENOENT),
     "execve(\"/bin/ls\", [], 0x3000 /* 2 vars, unterminated */) = "
     "-1 ENOENT (No such file or directory)",
     {TEXT(0x1000, "/bin/ls"), WORDS(0x2000, 0), WORDS(0x3000, 0x1300, 0x1400)},
     {{0}}},
    {CALL_symlink,
     {0x1000, 0x1100},
     0,
     "symlink(\"a\\nb\", \"/x\") = 0",
     {TEXT(0x1000, "a\nb"), TEXT(0x1100, "/x")},
     {{0}}},
};

START_TEST(strings_and_data)
{
    CHECK_ALL(text_samples);
}
END_TEST

static const struct sample process_samples[] = {
    {CALL_getpid, {0}, 4711, "getpid() = 4711", {{0}}, {{0}}},
    {CALL_exit_group, {3}, 0, "exit_group(3) = ?", {{0}}, {{0}}},
    {999,
     {1, 2, (uint64_t)-128},
     FAIL(ENOSYS),
     "syscall_0x3e7(0x1, 0x2, 0xffffffffffffff80, 0, 0, 0) = -1 ENOSYS (Function not implemented)",
     {{0}},
     {{0}}},
    {CALL_brk, {0}, 0x555aac801000, "brk(NULL) = 0x555aac801000", {{0}}, {{0}}},
    {CALL_mmap,
     {0, 8192, 3, 0x22, (uint64_t)-1, 0},
     0x7ff516716000,
     "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ff516716000",
     {{0}},
     {{0}}},
    {CALL_mmap,
     {0x7000, 4096, 5, 0x812, 3, 0x2000},
     0x7000,
     "mmap(0x7000, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3, 0x2000) = "
     "0x7000",
     {{0}},
     {{0}}},
    {CALL_mprotect, {0x7000, 4096, 1}, 0, "mprotect(0x7000, 4096, PROT_READ) = 0", {{0}}, {{0}}},
    {CALL_madvise, {0x7000, 4096, 4}, 0, "madvise(0x7000, 4096, MADV_DONTNEED) = 0", {{0}}, {{0}}},
    {CALL_clone,
     {0x1200011, 0, 0, 0x7f630034ba10},
     12417,
     "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
     "child_tidptr=0x7f630034ba10) = 12417",
     {{0}},
     {{0}}},
    {CALL_clone3,
     {0x2000, 88},
     12464,
     "clone3({flags=CLONE_VM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, "
     "child_tid=0x4000, parent_tid=0x4000, exit_signal=0, stack=0x5000, stack_size=0x7fff00, "
     "tls=0x6000} => {parent_tid=[12464]}, 88) = 12464",
     {WORDS(0x2000, 0x380100, 0, 0x4000, 0x4000, 0, 0x5000, 0x7fff00, 0x6000, 0, 0, 0)},
     {INTS(0x4000, 12464)}},
    {CALL_unshare,
     {0x10020080},
     0,
     "unshare(CLONE_NEWTIME|CLONE_NEWNS|CLONE_NEWUSER) = 0",
     {{0}},
     {{0}}},
    {CALL_wait4,
     {(uint64_t)-1, 0x2000, 0, 0},
     12416,
     "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 12416",
     {{0}},
     {INTS(0x2000, 0x300)}},
    {CALL_wait4,
     {5, 0x2000, 0x40000002, 0x3000},
     5,
     "wait4(5, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT && WCOREDUMP(s)}], WSTOPPED|__WALL, "
     "{ru_utime={tv_sec=0, tv_usec=95}, ru_stime={tv_sec=1, tv_usec=2}, ...}) = 5",
     {{0}},
     {INTS(0x2000, 0x86), WORDS(0x3000, 0, 95, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}},
    {CALL_wait4,
     {(uint64_t)-1, 0x2000, 1, 0},
     FAIL(ECHILD),
     "wait4(-1, 0x2000, WNOHANG, NULL) = -1 ECHILD (No child processes)",
     {{0}},
     {{0}}},
    {CALL_prlimit64,
     {0, 3, 0, 0x2000},
     0,
     "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0",
     {{0}},
     {WORDS(0x2000, 8192 * 1024, UINT64_MAX)}},
    {CALL_prctl,
     {15, 0x1000},
     0,
     "prctl(PR_SET_NAME, \"name\\1\") = 0",
     {TEXT(0x1000, "name\1")},
     {{0}}},
    {CALL_prctl, {38, 1, 0, 0, 0}, 0, "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0", {{0}}, {{0}}},
    {CALL_arch_prctl,
     {0x1002, 0x7ff3f9efc800},
     0,
     "arch_prctl(ARCH_SET_FS, 0x7ff3f9efc800) = 0",
     {{0}},
     {{0}}},
    {CALL_rseq,
     {0x7ff3f9efd120, 0x20, 0, 0x53053053},
     0,
     "rseq(0x7ff3f9efd120, 0x20, 0, 0x53053053) = 0",
     {{0}},
     {{0}}},
    {CALL_set_robust_list, {0x7000, 24}, 0, "set_robust_list(0x7000, 24) = 0", {{0}}, {{0}}},
    {CALL_sched_getaffinity,
     {0, 128, 0x2000},
     8,
     "sched_getaffinity(0, 128, [0 1]) = 8",
     {{0}},
     {WORDS(0x2000, 3)}},
    {CALL_uname, {0x2000}, FAIL(EFAULT), "uname(0x2000) = -1 EFAULT (Bad address)", {{0}}, {{0}}},
    {CALL_capget,
     {0x2000, 0x3000},
     0,
     "capget({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN, "
     "permitted=1<<CAP_CHOWN|1<<CAP_BPF, inheritable=0}) = 0",
     {INTS(0x2000, 0x20080522, 0)},
     {INTS(0x3000, 1, 1, 0, 0, 0x80, 0)}},
    {CALL_getgroups, {64, 0x2000}, 2, "getgroups(64, [1, 2]) = 2", {{0}}, {INTS(0x2000, 1, 2)}},
    {CALL_futex, {0x7000, 0x81, 1}, 0, "futex(0x7000, FUTEX_WAKE_PRIVATE, 1) = 0", {{0}}, {{0}}},
    {CALL_futex,
     {0x7000, 0x189, 5, 0, 0, UINT32_MAX},
     FAIL(EAGAIN),
     "futex(0x7000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 5, NULL, "
     "FUTEX_BITSET_MATCH_ANY) = -1 EAGAIN (Resource temporarily unavailable)",
     {{0}},
     {{0}}},
    {CALL_futex,
     {0x7000, 0x85, 1, 2, 0x7000, 0x4000001},
     0,
     "futex(0x7000, FUTEX_WAKE_OP_PRIVATE, 1, 2, 0x7000, "
     "FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1) = 0",
     {{0}},
     {{0}}},
};

static const struct sample rare_samples[] = {
    {CALL_write,
     {1, 0x1000, 4},
     4,
     "write(1, \"\\08\\0007\", 4) = 4",
     {DATA(0x1000, "\0"
                   "8"
                   "\0"
                   "7")},
     {{0}}},
    {CALL_rt_sigreturn, {0x1000}, 5, "rt_sigreturn({mask=[INT]}) = 5", {WORDS(0x1000, 2)}, {{0}}},
    {CALL_rt_sigreturn, {0x1000}, 5, "rt_sigreturn() = 5", {{0}}, {{0}}},
    {CALL_rt_sigaction,
     {10, 0x1000, 0, 8},
     0,
     "rt_sigaction(SIGUSR1, {sa_handler=SIG_IGN, sa_mask=[], "
     "sa_flags=SA_ONSTACK|SA_RESTART|SA_INTERRUPT|SA_NODEFER|SA_RESETHAND|SA_SIGINFO|SA_NOCLDSTOP},"
     " "
     "NULL, 8) = 0",
     {WORDS(0x1000, 1, 0xf8000005, 0, 0)},
     {{0}}},
    {CALL_ioctl, {4, 0x40049409, 3}, 0, "ioctl(4, FICLONE, 3) = 0", {{0}}, {{0}}},
    {CALL_flistxattr, {3, 0x1000, 0}, 0, "flistxattr(3, 0x1000, 0) = 0", {{0}}, {{0}}},
    {CALL_flistxattr, {3, 0x1000, 9}, 0, "flistxattr(3, \"\", 9) = 0", {{0}}, {{0}}},
    {CALL_getdents64,
     {3, 0x1000, 100},
     48,
     "getdents64(3, 0x1000 /* 2 entries */, 100) = 48",
     {{0}},
     {WORDS(0x1000, 1, 1, 0x2e040018, 2, 2, 0x2e2e040018)}},
};

START_TEST(rare_arguments)
{
    CHECK_ALL(rare_samples);
}
END_TEST

START_TEST(calls_on_processes_and_memory)
{
    CHECK_ALL(process_samples);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *all = tcase_create("all");

    tcase_add_test(all, calls_on_files);
    tcase_add_test(all, strings_and_data);
    tcase_add_test(all, calls_on_processes_and_memory);
    tcase_add_test(all, rare_arguments);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
