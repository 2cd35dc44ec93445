/*
 * execve and execveat. The monitor checks what the kernel would check, then executes its own image
 * again; the program's file, by its descriptor, and what an exec keeps but the kernel can't know
 * travel in the session.
 *
 * Who shares the descriptor table could swap the session by dup2, so the table is unshared before
 * the session exists. After that there is no way back for a thread that shared it: a failure ends
 * the process. All that can fail for the program's reasons is tried before.
 */
#include "calls.h"
#include "exec.h"
#include "process.h"
#include "seccomp.h"
#include "signal.h"
#include "support.h"
#include "../trace/record/inject.h"
#include "syscall.h"
#include "../loader/image/handover.h"

#define ARGUMENT_MAX      (32 * PAGE_SIZE) /* MAX_ARG_STRLEN, <linux/binfmts.h> */
#define ARGUMENTS_FLOOR   (128UL << 10)    /* ARG_MAX, fs/exec.c: bprm_stack_limits() */
#define ARGUMENTS_CEILING (6UL << 20)      /* 3/4 of _STK_LIM */

const struct endorun_session *session;

/* Everything about one exec, in memory of its own. */
struct execution {
    int directory, flags;
    uint64_t arguments, environment; /* addresses in the program */
    long result;
    struct program program;
    char path[PATH_MAX_BYTES];
    struct handover handover;
};

/*
 * Memory that an exec takes with it. That of a vfork child is still its parent's afterwards: the
 * parent finds it in the child's block.
 */
static long allocate(struct thread *thread, uint64_t size)
{
    long memory = monitor_map(size, PROT_READ | PROT_WRITE, -1);
    for (unsigned i = 0; i < SCRATCH_MAX && !is_error(memory); i++) {
        if (thread->scratch[i].size == 0) {
            thread->scratch[i] = (struct scratch){(uint64_t)memory, size};
            break;
        }
    }
    return memory;
}

static struct execution *allocate_execution(struct thread *thread)
{
    long memory = allocate(thread, sizeof(struct execution));
    return is_error(memory) ? 0 : (struct execution *)memory;
}

/* ---- arguments ---- */

/* Counts the pointers before the NULL, and adds up the strings. 0 or a negative errno. */
static long measure_strings(uint64_t vector, uint64_t *count, uint64_t *size)
{
    for (*count = 0; vector != 0; (*count)++) {
        uint64_t string = 0;
        if (copy_from_user(&string, user_pointer(vector + 8 * *count), sizeof string) != 0) {
            return -EFAULT;
        }
        if (string == 0) {
            return 0;
        }
        char chunk[64];
        uint64_t length = 0;
        long got;
        while ((got = copy_string_from_user(chunk, user_pointer(string + length), sizeof chunk)) ==
               -ENAMETOOLONG) {
            length += sizeof chunk;
            if (length > ARGUMENT_MAX) {
                return -E2BIG;
            }
        }
        if (got < 0) {
            return got;
        }
        *size += length + (uint64_t)got + 1 + sizeof string;
    }
    return 0;
}

/* What the kernel would refuse of the arguments: fs/exec.c, bprm_stack_limits(). */
static long check_arguments(const struct execution *execution)
{
    struct kernel_rlimit stack;
    uint64_t count = 0, size = 0;
    long result = measure_strings(execution->arguments, &count, &size);
    if (result == 0) {
        result = measure_strings(execution->environment, &count, &size);
    }
    if (result != 0) {
        return result;
    }
    SYS4(__NR_prlimit64, 0, RLIMIT_STACK, 0, &stack);
    uint64_t limit = stack.soft / 4 < ARGUMENTS_CEILING ? stack.soft / 4 : ARGUMENTS_CEILING;
    return size + 4 * PATH_MAX_BYTES > (limit > ARGUMENTS_FLOOR ? limit : ARGUMENTS_FLOOR) ? -E2BIG
                                                                                           : 0;
}

/*
 * The argument vector of a script: the prefix, then the program's arguments without the first.
 * Its address, or a negative errno.
 */
static long prefixed_arguments(struct thread *thread, const struct program *program,
                               uint64_t arguments)
{
    uint64_t count = 0, first = 0, ignored = 0;
    long result = measure_strings(arguments, &count, &ignored);
    if (result != 0) {
        return result;
    }
    uint64_t entries = (program->prefix_count + count + 1) * sizeof(uint64_t);
    uint64_t size = entries;
    for (unsigned i = 0; i < program->prefix_count; i++) {
        size += strlen(program->prefix[i]) + 1;
    }
    size = round_up(size, PAGE_SIZE);
    result = allocate(thread, size);
    if (is_error(result)) {
        return result;
    }
    uint64_t *vector = (uint64_t *)result;
    char *text = (char *)vector + entries;
    for (unsigned i = 0; i < program->prefix_count; i++) {
        uint64_t length = strlen(program->prefix[i]) + 1;
        vector[i] = (uint64_t)memcpy(text, program->prefix[i], length);
        text += length;
    }
    first = count > 0 ? 1 : 0;
    if (copy_from_user(vector + program->prefix_count, user_pointer(arguments + 8 * first),
                       (count - first) * sizeof(uint64_t)) != 0) {
        return -EFAULT;
    }
    vector[program->prefix_count + count - first] = 0;
    return memory_tag((uint64_t)vector, size, PROT_READ | PROT_WRITE, KEY_APP) ? result : -ENOMEM;
}

/* ---- the session ---- */

static const char *base_name(const char *path)
{
    const char *base = path;
    for (; *path != 0; path++) {
        if (*path == '/') {
            base = path + 1;
        }
    }
    return base;
}

/* The new "comm": the last component of the path, or of the file's where a descriptor named it. */
static const char *command_name(const struct program *program, char name[PATH_MAX_BYTES])
{
    static const char deleted[] = " (deleted)";
    if (!program->by_descriptor || (session->flags & ENDORUN_SESSION_FILE_COMM) == 0) {
        return base_name(program->execfn);
    }
    name[0] = 0;
    append_string(name, PATH_MAX_BYTES, program->path);
    size_t length = strlen(name);
    if (length >= sizeof deleted &&
        memcmp(name + length + 1 - sizeof deleted, deleted, sizeof deleted) == 0) {
        name[length + 1 - sizeof deleted] = 0;
    }
    return base_name(name);
}

static sigset ignored_held_signals(struct thread *thread)
{
    sigset ignored = 0;
    for (sigset left = HELD_SIGNALS; left != 0; left &= left - 1) {
        int signal = lowest_signal(left);
        if (thread->signals->action[signal - 1].handler == SIG_IGN) {
            ignored |= signal_bit(signal);
        }
    }
    return ignored;
}

/* For the session: 0 or a negative errno. */
static long write_filters(struct thread *thread, struct execution *execution)
{
    const struct filter *filter = thread->filter;
    uint64_t size = seccomp_size(filter);
    long memory = size != 0 ? allocate(thread, size) : 0;
    if (is_error(memory)) {
        return memory;
    }
    execution->handover.filters = (uint8_t *)memory;
    execution->handover.session.filters_size = (uint32_t)size;
    seccomp_write(filter, (uint8_t *)memory, size);
    return 0;
}

static void write_session(struct thread *thread, struct execution *execution, sigset mask)
{
    const struct program *program = &execution->program;
    struct handover *handover = &execution->handover;
    struct endorun_session *next = &handover->session;
    char name[PATH_MAX_BYTES];
    uint32_t filters_size = next->filters_size;
    *next = *session;
    next->filters_size = filters_size;
    next->flags &= ~(uint32_t)(ENDORUN_SESSION_FIRST | ENDORUN_SESSION_NO_NEW_PRIVS);
    next->flags |= thread->no_new_privs ? ENDORUN_SESSION_NO_NEW_PRIVS : 0U;
    next->size = (uint32_t)sizeof *next + next->policy_size;
    next->program_fd = program->fd;
    next->fresh_mask = 0;
    next->signal_mask = (mask & ~HELD_SIGNALS) | thread->held_blocked;
    next->held_ignored = ignored_held_signals(thread);
    next->nofile_soft = ~0UL;
    next->execfn = handover_add_string(handover, program->execfn);
    next->program_path = handover_add_string(handover, program->path);
    next->command_path = handover_add_string(handover, session_string(session->command_path));
    next->cache_path = handover_add_string(handover, session_string(session->cache_path));
    next->report_path = handover_add_string(handover, session_string(session->report_path));
    next->comm = handover_add_string(handover, command_name(program, name));
    next->size += next->filters_size;
    inject_write(thread, &next->injections);
}

/*
 * Moves the two descriptors to neighbouring numbers, session first, as endorun/session.h wants it.
 * 0 or a negative errno.
 */
static long place_side_by_side(int *session_fd, int *image_fd)
{
    while (*image_fd != *session_fd + 1) {
        long moved = SYS3(__NR_fcntl, *image_fd, F_DUPFD_CLOEXEC, *session_fd + 1);
        if (moved < 0) {
            return moved;
        }
        SYS1(__NR_close, *image_fd);
        *image_fd = (int)moved;
        if (*image_fd == *session_fd + 1) {
            break;
        }
        moved = SYS3(__NR_fcntl, *session_fd, F_DUPFD_CLOEXEC, *image_fd + 1);
        if (moved < 0) {
            return moved;
        }
        SYS1(__NR_close, *session_fd);
        *session_fd = (int)moved;
    }
    return 0;
}

/*
 * The name by which the image is executed. The kernel puts it on the new stack, where the program's
 * name is to stand: so it is made as long, by slashes that mean nothing.
 */
static void name_image(struct execution *execution, int image_fd)
{
    char number[24] = "";
    append_number(number, sizeof number, (uint64_t)image_fd);
    size_t wanted = strlen(execution->program.execfn);
    const char *directory = own_descriptors();
    size_t length = strlen(directory) + strlen(number);
    execution->path[0] = 0;
    append_string(execution->path, sizeof execution->path, directory);
    for (; length < wanted && length < sizeof execution->path - 1; length++) {
        append_string(execution->path, sizeof execution->path, "/");
    }
    append_string(execution->path, sizeof execution->path, number);
}

/*
 * Then a tracer of the program sees an execve, as it does natively. But who can mount may put
 * anything in the place of /proc, between this and the exec, too: with protection keys the image
 * has no name where somebody could.
 */
static bool is_executed_by_name(void)
{
    return !keys_in_use || (session->flags & ENDORUN_SESSION_ONE_IDENTITY) != 0;
}

static bool leads_to_own_image(int fd, const char *path)
{
    return is_file(fd, "", &session->image) &&
           (!is_executed_by_name() || is_file(AT_FDCWD, path, &session->image));
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        SYS1(__NR_close, fd);
    }
}

/*
 * With the program's rights, since the kernel reads the program's arguments; its own name for the
 * image stands where nobody can change it. All signals are blocked: there is nothing to attend to.
 */
static long execute_image(struct execution *execution, int image_fd)
{
    struct thread *thread = current_thread();
    char *name = (char *)shared_pages_of(thread)->paths[0];
    name[0] = 0;
    thread->attention = 0;
    if (!is_executed_by_name()) {
        const unsigned long unnamed[6] = {SYS_ARG(image_fd), (unsigned long)name,
                                          execution->arguments, execution->environment,
                                          AT_EMPTY_PATH};
        return window_syscall(__NR_execveat, unnamed);
    }
    append_string(name, PATH_MAX_BYTES, execution->path);
    const unsigned long arguments[6] = {(unsigned long)name, execution->arguments,
                                        execution->environment};
    return window_syscall(__NR_execve, arguments);
}

/* Opens what the new image needs and executes it. Returns on failure, with all of it closed. */
static long execute(struct execution *execution)
{
    const char *image = is_first_thread() ? "/proc/self/exe" : "/proc/thread-self/exe";
    int session_fd = (int)handover_seal(&execution->handover);
    int image_fd = session_fd < 0
                       ? session_fd
                       : (int)SYS4(__NR_openat, AT_FDCWD, image, O_RDONLY | O_CLOEXEC, 0);
    long result = image_fd < 0 ? image_fd : place_side_by_side(&session_fd, &image_fd);
    if (result == 0) {
        /* These two cross the exec; the new image closes them. */
        SYS3(__NR_fcntl, session_fd, F_SETFD, 0);
        SYS3(__NR_fcntl, execution->program.fd, F_SETFD, 0);
        name_image(execution, image_fd);
        result = leads_to_own_image(image_fd, execution->path) ? execute_image(execution, image_fd)
                                                               : -ENOENT;
    }
    close_if_open(image_fd);
    close_if_open(session_fd);
    return result;
}

/* ---- the call ---- */

static void find(void *argument)
{
    struct execution *execution = argument;
    execution->result =
        program_find(&execution->program, execution->directory, execution->path, execution->flags);
}

/* The point of no return for a thread that shares its descriptor table. */
static void leave_shared_descriptors(struct execution *execution)
{
    if (SYS1(__NR_unshare, CLONE_FILES) != 0) {
        fatal("exec: the descriptor table can't be unshared");
    }
    find(execution);
    if (execution->result != 0) {
        fatal("exec: the program changed while it was executed");
    }
}

/* With signals blocked. Returns on failure only. */
static long try_execute(struct thread *thread, struct execution *execution, sigset mask)
{
    struct program *program = &execution->program;
    struct kernel_rlimit files;
    bool shared = thread->shares_descriptors;
    execution->program.fd = -1;
    execution->result = -EAGAIN; /* stays so when no child can be had */
    lift_limit(RLIMIT_NOFILE, 1UL << 16, &files);
    with_private_descriptors(find, execution);
    long result = execution->result;
    if (result == 0 && (shared || program->prefix_count > 0)) {
        result = check_arguments(execution);
    }
    if (result == 0) {
        result = write_filters(thread, execution);
    }
    if (result == 0 && shared) {
        leave_shared_descriptors(execution);
    }
    if (result == 0 && program->prefix_count > 0) {
        long vector = prefixed_arguments(thread, program, execution->arguments);
        result = is_error(vector) ? vector : 0;
        execution->arguments = (uint64_t)vector;
    }
    if (result == 0) {
        write_session(thread, execution, mask);
        give_held_signals(thread);
        execution->handover.session.nofile_soft = files.soft;
        result = execute(execution);
        if (shared) {
            fatal("exec: the monitor image can't be executed again");
        }
        take_held_signals(thread);
        block_signals(ALL_BUT_HELD);
    }
    if (!shared) { /* else it ended with the child that opened it */
        close_if_open(program->fd);
    }
    SYS4(__NR_prlimit64, 0, RLIMIT_NOFILE, &files, 0);
    return result;
}

long program_find_first(struct thread *thread, struct program **program, const char *path,
                        uint64_t arguments, uint64_t environment, sigset mask)
{
    struct execution *execution = allocate_execution(thread);
    if (execution == 0) {
        fatal("no memory to load the program");
    }
    *program = &execution->program;
    execution->directory = AT_FDCWD;
    execution->arguments = arguments;
    execution->environment = environment;
    append_string(execution->path, sizeof execution->path, path);
    long result = program_find(&execution->program, AT_FDCWD, execution->path, 0);
    if (result == 0 && execution->program.prefix_count > 0) {
        SYS1(__NR_close, execution->program.fd);
        result = try_execute(thread, execution, mask);
    }
    thread->scratch[0].size = 0; /* stays: .path is the program's as long as it runs */
    return result;
}

long handle_EXECVE(struct thread *thread, const struct user_registers *call)
{
    bool at = (uint32_t)call->rax == __NR_execveat;
    uint64_t path = at ? call->rsi : call->rdi;
    if (thread->queued) {
        return CALL_ABORTED;
    }
    struct execution *execution = allocate_execution(thread);
    if (execution == 0) {
        return -ENOMEM;
    }
    execution->directory = at ? (int)call->rdi : AT_FDCWD;
    execution->flags = at ? (int)call->r8 : 0;
    execution->arguments = at ? call->rdx : call->rsi;
    execution->environment = at ? call->r10 : call->rdx;
    long result = copy_string_from_user(execution->path, user_pointer(path), PATH_MAX_BYTES);
    if (result >= 0 && (execution->flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0) {
        result = -EINVAL;
    }
    if (result >= 0) {
        sigset mask = block_signals(ALL_BUT_HELD);
        if (thread->queued) {
            result = CALL_ABORTED;
        } else {
            result = try_execute(thread, execution, mask);
            set_kernel_mask(mask);
        }
    }
    scratch_release(thread);
    return result;
}
