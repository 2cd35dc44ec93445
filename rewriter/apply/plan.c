#include "plan.h"
#include "rewrite.h"
#include "unsafe.h"
#include "../../monitor/code.h"
#include "../../monitor/gate.h"
#include "../../monitor/keys.h"
#include "../../monitor/process.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define PLAN_SIZE_MAX                                                                              \
    (sizeof(struct endorun_plan) + ENDORUN_PLAN_MAX_SITES * sizeof(struct endorun_plan_site))

/* Text up to this size is searched for what a plan is about faster than the cache for its plan. */
#define SEARCHED_TEXT_MAX (64UL << 10)

#define ANALYSER_FILE 3 /* descriptor numbers that the analyser expects */
#define ANALYSER_PLAN 4

struct rewrite_settings rewrite_settings;

struct request {
    int fd;
    const uint8_t *text;
    uint64_t text_size;
    struct endorun_file_identity identity;
    uint8_t build_id[ENDORUN_BUILD_ID_MAX];
    uint32_t build_id_size;
    struct loaded_plan result;
};

static long identify(struct request *request)
{
    struct stat status;
    long result = SYS2(__NR_fstat, request->fd, &status);
    if (result == 0) {
        request->identity = (struct endorun_file_identity){
            .device = status.st_dev,
            .inode = status.st_ino,
            .size = (uint64_t)status.st_size,
            .mtime_ns = status.st_mtime * 1000000000UL + status.st_mtime_nsec,
            .ctime_ns = status.st_ctime * 1000000000UL + status.st_ctime_nsec,
        };
    }
    return result;
}

/* Finds the GNU build ID among the notes in `notes`. */
static void find_build_id(struct request *request, const uint8_t *notes, uint64_t size)
{
    uint64_t at = 0;
    while (at + sizeof(struct elf64_note) <= size) {
        struct elf64_note note;
        memcpy(&note, notes + at, sizeof note);
        uint64_t name = at + sizeof note;
        uint64_t content = name + round_up(note.n_namesz, 4);
        uint64_t next = content + round_up(note.n_descsz, 4);
        if (next > size || next <= at) {
            return;
        }
        if (note.n_type == 3 /* NT_GNU_BUILD_ID */ && note.n_namesz == 4 &&
            memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz <= ENDORUN_BUILD_ID_MAX) {
            memcpy(request->build_id, notes + content, note.n_descsz);
            request->build_id_size = note.n_descsz;
            return;
        }
        at = next;
    }
}

/* Reads the build ID from the notes near the file's beginning, where linkers put them. */
static void read_build_id(struct request *request)
{
    struct elf64_hdr header;
    uint8_t page[ENDORUN_BUILD_ID_WITHIN];
    long got = SYS4(__NR_pread64, request->fd, page, sizeof page, 0);
    if (got < (long)sizeof header) {
        return;
    }
    memcpy(&header, page, sizeof header);
    uint64_t size = (uint64_t)got;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        struct elf64_phdr segment;
        uint64_t at = header.e_phoff + i * sizeof segment;
        if (header.e_phoff > size || at + sizeof segment > size) {
            return;
        }
        memcpy(&segment, page + at, sizeof segment);
        if (segment.p_type == PT_NOTE && segment.p_offset < size &&
            segment.p_filesz <= size - segment.p_offset && request->build_id_size == 0) {
            find_build_id(request, page + segment.p_offset, segment.p_filesz);
        }
    }
}

/* The file name of the plan in the cache: endorun/plan.h says how it is made. */
static void append_cache_name(char *path, size_t size, const struct request *request)
{
    uint64_t hash = fnv1a(FNV_OFFSET, &request->identity, sizeof request->identity);
    hash = fnv1a(hash, &request->build_id_size, sizeof request->build_id_size);
    hash = fnv1a(hash, request->build_id, request->build_id_size);
    append_string(path, size, "/");
    append_hex(path, size, hash, 16);
    append_string(path, size, ".plan");
}

/* What a plan says of itself and of its file, from a copy of its header. */
static bool header_is_valid(const struct endorun_plan *plan, uint64_t size,
                            const struct request *request)
{
    return plan->magic == ENDORUN_PLAN_MAGIC && plan->version == ENDORUN_PLAN_VERSION &&
           plan->size == size && plan->site_count <= ENDORUN_PLAN_MAX_SITES &&
           size == sizeof *plan + plan->site_count * sizeof(struct endorun_plan_site) &&
           memcmp(&plan->identity, &request->identity, sizeof plan->identity) == 0 &&
           plan->build_id_size == request->build_id_size &&
           memcmp(plan->build_id, request->build_id, sizeof plan->build_id) == 0;
}

/* The checksum of a whole plan whose header has been copied. */
static uint64_t checksum(const struct endorun_plan *header, const void *sites)
{
    struct endorun_plan zeroed = *header;
    zeroed.checksum = 0;
    uint64_t hash = fnv1a_words(FNV_OFFSET, &zeroed, sizeof zeroed);
    return fnv1a_words(hash, sites, header->size - sizeof *header);
}

/* Maps the plan that a descriptor holds, if it is one for the requested file. */
static void map_plan(struct request *request, int fd)
{
    struct stat status;
    if (SYS2(__NR_fstat, fd, &status) != 0 ||
        status.st_size < (int64_t)sizeof(struct endorun_plan) ||
        status.st_size > (int64_t)PLAN_SIZE_MAX) {
        return;
    }
    uint64_t size = (uint64_t)status.st_size;
    long memory = monitor_map(size, PROT_READ, fd);
    if (is_error(memory)) {
        return;
    }
    struct endorun_plan header;
    memcpy(&header, (const void *)memory, sizeof header);
    const void *sites = (const uint8_t *)memory + sizeof header;
    if (!header_is_valid(&header, size, request) || checksum(&header, sites) != header.checksum) {
        monitor_unmap((uint64_t)memory, size);
        return;
    }
    request->result = (struct loaded_plan){.sites = sites,
                                           .site_count = header.site_count,
                                           .mapped = (uint64_t)memory,
                                           .mapped_size = size};
}

static void look_in_cache(struct request *request)
{
    char path[PATH_MAX_BYTES];
    path[0] = 0;
    append_string(path, sizeof path, rewrite_settings.cache_path);
    append_cache_name(path, sizeof path, request);
    long fd = SYS4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd >= 0) {
        map_plan(request, (int)fd);
        SYS1(__NR_close, fd);
    }
}

struct analyser {
    int file, plan;
};

/*
 * In a child of its own, which shares memory but no descriptors: becomes the analyser. That runs
 * without mediation, so it is the very file that was started as endorun, and by descriptor. From
 * the exec on nobody can write to it.
 */
static void become_analyser(void *argument)
{
    const struct analyser *analyser = argument;
    const char *const arguments[] = {"endorun", "--internal-plan", rewrite_settings.cache_path, 0};
    const char *const environment[] = {0};
    const sigset none = 0;
    /* Out of the way first: each may stand where the other has to go. */
    long file = SYS3(__NR_fcntl, analyser->file, F_DUPFD, 5);
    long plan = SYS3(__NR_fcntl, analyser->plan, F_DUPFD, 5);
    if (file < 0 || plan < 0 || SYS3(__NR_dup3, file, ANALYSER_FILE, 0) < 0 ||
        SYS3(__NR_dup3, plan, ANALYSER_PLAN, 0) < 0) {
        return;
    }
    SYS3(__NR_close_range, 5, ~0U, 0);
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
    long command =
        SYS4(__NR_openat, AT_FDCWD, rewrite_settings.command_path, O_PATH | O_CLOEXEC, 0);
    if (command >= 0 && is_file((int)command, "", rewrite_settings.command)) {
        SYS5(__NR_execveat, command, "", arguments, environment, AT_EMPTY_PATH);
    }
}

/*
 * Between the analyser and the program: with the exec the kernel gives the analyser SIGCHLD for its
 * end (begin_new_exec() in fs/exec.c), which the program would see, and which, ignored, leaves no
 * status.
 */
static void supervise_analyser(void *analyser)
{
    const struct kernel_sigaction standard = {0};
    SYS4(__NR_rt_sigaction, SIGCHLD, &standard, 0, sizeof(sigset));
    if (run_in_child(become_analyser, analyser) == 0) {
        SYS1(__NR_exit_group, 0);
    }
}

static void run_analyser(struct request *request)
{
    struct analyser analyser = {.file = request->fd};
    long fd = SYS2(__NR_memfd_create, "endorun-plan", MFD_CLOEXEC);
    if (fd < 0) {
        return;
    }
    analyser.plan = (int)fd;
    if (run_in_child(supervise_analyser, &analyser) == 0) {
        map_plan(request, analyser.plan);
    }
    SYS1(__NR_close, fd);
}

static bool holds_syscall(const uint8_t *text, uint64_t size)
{
    for (uint64_t i = 0; i + 1 < size; i++) {
        if (text[i] == 0x0f && text[i + 1] == 0x05) {
            return true;
        }
    }
    return false;
}

/* A plan has something to say of it. */
static bool needs_plan(const uint8_t *text, uint64_t size)
{
    return holds_syscall(text, size) || (keys_in_use && !unsafe_is_absent(text, size));
}

/*
 * Starting an analyser is worth it when there are sites to be found, or when a cache keeps the
 * answer that there are none.
 */
static bool is_worth_analysing(const struct request *request)
{
    return rewrite_settings.command_path != 0 &&
           (rewrite_settings.cache_path != 0 || needs_plan(request->text, request->text_size));
}

static void find_plan(void *argument)
{
    struct request *request = argument;
    if (identify(request) != 0) {
        return;
    }
    read_build_id(request);
    if (rewrite_settings.cache_path != 0) {
        look_in_cache(request);
    }
    if (request->result.sites == 0 && is_worth_analysing(request)) {
        run_analyser(request);
    }
}

struct loaded_plan plan_find(int fd, const uint8_t *text, uint64_t text_size)
{
    struct request request = {.fd = fd, .text = text, .text_size = text_size};
    if (text_size <= SEARCHED_TEXT_MAX && !needs_plan(text, text_size)) {
        return request.result;
    }
    with_private_descriptors(find_plan, &request);
    return request.result;
}

void plan_release(struct loaded_plan *plan)
{
    if (plan->sites != 0) {
        monitor_unmap(plan->mapped, plan->mapped_size);
    }
}
