/*
 * M11: the kernel marks the robust futexes of a thread that dies with the rights which that has in
 * this moment. The mark replaces a word that holds the thread's id; under endorun one that the
 * monitor wrote for the program to read: the mask that a ppoll is made with.
 */
#include "attack.h"
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>

#define WAYS 4

/* Shared by all processes. */
static struct {
    volatile int ready, done;
    volatile pid_t victim;
    volatile int *volatile word;
    volatile int left;
} * common;

static struct robust_list_head head;
static struct robust_list entry;
static int *native_word;
static char bystander_path[64]; /* of the thread in /proc, while there is any */

/* Bits that the monitor keeps out of a mask: SIGBUS, SIGSEGV, SIGSYS. */
static bool fits_a_mask(long tid)
{
    return (tid & (1L << 6 | 1L << 10 | 1L << 30)) == 0;
}

/* Has the calling thread's id at a word, and a robust list that leads there. */
static bool prepare(void)
{
    long tid = raw(SYS_gettid);
    if (!fits_a_mask(tid)) {
        return false;
    }
    volatile int *word = native_word;
    if (word == NULL) {
        const uint64_t mask = (uint64_t)tid;
        const struct timespec now = {0, 0};
        raw(SYS_ppoll, NULL, 0, &now, &mask, sizeof mask);
        word = (volatile int *)((uint8_t *)thread_block() + PAGE + 64);
    } else {
        *word = (int)tid;
    }
    CHECK_EQ(*word, tid, "the word");
    entry.next = (struct robust_list *)&head.list;
    head.list.next = &entry;
    head.futex_offset = (long)word - (long)&entry;
    long result = raw(SYS_set_robust_list, &head, sizeof head);
    CHECK(result == 0 || result == -ENOSYS, "set_robust_list: %ld", result);
    common->word = word;
    return true;
}

static void stay_in_open(void)
{
    common->victim = (pid_t)raw(SYS_gettid);
    common->ready = 1;
    raw(SYS_open, "fifo", O_RDONLY);
}

static void wait_until_it_stays(void)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/%d/wchan", common->victim);
    for (int i = 0; i < 2000 && strstr(text, "wait_for_partner") == NULL; i++) {
        usleep(10000);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, text, sizeof text - 1) < 0) {
            text[0] = 0;
        }
        close(fd);
    }
}

/* ---------------------------------------------------------------- who dies */

static int end_by_itself(void *argument)
{
    *(volatile int *)argument = prepare() ? 1 : -1;
    return 0;
}

#define THREAD_FLAGS                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static bool thread_ends(void)
{
    uint8_t *stack = map_pages(65536, PROT_READ | PROT_WRITE);
    volatile int prepared = 0;
    char path[64];
    long tid =
        raw_clone(THREAD_FLAGS, stack + 65536, NULL, NULL, NULL, end_by_itself, (void *)&prepared);
    CHECK(tid > 0, "clone: %ld", tid);
    snprintf(path, sizeof path, "/proc/self/task/%ld", tid);
    while (access(path, F_OK) == 0) {
        sched_yield();
    }
    common->left = prepared > 0 ? *common->word : 0;
    return prepared > 0;
}

/* A vfork child: survives its parent, and looks. */
static int kill_parent(void *argument)
{
    pid_t parent = (pid_t)(long)argument;
    raw(SYS_kill, parent, SIGKILL);
    /* The child loses its parent when all threads are ending; the word is marked some time then. */
    while (raw(SYS_getppid) == parent || raw(SYS_access, bystander_path, F_OK) == 0) {
        raw(SYS_sched_yield);
    }
    common->left = *common->word;
    common->done = 1;
    return 0;
}

static void vfork_and(int (*child)(void *))
{
    uint8_t *stack = map_pages(65536, PROT_READ | PROT_WRITE);
    raw_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, stack + 65536, NULL, NULL, NULL, child,
              (void *)(long)getpid());
}

static bool parent_waits(void)
{
    if (!prepare()) {
        return false;
    }
    vfork_and(kill_parent);
    return true;
}

static void *bystander(void *argument)
{
    if (prepare()) {
        stay_in_open();
    }
    common->ready = -1;
    return argument;
}

static bool bystander_stays(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, bystander, NULL), 0, "pthread_create");
    while (common->ready == 0) {
        sched_yield();
    }
    if (common->ready < 0) {
        return false;
    }
    wait_until_it_stays();
    snprintf(bystander_path, sizeof bystander_path, "/proc/%d/task/%d", getpid(), common->victim);
    vfork_and(kill_parent);
    for (;;) {
        pause();
    }
}

static int guest(void *argument)
{
    (void)argument;
    if (prepare()) {
        stay_in_open();
    }
    common->ready = -1;
    return 0;
}

static bool guest_stays(void)
{
    pid_t killer = MUST(fork());
    if (killer == 0) {
        while (common->ready == 0) {
            sched_yield();
        }
        if (common->ready > 0) {
            wait_until_it_stays();
            kill(common->victim, SIGKILL);
        }
        _exit(0);
    }
    vfork_and(guest);
    wait_for(killer);
    common->left = common->ready > 0 ? *common->word : 0;
    return common->ready > 0;
}

/* ---------------------------------------------------------------- */

/* In a process of its own, as often as it takes to get an id that fits a mask. */
static bool is_marked(bool (*way)(void), int number)
{
    for (int i = 0; i < 3000; i++) {
        memset((void *)common, 0, sizeof *common);
        pid_t pid = MUST(fork());
        if (pid == 0) {
            bool done = way();
            common->done = done ? 1 : -1;
            _exit(0);
        }
        int status = wait_for(pid);
        CHECK(status == 0 || status == SIGKILL, "way %d: %s", number, ending_word(status));
        while (common->done == 0) {
            sched_yield();
        }
        if (common->done > 0) {
            CHECK(common->left != 0, "the word");
            return common->left == FUTEX_OWNER_DIED;
        }
    }
    CHECK(false, "no id fits a mask");
    return false;
}

int main(void)
{
    static bool (*const ways[WAYS])(void) = {thread_ends, parent_waits, bystander_stays,
                                             guest_stays};
    int marked = 0;
    common = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(common != MAP_FAILED, "mmap: %s", strerror(errno));
    if (!under_monitor()) {
        native_word = map_pages(PAGE, PROT_READ | PROT_WRITE);
    }
    unlink("fifo"); /* of the run before */
    MUST(mkfifo("fifo", 0600));
    for (int i = 0; i < WAYS; i++) {
        marked |= is_marked(ways[i], i) ? 1 << i : 0;
    }
    CHECK(marked == 0 || marked == (1 << WAYS) - 1, "some ways only: %x", (unsigned)marked);
    if (marked != 0) {
        reached();
    }
    not_reached("unmarked");
}
