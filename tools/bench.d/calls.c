/* Single calls, made through libc as programs make them. */
#include "measure.h"
#include "sud.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A number that no kernel for x86-64 gives a meaning to: entry, table look-up, exit. */
#define NULL_CALL 500

#define SMALL_MAPPING 4096UL
#define LARGE_MAPPING (1UL << 20)

static int device = -1;

static void null_run(unsigned long count)
{
    while (count--)
        if (syscall(NULL_CALL) != -1 || errno != ENOSYS)
            fail("system call 500 was not answered by ENOSYS");
}

/* By number: the libc in use decides whether getppid() is one call, this is one in any. */
static void getppid_run(unsigned long count)
{
    while (count--)
        if (syscall(SYS_getppid) < 0)
            fail("getppid");
}

/* A thread that makes the same call without end, on another CPU than this thread's. */
static void *call_beside(void *unused)
{
    int own = sched_getcpu();
    cpu_set_t other;

    (void)unused;
    sud_arm_thread();
    for (int cpu = 0;; cpu++) {
        if (cpu == CPU_SETSIZE)
            fail("no second CPU");
        CPU_ZERO(&other);
        CPU_SET((size_t)cpu, &other);
        if (cpu != own && sched_setaffinity(0, sizeof(other), &other) == 0)
            break;
    }
    for (;;)
        getppid_run(1000);
}

static void start_beside(void)
{
    pthread_t beside;

    errno = pthread_create(&beside, NULL, call_beside, NULL);
    if (errno != 0)
        fail("pthread_create");
}

static void open_zero(void)
{
    device = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (device < 0)
        fail("open /dev/zero");
}

static void read_run(unsigned long count)
{
    char byte;

    while (count--)
        if (read(device, &byte, 1) != 1)
            fail("read /dev/zero");
}

static void open_null(void)
{
    device = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (device < 0)
        fail("open /dev/null");
}

static void write_run(unsigned long count)
{
    const char byte = 0;

    while (count--)
        if (write(device, &byte, 1) != 1)
            fail("write /dev/null");
}

static void open_close_run(unsigned long count)
{
    while (count--) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (fd < 0)
            fail("open /dev/null");
        if (close(fd) != 0)
            fail("close");
    }
}

/* A file that a policy has to permit. */
static void open_read_close_run(unsigned long count)
{
    char text[64];

    while (count--) {
        int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

        if (fd < 0)
            fail("open /etc/passwd");
        if (read(fd, text, sizeof text) <= 0 || close(fd) != 0)
            fail("read and close");
    }
}

/* One byte is written, because a mapping that is never touched costs munmap next to nothing. */
static void map_touch_unmap(unsigned long count, size_t size)
{
    while (count--) {
        char *mapping =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (mapping == MAP_FAILED)
            fail("mmap");
        *(volatile char *)mapping = 1;
        if (munmap(mapping, size) != 0)
            fail("munmap");
    }
}

static void mmap_small_run(unsigned long count)
{
    map_touch_unmap(count, SMALL_MAPPING);
}

static void mmap_large_run(unsigned long count)
{
    map_touch_unmap(count, LARGE_MAPPING);
}

const struct workload call_workloads[] = {
    {"null", "syscall(500), which the kernel answers by ENOSYS", NULL, null_run},
    {"getppid", "getppid", NULL, getppid_run},
    {"getppid_beside_another", "getppid, while another thread makes it on another CPU",
     start_beside, getppid_run},
    {"read1", "read 1 byte from /dev/zero", open_zero, read_run},
    {"write1", "write 1 byte to /dev/null", open_null, write_run},
    {"open_close", "open /dev/null and close it", NULL, open_close_run},
    {"open_read_close", "open /etc/passwd, read 64 bytes, close it", NULL, open_read_close_run},
    {"mmap_4k", "mmap 4 KiB, write a byte, munmap", NULL, mmap_small_run},
    {"mmap_1m", "mmap 1 MiB, write a byte, munmap", NULL, mmap_large_run},
    {NULL, NULL, NULL, NULL},
};
