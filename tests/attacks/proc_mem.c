/* M7: /proc/PID/mem by its many names; the kernel writes there past every protection of a page. */
#include "attack.h"
#include <sys/socket.h>

static uint64_t *target;

/* Writes by this descriptor; 0 or a negative errno. */
static int write_by(int fd)
{
    static const uint64_t foreign = FOREIGN_VALUE, none = 0;
    if (fd < 0) {
        return -errno;
    }
    if (pwrite(fd, &foreign, sizeof foreign, (off_t)target) != sizeof foreign) {
        return -errno;
    }
    uint64_t now = 0;
    CHECK_EQ(pread(fd, &now, sizeof now, (off_t)target), sizeof now, "reading it back");
    bool changed = now == FOREIGN_VALUE;
    CHECK_EQ(pwrite(fd, &none, sizeof none, (off_t)target), sizeof none, "writing it back");
    close(fd);
    return changed ? 0 : -EAGAIN;
}

static int write_by_name(const char *path)
{
    return write_by(open(path, O_RDWR | O_CLOEXEC));
}

static int by_link(void)
{
    unlink("link");
    MUST(symlink("/proc/self/mem", "link"));
    return write_by_name("link");
}

static int by_directory(void)
{
    return write_by(
        openat(MUST(open("/proc/self", O_PATH | O_CLOEXEC)), "mem", O_RDWR | O_CLOEXEC));
}

/* Opened by a child of the same process's memory, and passed on. */
static int by_socket(void)
{
    int ends[2], result = -EAGAIN;
    union {
        char buffer[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.buffer = {0}};
    char byte = 0;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control.buffer,
                             .msg_controllen = sizeof control.buffer};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd = open("/proc/thread-self/mem", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
    *header = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    MUST(sendmsg(ends[0], &message, 0));
    close(fd);
    MUST(recvmsg(ends[1], &message, 0));
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    result = write_by(fd);
    return result;
}

int main(void)
{
    char by_pid[64], by_tid[64];
    snprintf(by_pid, sizeof by_pid, "/proc/%d/mem", getpid());
    snprintf(by_tid, sizeof by_tid, "/proc/%d/task/%d/mem", getpid(), raw_tid());
    target = target_page();
    const int results[] = {
        write_by_name("/proc/self/mem"),
        write_by_name(by_pid),
        write_by_name("/proc/thread-self/mem"),
        write_by_name(by_tid),
        write_by_name("/proc/self/../self/mem"),
        write_by_name("/proc/self/root/proc/self/mem"),
        by_link(),
        by_directory(),
        by_socket(),
    };
    int succeeded = 0, error = 0, count = sizeof results / sizeof results[0];
    for (int i = 0; i < count; i++) {
        succeeded += results[i] == 0;
        error = results[i] < 0 ? -results[i] : error;
    }
    judge_ways(count, succeeded, error);
}
