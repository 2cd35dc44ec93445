/*
 * The start of the image: session, area, program, stack. Runs in stages:
 *   1. on the kernel's stack, before relocation: static functions and locals only;
 *   2. on the kernel's stack, relocated: no thread block yet, no user_copy, no window_syscall;
 *   3. on the monitor stack of the first area: everything. The kernel's stack is data from here on.
 */
#include "../../monitor/calls.h"
#include "../../trace/record/channel.h"
#include "../../trace/record/inject.h"
#include "../../monitor/exec.h"
#include "../../monitor/process.h"
#include "../../monitor/seccomp.h"
#include "../../monitor/self.h"
#include "../../monitor/signal.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../../policy/enforce/enforce.h"
#include "stack.h"
#include "../../rewriter/apply/rewrite.h"

/* AT_MINSIGSTKSZ came with Linux 5.14; AMX needs 11 KiB. */
#define FRAME_SIZE_UNKNOWN (12UL << 10)

uint64_t gate_in_use, gate_forward_in_use;
uint64_t gate_resume_in_use, signal_entry_in_use;

/* What stage 3 is given. */
struct start {
    struct initial_stack stack;
    sigset mask;
    bool randomize;
};

extern const struct elf64_hdr __ehdr_start __attribute__((visibility("hidden")));
extern const char _end __attribute__((visibility("hidden")));
extern const Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));

/* ---- stage 1 ---- */

static inline void relocate(uint64_t bias)
{
    const Elf64_Rela *table = 0;
    uint64_t size = 0;
    for (const Elf64_Dyn *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_RELA) {
            table = (const Elf64_Rela *)(bias + entry->d_un.d_ptr);
        } else if (entry->d_tag == DT_RELASZ) {
            size = entry->d_un.d_val;
        }
    }
    for (uint64_t i = 0; table != 0 && i < size / sizeof *table; i++) {
        /* All RELATIVE. */
        *(uint64_t *)(bias + table[i].r_offset) = bias + (uint64_t)table[i].r_addend;
    }
}

/* ---- stage 2 ---- */

/* "endorun: PROGRAM: why", and the command's own exit status. */
static noreturn void refuse(const char *program, const char *why, int status)
{
    char line[PATH_MAX_BYTES + 256] = "endorun: ";
    append_string(line, sizeof line, program);
    append_string(line, sizeof line, ": ");
    append_string(line, sizeof line - 1, why);
    append_string(line, sizeof line, "\n");
    SYS3(__NR_write, 2, line, strlen(line));
    for (;;) {
        SYS1(__NR_exit_group, status);
    }
}

static const char *behind_prefix(const char *string, const char *prefix)
{
    while (*prefix != 0) {
        if (*string++ != *prefix++) {
            return 0;
        }
    }
    return string;
}

/* The number of the image's descriptor from AT_EXECFN, -1 if it was not executed by one. */
static int image_descriptor(const char *name)
{
    static const char *const directories[] = {FIRST_THREAD_DESCRIPTORS, THREAD_DESCRIPTORS,
                                              KERNEL_DESCRIPTORS};
    const char *digits = 0;
    int number = 0;
    for (unsigned i = 0; i < sizeof directories / sizeof directories[0] && digits == 0; i++) {
        digits = behind_prefix(name, directories[i]);
    }
    while (digits != 0 && *digits == '/') { /* see name_image() in exec.c */
        digits++;
    }
    if (digits == 0 || *digits == 0) {
        return -1;
    }
    for (const char *at = digits; *at != 0; at++) {
        if (*at < '0' || *at > '9' || number > 100000000) {
            return -1;
        }
        number = number * 10 + (*at - '0');
    }
    return number;
}

static bool offset_is_string(uint32_t offset)
{
    return offset == 0 || (offset >= sizeof *session + session->policy_size &&
                           offset < session->size - session->filters_size);
}

static void open_session(const struct initial_stack *stack)
{
    struct stat status;
    uint64_t *name = stack_auxv(stack, AT_EXECFN);
    int image = name != 0 ? image_descriptor((const char *)*name) : -1;
    int fd = image - 1;
    if (image < 1 || SYS2(__NR_fstat, fd, &status) != 0 ||
        (SYS2(__NR_fcntl, fd, F_GET_SEALS) & SESSION_SEALS) != SESSION_SEALS ||
        status.st_size < (int64_t)sizeof *session || status.st_size > ENDORUN_SESSION_MAX_SIZE) {
        fatal("started without a sealed session; run it by the endorun command");
    }
    long memory = SYS6(__NR_mmap, 0, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (is_error(memory)) {
        fatal("the session can't be mapped");
    }
    SYS1(__NR_close, fd);
    session = (const struct endorun_session *)memory;
    if (session->magic != ENDORUN_SESSION_MAGIC || session->version != ENDORUN_SESSION_VERSION ||
        session->size != (uint64_t)status.st_size ||
        session->filters_size > session->size - sizeof *session ||
        session->policy_size > session->size - session->filters_size - sizeof *session ||
        ((const char *)memory)[session->size - session->filters_size - 1] != 0 ||
        !offset_is_string(session->execfn) || !offset_is_string(session->program_path) ||
        !offset_is_string(session->command_path) || !offset_is_string(session->cache_path) ||
        !offset_is_string(session->comm) || !offset_is_string(session->report_path) ||
        session->execfn == 0) {
        fatal("the session is not one of this version of endorun");
    }
}

/*
 * The launcher executed this image by descriptor: how the kernel named it tells how it would name a
 * program. Written down once for all later images.
 */
static void note_naming(void)
{
    char name[16] = "";
    SYS2(__NR_prctl, PR_GET_NAME, name);
    if ((session->flags & ENDORUN_SESSION_FIRST) == 0 || behind_prefix(name, "memfd:") == 0 ||
        SYS3(__NR_mprotect, session, session->size, PROT_READ | PROT_WRITE) != 0) {
        return;
    }
    ((struct endorun_session *)session)->flags |= ENDORUN_SESSION_FILE_COMM;
    SYS3(__NR_mprotect, session, session->size, PROT_READ);
}

/* ---- stage 3 ---- */

static noreturn void refuse_by_errno(const char *program, const char *why, long error)
{
    static const struct {
        long error;
        const char *text;
    } texts[] = {
        {ENOENT, "not found"},
        {EACCES, "permission denied"},
        {ENOEXEC, "not a program that Linux could execute (no ELF file, no #! line)"},
        {ELIBBAD, "its program interpreter is corrupt"},
        {ELOOP, "too many symbolic links or nested #! interpreters"},
        {ENOTDIR, "a component of the path is not a directory"},
        {ENAMETOOLONG, "the path is too long"},
        {E2BIG, "arguments and environment are too large"},
        {ENOMEM, "no memory"},
        {EMFILE, "too many open files"},
    };
    char line[128] = "";
    bool told = why != 0;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0] && why == 0; i++) {
        if (texts[i].error == -error) {
            why = texts[i].text;
        }
    }
    if (why == 0) {
        append_string(line, sizeof line, "can't be executed (errno ");
        append_number(line, sizeof line, (uint64_t)-error);
        append_string(line, sizeof line, ")");
        why = line;
    }
    refuse(program, why, error == -ENOENT && !told ? 127 : 126);
}

static noreturn void refuse_image(const char *what, enum elf_error error)
{
    if ((session->flags & ENDORUN_SESSION_FIRST) != 0) {
        refuse(what, elf_error_text(error), 126);
    }
    char line[PATH_MAX_BYTES / 8] = "exec: ";
    append_string(line, sizeof line, what);
    append_string(line, sizeof line, ": ");
    append_string(line, sizeof line, elf_error_text(error));
    warn(line);
    /* As the kernel, when a program can't be mapped after the point of no return. */
    const struct kernel_sigaction by_default = {0};
    const sigset none = 0;
    SYS4(__NR_rt_sigaction, SIGSEGV, &by_default, 0, sizeof(sigset));
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
    SYS2(__NR_kill, SYS0(__NR_getpid), SIGSEGV);
    fatal(line);
}

static void load(const struct start *start, struct program *program, struct loaded *loaded)
{
    const char *name = session_string(session->execfn);
    const struct elf_file *file = &program->elf;
    enum elf_error error =
        load_program(file, &program->interpreter, start->randomize, loaded, &name);
    if (error != ELF_FINE) {
        refuse_image(name, error);
    }
    SYS1(__NR_close, program->fd);
    if (file->type == ET_EXEC && !file->has_interpreter) {
        /* What such a program maps is less likely a library of its own than a program that it is to
         * interpret. valgrind translates what it finds, and knows nothing of stubs. */
        rewrite_settings.off = true;
    }
}

/* The dispositions and the mask that the program starts with. */
static void take_over_signals(struct thread *thread, struct start *start)
{
    for (sigset left = HELD_SIGNALS; left != 0; left &= left - 1) {
        int signal = lowest_signal(left);
        struct kernel_sigaction old = {0};
        SYS4(__NR_rt_sigaction, signal, 0, &old, sizeof(sigset));
        if (old.handler == SIG_IGN || (session->held_ignored & signal_bit(signal)) != 0) {
            process_signals.action[signal - 1].handler = SIG_IGN;
        }
    }
    thread->signals = &process_signals;
    if (session->fresh_mask == 0) {
        start->mask = session->signal_mask;
    }
    thread->held_blocked = start->mask & HELD_SIGNALS;
    if (thread->held_blocked != 0) {
        take_held_signals(thread);
    }
    install_held_handlers(thread->signals);
    block_signals(ALL_BUT_HELD); /* the held ones were still blocked, for the taking */
}

/* What the session's program is: opened by the image before, or to be found now. */
static struct program *open_program(struct thread *thread, struct start *start)
{
    struct program *program = 0;
    const char *name = session_string(session->execfn);
    if ((session->flags & ENDORUN_SESSION_FIRST) != 0) {
        long result = program_find_first(thread, &program, name, (uint64_t)start->stack.arguments,
                                         (uint64_t)start->stack.environment, start->mask);
        if (result != 0) {
            refuse_by_errno(name, program->why, result);
        }
        program_path = program->path;
        return program;
    }
    long memory = monitor_map(sizeof *program, PROT_READ | PROT_WRITE, -1);
    if (is_error(memory)) {
        fatal("no memory to load the program");
    }
    program = (struct program *)memory;
    program->fd = session->program_fd;
    program_path = session_string(session->program_path);
    enum elf_error error = elf_read(program->fd, &program->elf);
    if (error != ELF_FINE) {
        refuse_image(name, error);
    }
    return program;
}

static void restore_limits(void)
{
    struct kernel_rlimit files;
    if (session->nofile_soft != ~0UL && SYS4(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, &files) == 0) {
        files.soft = session->nofile_soft;
        SYS4(__NR_prlimit64, 0, RLIMIT_NOFILE, &files, 0);
    }
}

static void run(void *argument)
{
    struct start start = *(struct start *)argument;
    struct thread *thread = current_thread();
    struct loaded loaded = {0};
    keys_share_memory();
    take_over_signals(thread, &start);
    thread->no_new_privs = (session->flags & ENDORUN_SESSION_NO_NEW_PRIVS) != 0;
    if (!seccomp_inherit(thread, (const uint8_t *)session + session->size - session->filters_size,
                         session->filters_size)) {
        fatal("exec: the program's seccomp filters can't be taken over");
    }
    inject_read(thread);
    channel_attach(thread);
    struct program *program = open_program(thread, &start);
    channel_image(thread, program_path);
    load(&start, program, &loaded);
    stack_rebuild(&start.stack, session_string(session->execfn), &program->elf, &loaded);
    stack_describe(&start.stack, &loaded);
    SYS2(__NR_prctl, PR_SET_NAME, session_string(session->comm));
    restore_limits();
    thread->registers = (struct user_registers){
        .rip = loaded.entry, .rsp = (uint64_t)start.stack.start, .eflags = 0x202};
    thread->in_monitor = 1;
    set_kernel_mask(start.mask);
    gate_exit();
}

static void start_keys(const struct initial_stack *stack)
{
    uint32_t eax = 0xd, ebx, ecx = XSTATE_PKRU, edx;
    if (!keys_start((uint64_t)stack->start, stack_end(stack))) {
        refuse(session_string(session->execfn), "the kernel gives no protection keys", 125);
    }
    uint64_t image = round_down((uint64_t)&__ehdr_start, PAGE_SIZE);
    monitor_keeps(image, round_up((uint64_t)&_end, PAGE_SIZE) - image);
    monitor_keeps((uint64_t)session, round_up(session->size, PAGE_SIZE));
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx)); /* SDM: leaf 0DH, sub-leaf 9 */
    process_settings.pkru_offset = ebx;
}

static void choose_gate(const struct initial_stack *stack)
{
    if (session->isolation == ENDORUN_ISOLATION_PKEY) {
        start_keys(stack);
        process_settings.selector = true;
        gate_in_use = (uint64_t)gate_entry_keys;
        gate_forward_in_use = (uint64_t)gate_forward_keys;
        gate_resume_in_use = (uint64_t)gate_resume_keys;
        signal_entry_in_use = (uint64_t)signal_entry_keys;
        return;
    }
    gate_in_use = (uint64_t)(process_settings.selector ? gate_entry_selector : gate_entry);
    gate_forward_in_use =
        (uint64_t)(process_settings.selector ? gate_allow_selector : gate_forward);
    gate_resume_in_use = (uint64_t)gate_resume;
    signal_entry_in_use = (uint64_t)signal_entry;
}

noreturn void monitor_start(uint64_t *stack)
{
    struct start start;
    relocate((uint64_t)&__ehdr_start);
    remember_standard_error();
    stack_take_apart(&start.stack, stack);
    open_session(&start.stack);
    note_naming();
    const sigset all = ALL_SIGNALS;
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &all, &start.mask, sizeof all);
    start.randomize = (session->flags & ENDORUN_SESSION_NO_ASLR) == 0 &&
                      ((uint64_t)SYS1(__NR_personality, 0xffffffffUL) & ADDR_NO_RANDOMIZE) == 0;
    const uint64_t *frame_size = stack_auxv(&start.stack, AT_MINSIGSTKSZ);
    process_settings.frame_size = frame_size != 0 ? *frame_size : FRAME_SIZE_UNKNOWN;
    process_settings.selector = (session->flags & ENDORUN_SESSION_SELECTOR) != 0;
    process_settings.jit_denied = (session->flags & ENDORUN_SESSION_JIT_DENIED) != 0;
    choose_gate(&start.stack);
    rewrite_settings = (struct rewrite_settings){
        .off = (session->flags & ENDORUN_SESSION_NO_REWRITE) != 0,
        .cache_path = session_string(session->cache_path),
        .command_path = session_string(session->command_path),
        .command = &session->command,
    };
    channel_open();
    policy_start();
    bool counts = channel_is_open() && (session->flags & ENDORUN_SESSION_STATS) != 0;
    prepare_dispatch(counts || session->filters_size != 0);
    struct thread *thread = area_allocate();
    if (thread == 0) {
        fatal("no memory for the first thread's area");
    }
    if (!adopt_area(thread)) {
        refuse(session_string(session->execfn),
               "endorun can't run inside endorun: the outer monitor owns %gs and the system calls",
               125);
    }
    call_on_stack(thread->monitor_stack, run, &start);
}
