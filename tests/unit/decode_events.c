/* Recorded calls on sockets, signals, timers and by commands, as strace prints them; and the rest
 * of the decoder's interface. */
#include "decode_fixture.h"

/* 127.0.0.1, port 8080; ::1, port 53 */
#define INTERNET  "\2\0\x1f\x90\x7f\0\0\1\0\0\0\0\0\0\0\0"
#define INTERNET6 "\12\0\0\x35\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\3\0\0\0"

static const struct sample socket_samples[] = {
    {CALL_socket,
     {1, 02004001, 0},
     3,
     "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 3",
     {{0}},
     {{0}}},
    {CALL_socket, {2, 1, 6}, 3, "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3", {{0}}, {{0}}},
    {CALL_socket, {16, 3, 0}, 3, "socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3", {{0}}, {{0}}},
    {CALL_connect,
     {3, 0x1000, 16},
     FAIL(EINPROGRESS),
     "connect(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"127.0.0.1\")}, 16) "
     "= -1 EINPROGRESS (Operation now in progress)",
     {DATA(0x1000, INTERNET)},
     {{0}}},
    {CALL_connect,
     {3, 0x1000, 28},
     0,
     "connect(3, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(5), "
     "inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=3}, 28) = 0",
     {DATA(0x1000, INTERNET6)},
     {{0}}},
    {CALL_connect,
     {3, 0x1000, 12},
     0,
     "connect(3, {sa_family=AF_UNIX, sun_path=\"/tmp/nope\"}, 12) = 0",
     {DATA(0x1000, "\1\0/tmp/nope\0")},
     {{0}}},
    {CALL_connect,
     {3, 0x1000, 6},
     0,
     "connect(3, {sa_family=AF_UNIX, sun_path=@\"abc\"}, 6) = 0",
     {DATA(0x1000, "\1\0\0abc")},
     {{0}}},
    {CALL_connect,
     {3, 0x1000, 2},
     0,
     "connect(3, {sa_family=AF_UNIX}, 2) = 0",
     {DATA(0x1000, "\1\0")},
     {{0}}},
    {CALL_bind,
     {3, 0x1000, 12},
     0,
     "bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=0x000007}, 12) = 0",
     {DATA(0x1000, "\20\0\0\0\0\0\0\0\7\0\0\0")},
     {{0}}},
    {CALL_bind,
     {3, 0x1000, 9},
     0,
     "bind(3, {sa_family=0x63 /* AF_??? */, sa_data=\"abcdefg\"}, 9) = 0",
     {DATA(0x1000, "\x63\0abcdefg")},
     {{0}}},
    {CALL_bind, {3, 0x1000, 1}, 0, "bind(3, 0x1000, 1) = 0", {DATA(0x1000, "\1")}, {{0}}},
    {CALL_accept4,
     {3, 0x1000, 0x2000, 02000000},
     5,
     "accept4(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"127.0.0.1\")}, "
     "[128 => 16], SOCK_CLOEXEC) = 5",
     {INTS(0x2000, 128)},
     {DATA(0x1000, INTERNET), INTS(0x2000, 16)}},
    {CALL_setsockopt,
     {3, 1, 2, 0x1000, 4},
     0,
     "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
     {INTS(0x1000, 1)},
     {{0}}},
    {CALL_getsockopt,
     {3, 1, 4, 0x1000, 0x2000},
     0,
     "getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
     {INTS(0x2000, 4)},
     {INTS(0x1000, 111), INTS(0x2000, 4)}},
    {CALL_sendmsg,
     {6, 0x1000, 0x4000},
     6,
     "sendmsg(6, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"ab\", iov_len=2}], "
     "msg_iovlen=1, msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
     "cmsg_data=[1, 2]}], msg_controllen=24, msg_flags=0}, MSG_NOSIGNAL) = 6",
     {WORDS(0x1000, 0, 0, 0x2000, 1, 0x3000, 24, 0), WORDS(0x2000, 0x4000, 2),
      INTS(0x3000, 24, 0, 1, 1, 1, 2), DATA(0x4000, "ab")},
     {{0}}},
    {CALL_recvmsg,
     {7, 0x1000, 0},
     3,
     "recvmsg(7, {msg_name=0x5000, msg_namelen=128 => 0, msg_iov=[{iov_base=\"abc\", iov_len=9}], "
     "msg_iovlen=1, msg_controllen=0, msg_flags=MSG_TRUNC}, 0) = 3",
     {WORDS(0x1000, 0x5000, 128, 0x2000, 1, 0x3000, 24, 0), WORDS(0x2000, 0x4000, 9)},
     {WORDS(0x1000, 0x5000, 0, 0x2000, 1, 0x3000, 0, 0x20), DATA(0x4000, "abc")}},
    {CALL_sendmmsg,
     {6, 0x1000, 1, 0},
     1,
     "sendmmsg(6, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"ab\", iov_len=2}], "
     "msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=2}], 1, 0) = 1",
     {WORDS(0x1000, 0, 0, 0x2000, 1, 0, 0, 0, 0), WORDS(0x2000, 0x4000, 2), DATA(0x4000, "ab")},
     {WORDS(0x1000, 0, 0, 0x2000, 1, 0, 0, 0, 2)}},
    {CALL_recvfrom,
     {4, 0x1000, 100, 2, 0, 0},
     2,
     "recvfrom(4, \"ab\", 100, MSG_PEEK, NULL, NULL) = 2",
     {{0}},
     {DATA(0x1000, "ab")}},
};

START_TEST(calls_on_sockets)
{
    CHECK_ALL(socket_samples);
}
END_TEST

static const struct sample event_samples[] = {
    {CALL_poll,
     {0x1000, 3, 0},
     1,
     "poll([{fd=4, events=POLLIN|POLLOUT}, {fd=-1}, {fd=13, events=POLLIN}], 3, 0) = "
     "1 ([{fd=4, revents=POLLIN|POLLOUT}])",
     {INTS(0x1000, 4, 5, UINT32_MAX, 0, 13, 1)},
     {INTS(0x1000, 4, 0x50005, UINT32_MAX, 0, 13, 1)}},
    {CALL_poll,
     {0x1000, 1, 1},
     0,
     "poll([{fd=13, events=POLLIN}], 1, 1) = 0 (Timeout)",
     {INTS(0x1000, 13, 1)},
     {INTS(0x1000, 13, 1)}},
    {CALL_ppoll,
     {0x1000, 1, 0x2000, 0x3000, 8},
     1,
     "ppoll([{fd=4, events=POLLIN}], 1, {tv_sec=0, tv_nsec=1000}, [HUP QUIT], 8) = "
     "1 ([{fd=4, revents=POLLHUP}], left {tv_sec=0, tv_nsec=5})",
     {INTS(0x1000, 4, 1), WORDS(0x2000, 0, 1000), WORDS(0x3000, 5)},
     {INTS(0x1000, 4, 0x100001), WORDS(0x2000, 0, 5)}},
    {CALL_pselect6,
     {5, 0x1000, 0x1100, 0, 0x2000, 0x3000},
     3,
     "pselect6(5, [0 4], [4], NULL, {tv_sec=0, tv_nsec=500000}, {sigmask=[HUP QUIT], "
     "sigsetsize=8}) "
     "= 3 (in [0 4], out [4], left {tv_sec=0, tv_nsec=497937})",
     {WORDS(0x1000, 0x11), WORDS(0x1100, 0x10), WORDS(0x2000, 0, 500000), WORDS(0x3000, 0x4000, 8),
      WORDS(0x4000, 5)},
     {WORDS(0x1000, 0x11), WORDS(0x1100, 0x10), WORDS(0x2000, 0, 497937)}},
    {CALL_epoll_ctl,
     {14, 1, 4, 0x1000},
     0,
     "epoll_ctl(14, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLET, data={u32=5, u64=5}}) = 0",
     {INTS(0x1000, 0x80000001, 5, 0)},
     {{0}}},
    {CALL_epoll_wait,
     {14, 0x1000, 4, 0},
     1,
     "epoll_wait(14, [{events=EPOLLIN, data={u32=5, u64=5}}], 4, 0) = 1",
     {{0}},
     {INTS(0x1000, 1, 5, 0)}},
    {CALL_epoll_wait,
     {14, 0x1000, 4, 0},
     0,
     "epoll_wait(14, [], 4, 0) = 0",
     {{0}},
     {INTS(0x1000, 1, 5, 0)}},
    {CALL_rt_sigaction,
     {2, 0x1000, 0, 8},
     0,
     "rt_sigaction(SIGINT, {sa_handler=0x5000, sa_mask=~[RTMIN RT_1], "
     "sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x6000}, NULL, 8) = 0",
     {WORDS(0x1000, 0x5000, 0x14000000, 0x6000, 0xfffffffe7fffffff)},
     {{0}}},
    {CALL_rt_sigaction,
     {2, 0, 0x1000, 8},
     0,
     "rt_sigaction(SIGINT, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0",
     {{0}},
     {WORDS(0x1000, 0, 0, 0, 0)}},
    {CALL_rt_sigprocmask,
     {0, 0x1000, 0, 8},
     0,
     "rt_sigprocmask(SIG_BLOCK, [USR1 RT_3], NULL, 8) = 0",
     {WORDS(0x1000, 0x400000200)},
     {{0}}},
    {CALL_sigaltstack,
     {0x1000, 0},
     0,
     "sigaltstack({ss_sp=0x5000, ss_flags=0, ss_size=8192}, NULL) = 0",
     {WORDS(0x1000, 0x5000, 0, 8192)},
     {{0}}},
    {CALL_kill, {4711, 10}, 0, "kill(4711, SIGUSR1) = 0", {{0}}, {{0}}},
    {CALL_tgkill, {4711, 4711, 0}, 0, "tgkill(4711, 4711, 0) = 0", {{0}}, {{0}}},
    {CALL_rt_sigtimedwait,
     {0x1000, 0, 0x2000, 8},
     10,
     "rt_sigtimedwait([USR1], NULL, {tv_sec=0, tv_nsec=0}, 8) = 10 (SIGUSR1)",
     {WORDS(0x1000, 0x200), WORDS(0x2000, 0, 0)},
     {{0}}},
    {CALL_setitimer,
     {1, 0x1000, 0},
     0,
     "setitimer(ITIMER_VIRTUAL, {it_interval={tv_sec=1, tv_usec=2}, "
     "it_value={tv_sec=3, tv_usec=4}}, NULL) = 0",
     {WORDS(0x1000, 1, 2, 3, 4)},
     {{0}}},
    {CALL_clock_nanosleep,
     {0, 1, 0x1000, 0},
     -516,
     "clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, {tv_sec=1, tv_nsec=5}, NULL) = "
     "? ERESTART_RESTARTBLOCK (Interrupted by signal)",
     {WORDS(0x1000, 1, 5)},
     {{0}}},
};

START_TEST(events_signals_and_timers)
{
    CHECK_ALL(event_samples);
}
END_TEST

static const struct sample command_samples[] = {
    {CALL_fcntl,
     {16, 3},
     0x8002,
     "fcntl(16, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)",
     {{0}},
     {{0}}},
    {CALL_fcntl, {16, 1}, 1, "fcntl(16, F_GETFD) = 0x1 (flags FD_CLOEXEC)", {{0}}, {{0}}},
    {CALL_fcntl,
     {16, 4, 06000},
     0,
     "fcntl(16, F_SETFL, O_RDONLY|O_APPEND|O_NONBLOCK) = 0",
     {{0}},
     {{0}}},
    {CALL_fcntl,
     {16, 6, 0x1000},
     0,
     "fcntl(16, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = 0",
     {WORDS(0x1000, 1, 0, 10, 0)},
     {{0}}},
    {CALL_fcntl, {16, 1030, 50}, 50, "fcntl(16, F_DUPFD_CLOEXEC, 50) = 50", {{0}}, {{0}}},
    {CALL_fcntl,
     {16, 1055, 4},
     FAIL(EINVAL),
     "fcntl(16, 0x41f /* F_??? */, 0x4) = -1 EINVAL (Invalid argument)",
     {{0}},
     {{0}}},
    {CALL_ioctl,
     {1, 0x5401, 0x1000},
     FAIL(ENOTTY),
     "ioctl(1, TCGETS, 0x1000) = -1 ENOTTY (Inappropriate ioctl for device)",
     {{0}},
     {{0}}},
    {CALL_ioctl,
     {1, 0x5401, 0x1000},
     0,
     "ioctl(1, TCGETS, {c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, "
     "c_cflag=B38400|CS8|CREAD, c_lflag=ISIG|ICANON|ECHO, ...}) = 0",
     {{0}},
     {INTS(0x1000, 0x500, 5, 0xbf, 0xb, 0, 0, 0, 0, 0)}},
    {CALL_ioctl,
     {1, 0x5413, 0x1000},
     0,
     "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0",
     {{0}},
     {INTS(0x1000, 0x500018, 0)}},
    {CALL_ioctl, {4, 0x541b, 0x1000}, 0, "ioctl(4, FIONREAD, [0]) = 0", {{0}}, {INTS(0x1000, 0)}},
    {CALL_ioctl, {4, 0x5451, 0}, 0, "ioctl(4, FIOCLEX) = 0", {{0}}, {{0}}},
    {CALL_ioctl,
     {4, 0x5499, 7},
     FAIL(ENOTTY),
     "ioctl(4, _IOC(_IOC_NONE, 0x54, 0x99, 0), 0x7) = -1 ENOTTY (Inappropriate ioctl for device)",
     {{0}},
     {{0}}},
    {CALL_shmget,
     {0, 4096, 01600},
     229400,
     "shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600) = 229400",
     {{0}},
     {{0}}},
    {CALL_semctl, {9, 0, 16, 3}, 0, "semctl(9, 0, SETVAL, 0x3) = 0", {{0}}, {{0}}},
    {CALL_msgsnd,
     {9, 0x1000, 5, 04000},
     0,
     "msgsnd(9, {mtype=5, mtext=\"hello\"}, 5, IPC_NOWAIT) = 0",
     {WORDS(0x1000, 5), DATA(0x1008, "hello")},
     {{0}}},
    {CALL_landlock_create_ruleset,
     {0x1000, 8, 0},
     23,
     "landlock_create_ruleset({handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE}, 8, 0) = 23",
     {WORDS(0x1000, 1)},
     {{0}}},
    {CALL_keyctl,
     {1, 0, 0, 0, 0},
     5,
     "keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) = 5",
     {{0}},
     {{0}}},
    {CALL_quotactl,
     {0x80000700, 0x1000, 0, 0},
     FAIL(ENOENT),
     "quotactl(QCMD(Q_GETQUOTA, USRQUOTA), \"/dev/x\", 0, NULL) = "
     "-1 ENOENT (No such file or directory)",
     {TEXT(0x1000, "/dev/x")},
     {{0}}},
};

START_TEST(commands)
{
    CHECK_ALL(command_samples);
}
END_TEST

static const struct decoding plain = {.string_limit = 32};

/* What the kernel has yet to write is not shown, not even when something is recorded there. */
static const struct sample unfinished_samples[] = {
    {CALL_wait4, {(uint64_t)-1, 0x2000, 0, 0}, 0, "wait4(-1,  <unfinished ...>", {{0}}, {{0}}},
    {CALL_vfork, {0}, 0, "vfork( <unfinished ...>", {{0}}, {{0}}},
    {CALL_exit_group, {0}, 0, "exit_group(0 <unfinished ...>", {{0}}, {{0}}},
    {CALL_read, {3, 0x1000, 9}, 5, "read(3,  <unfinished ...>", {{0}}, {DATA(0x1000, "abc")}},
    {CALL_write,
     {3, 0x1000, 3},
     0,
     "write(3, \"abc\", 3 <unfinished ...>",
     {DATA(0x1000, "abc")},
     {{0}}},
};

START_TEST(unfinished_calls)
{
    for (size_t i = 0; i < sizeof unfinished_samples / sizeof unfinished_samples[0]; i++) {
        char *text = show(&unfinished_samples[i], &plain, SHOW_BEGUN);
        ck_assert_str_eq(text, unfinished_samples[i].text);
        free(text);
    }
}
END_TEST

static const struct sample resumed_samples[] = {
    {CALL_wait4,
     {(uint64_t)-1, 0x2000, 0, 0},
     5,
     "<... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL)",
     {{0}},
     {INTS(0x2000, 0)}},
    {CALL_vfork, {0}, 5, "<... vfork resumed>)", {{0}}, {{0}}},
    {CALL_write, {3, 0x1000, 3}, 3, "<... write resumed>)", {DATA(0x1000, "abc")}, {{0}}},
    {CALL_read, {3, 0x1000, 9}, 3, "<... read resumed>\"abc\", 9)", {{0}}, {DATA(0x1000, "abc")}},
};

START_TEST(resumed_calls)
{
    for (size_t i = 0; i < sizeof resumed_samples / sizeof resumed_samples[0]; i++) {
        char *text = show(&resumed_samples[i], &plain, SHOW_REST);
        ck_assert_str_eq(text, resumed_samples[i].text);
        free(text);
    }
}
END_TEST

START_TEST(signals_that_arrive)
{
    static const struct {
        uint32_t fields[32];
        const char *text;
    } samples[] = {
        {{11, 0, 1, 0, 0x10}, "SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}"},
        {{10, 0, 0, 0, 4711, 5},
         "SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=4711, si_uid=5}"},
        {{14, 0, 0x80}, "SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL}"},
        {{17, 0, 2, 0, 4711, 0, 9, 0, 2, 0, 0},
         "SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=4711, si_uid=0, "
         "si_status=SIGKILL, si_utime=2 /* 0.02 s */, si_stime=0}"},
        {{10, 0, UINT32_MAX, 0, 4711, 0, 5, 0},
         "SIGUSR1 {si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=4711, si_uid=0, si_int=5, "
         "si_ptr=0x5}"},
        {{31, 0, 1, 0, 0x1000, 0, 39, 0xc000003e},
         "SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x1000, "
         "si_syscall=__NR_getpid, si_arch=AUDIT_ARCH_X86_64}"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        uint8_t bytes[128];
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        ck_assert_ptr_nonnull(out);
        memcpy(bytes, samples[i].fields, sizeof bytes);
        decode_siginfo(out, bytes);
        fclose(out);
        ck_assert_str_eq(text, samples[i].text);
        free(text);
    }
}
END_TEST

START_TEST(names_of_calls)
{
    ck_assert_str_eq(decode_call_name(CALL_read), "read");
    ck_assert_str_eq(decode_call_name(400), "");
    ck_assert_str_eq(decode_call_name(UINT32_MAX), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode_events");
    TCase *all = tcase_create("all");

    tcase_add_test(all, calls_on_sockets);
    tcase_add_test(all, events_signals_and_timers);
    tcase_add_test(all, commands);
    tcase_add_test(all, unfinished_calls);
    tcase_add_test(all, resumed_calls);
    tcase_add_test(all, signals_that_arrive);
    tcase_add_test(all, names_of_calls);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
