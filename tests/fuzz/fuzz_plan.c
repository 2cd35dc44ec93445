/*
 * Plans under a fuzzer: whatever a plan says, the monitor writes nowhere but into the mapping that
 * is rewritten and the stubs that belong to it, and only what the plan's sites name; and taking it
 * back leaves both as safe.
 *
 * The text is a mapping of 64 KiB between pages that fault, of a file in which sites of every shape
 * repeat. The input, from its first byte on:
 *   1 byte    bit 0: the rest is a whole plan; else it is sites, and the header is made to fit
 *             bit 1: the sites' original bytes are made to fit the text
 *             bit 2: the sites' offsets are moved to a `syscall` instruction of the text
 *             bit 3: memory for stubs is out of reach at first
 *             bit 4: ... and always
 *             bit 5: identity and checksum of a whole plan are made to fit
 *             bit 6: with protection keys
 * Whatever it is, it is also taken for the beginning of a file in which a build ID is looked for.
 */
#include "hosted.h"
#include "../../trace/record/channel.h"
#include "../../monitor/code.h"
#include "../../monitor/exec.h"
#include "../../monitor/gate.h"
#include "../../monitor/keys.h"
#include "../../monitor/process.h"
#include "../../rewriter/apply/module.h"
#include "../../rewriter/apply/plan.h"
#include "../../rewriter/apply/unsafe.h"

#define INPUT_WHOLE_PLAN (1U << 0)
#define INPUT_ORIGINAL   (1U << 1)
#define INPUT_AT_SITE    (1U << 2)
#define INPUT_FAR_FIRST  (1U << 3)
#define INPUT_FAR_ALWAYS (1U << 4)
#define INPUT_CHECKSUM   (1U << 5)
#define INPUT_KEYS       (1U << 6)

#define TEXT_SIZE   (64UL << 10)
#define TEXT_OFFSET PAGE_SIZE /* in the file: a plan may name what lies before the mapping */
#define FILE_SIZE   (TEXT_OFFSET + TEXT_SIZE + PAGE_SIZE)
#define STRIDE      64U /* bytes from one site of the text to the next */
#define SITE        24U /* of the site in them */
#define SITES_MAX   512U
#define ARENA_SIZE  (4UL << 20) /* guard, stubs, guard, text, guard */
#define STUBS_AT    (1UL << 20)
#define TEXT_AT     (3UL << 20)
#define FAR_AWAY    (1UL << 33)

static uint8_t pristine[FILE_SIZE];
static int text_fd;
static uint64_t arena, mapping;
static uint64_t stub_area, stub_area_size; /* size 0: none */
static unsigned far_tries;
static bool far_always;
static uint8_t
    plan_memory[sizeof(struct endorun_plan) + SITES_MAX * sizeof(struct endorun_plan_site)]
    __attribute__((aligned(8)));
static size_t plan_size;
static unsigned permitted_writes[TEXT_SIZE];
static unsigned generation;
static uint8_t aside[TEXT_SIZE / PAGE_SIZE]; /* pages that are set aside */

uint64_t gate_in_use = 0x1122334455667788UL;

/* ---- what the monitor calls ---- */

static long model_mmap(long number, uint64_t hint, uint64_t size, unsigned long protection,
                       unsigned long flags, int fd, uint64_t offset)
{
    if (fd >= 0) {
        return SYS6(number, hint, size, protection, flags, fd, offset);
    }
    if (far_always || far_tries > 0) {
        far_tries -= far_tries > 0;
        return (long)(mapping + FAR_AWAY);
    }
    demand(stub_area_size == 0 && size > 0 && size < TEXT_AT - STUBS_AT - PAGE_SIZE,
           "size of stubs");
    stub_area = arena + STUBS_AT - size % (2 * PAGE_SIZE);
    stub_area_size = size;
    return SYS6(number, stub_area, size, protection, flags | MAP_FIXED, fd, offset);
}

static long model_munmap(long number, uint64_t address, uint64_t size)
{
    if (number != __NR_munmap || address == mapping + FAR_AWAY) {
        return number == __NR_munmap ? 0 : SYS2(number, address, size);
    }
    if (address < arena || address >= arena + ARENA_SIZE) {
        return SYS2(number, address, size); /* the plan's own mapping */
    }
    demand(address == stub_area && size == stub_area_size,
           "other memory than the stubs is unmapped");
    stub_area_size = 0;
    return is_error(SYS6(__NR_mmap, address, size, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0));
}

static long checked_call(long number, uint64_t start, uint64_t size, unsigned long argument)
{
    if (number == __NR_madvise && size > 0 - start) {
        return -EINVAL; /* the kernel's answer */
    }
    if (number == __NR_mprotect || number == __NR_madvise) {
        demand((start >= mapping && size <= TEXT_SIZE && start - mapping <= TEXT_SIZE - size) ||
                   (start == stub_area && size == stub_area_size),
               "pages outside text and stubs are changed");
    }
    return SYS3(number, start, size, argument);
}

/* Whatever a plan says, stubs hold no unsafe instruction; text that is put back may. */
static bool model_admit(uint64_t start, uint64_t size)
{
    bool clean = unsafe_is_absent((const uint8_t *)start, size);
    demand(start == mapping || (start == stub_area && size == stub_area_size),
           "other memory becomes executable");
    demand(clean || start == mapping, "an unsafe instruction in the stubs");
    return clean;
}

/* Whole pages of the mapping, and with protection keys only. */
static void model_set_aside(uint64_t start, uint64_t size)
{
    demand(keys_in_use && start >= mapping && size != 0 && size <= TEXT_SIZE &&
               start - mapping <= TEXT_SIZE - size && start % PAGE_SIZE == 0 &&
               size % PAGE_SIZE == 0,
           "other memory is set aside");
    memset(aside + (start - mapping) / PAGE_SIZE, 1, size / PAGE_SIZE);
}

static void model_forget(uint64_t start, uint64_t size)
{
    demand(start != 0 && size != 0, "no memory is forgotten");
}

static bool model_protect(uint64_t start, uint64_t size, unsigned long protection)
{
    return checked_call(__NR_mprotect, start, size, protection) == 0;
}

void with_private_descriptors(void (*function)(void *), void *argument)
{
    function(argument);
}

void canonical_path(int fd, char path[PATH_MAX_BYTES])
{
    demand(fd == text_fd, "another file than the text's");
    path[0] = 0;
}

bool channel_is_open(void)
{
    return true;
}

void channel_module(struct thread *thread, const struct endorun_event_module *module,
                    const char *path)
{
    uint32_t sites = 0;
    for (unsigned i = 0; i < sizeof module->sites / sizeof module->sites[0]; i++) {
        sites += module->sites[i];
    }
    demand(thread == current_thread() && path != 0, "the record's thread or path");
    demand(module->start == mapping && module->end == mapping + TEXT_SIZE, "the record's mapping");
    demand(sites <= ENDORUN_PLAN_MAX_SITES, "the record has more sites than any plan");
}

#define MODEL_MMAP(number, hint, size, protection, flags, fd, offset)                              \
    model_mmap((number), (uint64_t)(hint), (size), (protection), (flags), (fd), (offset))
#define MODEL_MUNMAP(number, address, size)                                                        \
    model_munmap((number), (uint64_t)(address), (uint64_t)(size))
#define CHECKED_CALL(number, start, size, argument)                                                \
    checked_call((number), (uint64_t)(start), (uint64_t)(size), (unsigned long)(argument))
/* Sites are copied only from a plan that has some, which is more than clang-tidy can see. */
static void *copy_bytes(void *target, const void *source, size_t size)
{
    return memcpy(target, source, size); /* NOLINT(clang-analyzer-core.NonNullParamChecker) */
}

#pragma push_macro("SYS2")
#pragma push_macro("SYS3")
#pragma push_macro("SYS6")
#undef SYS2
#undef SYS3
#undef SYS6
#define SYS2                                         MODEL_MUNMAP
#define SYS3                                         CHECKED_CALL
#define SYS6                                         MODEL_MMAP
#define memcpy                                       copy_bytes
#define code_admit                                   model_admit
#define code_protect(start, size, protection)        (model_admit((start), (size)) ? 0 : -EACCES)
#define code_forget                                  model_forget
#define code_set_aside                               model_set_aside
#define memory_protect(start, size, protection, key) model_protect((start), (size), (protection))
#define memory_tag                                   memory_protect
#define monitor_takes(start, size)                   ((start) != 0 && (size) != 0)
#define monitor_unmap(start, size)                   ((void)model_munmap(__NR_munmap, (start), (size)))
#include "../../rewriter/apply/module.c"  /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/plan.c"    /* NOLINT(bugprone-suspicious-include) */
#include "../../rewriter/apply/rewrite.c" /* NOLINT(bugprone-suspicious-include) */
#undef memcpy
#undef code_admit
#undef code_protect
#undef code_forget
#undef code_set_aside
#undef memory_protect
#undef memory_tag
#undef monitor_takes
#undef monitor_unmap
#pragma pop_macro("SYS6")
#pragma pop_macro("SYS3")
#pragma pop_macro("SYS2")

/* The analyser: leaves the plan in its descriptor. */
long run_in_child(void (*function)(void *), void *argument)
{
    const struct analyser *analyser = argument;
    demand(function == supervise_analyser && analyser->file == text_fd, "another child");
    demand(SYS4(__NR_pwrite64, analyser->plan, plan_memory, plan_size, 0) == (long)plan_size,
           "the plan can't be written");
    return 0;
}

/* ---- the text ---- */

/* Instructions that can be cured, in each pattern: a displacement begins as xrstor does. */
static const struct cure {
    unsigned at, size, field;
    uint8_t code[16];
} cures[] = {
    {SITE - 12, 7, 3, {0x48, 0x8d, 0x3d, 0x78, 0x56, 0x34, 0x12}}, /* as write_pattern() has it */
    {SITE + 8, 5, 1, {0xe8, 0x0f, 0xae, 0x28, 0x00}},
    {SITE + 14, 6, 2, {0xff, 0x15, 0x0f, 0xae, 0x28, 0x00}},
    {SITE + 20, 6, 2, {0x0f, 0x84, 0x0f, 0xae, 0x28, 0x00}},
    {SITE + 27, 6, 2, {0x67, 0xe8, 0x0f, 0xae, 0x28, 0x00}},
    {SITE + 34, 3, 1, {0x0f, 0x01, 0xef}},
};
#define CURES (sizeof cures / sizeof cures[0])

/* Each site: an instruction with a disp32, one with an immediate, `syscall`, ret, and padding. */
static void write_pattern(uint8_t *at, unsigned index)
{
    static const uint8_t code[STRIDE] = {
        [SITE - 12] = 0x48,
        0x8d,
        0x3d,
        0x78,
        0x56,
        0x34,
        0x12, /* lea 0x12345678(%rip), %rdi */
        0xb8,
        0x27,
        0x00,
        0x00,
        0x00, /* mov $39, %eax */
        0x0f,
        0x05,
        0xc3, /* syscall; ret */
    };
    memcpy(at, code, sizeof code);
    memset(at, 0x90, SITE - 12);
    memset(at + SITE + 3, 0x90, STRIDE - SITE - 3);
    for (unsigned i = 1; i < CURES; i++) {
        memcpy(at + cures[i].at, cures[i].code, cures[i].size);
    }
    switch (index % 4) {
    case 1: /* a displacement to which nothing can be added */
        memset(at + SITE - 9, 0xff, 3);
        at[SITE - 6] = 0x7f;
        break;
    case 2: /* one from which nothing can be taken */
        memset(at + SITE - 9, 0, 3);
        at[SITE - 6] = 0x80;
        break;
    case 3: /* sites next to each other, and one in an immediate */
        memcpy(at + SITE + 2, (const uint8_t[]){0x0f, 0x05}, 2);
        memcpy(at + SITE - 3, (const uint8_t[]){0x0f, 0x05}, 2);
        break;
    default:
        break;
    }
}

static void make_text(void)
{
    static struct thread thread;
    for (unsigned i = 0; i < FILE_SIZE / STRIDE; i++) {
        write_pattern(pristine + (size_t)i * STRIDE, i);
    }
    memcpy(pristine + TEXT_OFFSET, (const uint8_t[]){0x0f, 0x05}, 2);
    memcpy(pristine + TEXT_OFFSET + TEXT_SIZE - 2, (const uint8_t[]){0x0f, 0x05}, 2);
    text_fd = make_file(pristine, sizeof pristine);
    long memory = SYS6(__NR_mmap, 0, ARENA_SIZE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    demand(!is_error(memory), "no memory");
    arena = (uint64_t)memory;
    mapping = arena + TEXT_AT;
    demand(SYS6(__NR_mmap, mapping, TEXT_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (long)mapping,
           "no memory");
    thread.self = &thread;
    demand(SYS2(__NR_arch_prctl, ARCH_SET_GS, &thread) == 0, "no thread block");
    rewrite_settings.command_path = "the analyser";
}

/* ---- the plan ---- */

static void fit_cure(struct endorun_plan_site *site, unsigned mode)
{
    if (site->tactic == ENDORUN_TACTIC_DATA) {
        if ((mode & INPUT_AT_SITE) != 0) {
            site->offset = site->offset % (FILE_SIZE / PAGE_SIZE) * PAGE_SIZE;
            site->data_size = site->data_size % (FILE_SIZE / PAGE_SIZE) * PAGE_SIZE;
        }
        return;
    }
    if ((mode & INPUT_AT_SITE) != 0) {
        const struct cure *cure = &cures[(uint8_t)site->slot % CURES];
        bool reencoded = site->tactic == ENDORUN_TACTIC_REENCODED;
        site->offset = site->offset % (FILE_SIZE / STRIDE) * STRIDE + cure->at + reencoded;
        site->displaced = (uint8_t)cure->size;
        site->rip_relative = (uint8_t)cure->field;
    }
    if ((mode & INPUT_ORIGINAL) != 0 && site->offset <= FILE_SIZE - sizeof site->original) {
        memcpy(site->original, pristine + site->offset, sizeof site->original);
    }
}

static void fit_site(struct endorun_plan_site *site, unsigned mode)
{
    if (endorun_plan_is_cure(site)) {
        fit_cure(site, mode);
        return;
    }
    if ((mode & INPUT_AT_SITE) != 0) {
        site->offset = site->offset % (FILE_SIZE / STRIDE) * STRIDE + SITE;
    }
    uint64_t from = site->tactic == ENDORUN_TACTIC_PADDING
                        ? site->offset + 2 + (uint64_t)(int64_t)site->slot
                        : site->offset - site->displaced;
    if ((mode & INPUT_ORIGINAL) != 0 && from <= FILE_SIZE - sizeof site->original) {
        memcpy(site->original, pristine + from, sizeof site->original);
    }
}

/* Gives a plan the identity and the checksum without which nothing else of it is looked at. */
static void certify_plan(void)
{
    struct endorun_plan *plan = (struct endorun_plan *)plan_memory;
    struct request request = {.fd = text_fd};
    if (plan_size >= sizeof *plan) {
        identify(&request);
        plan->identity = request.identity;
    }
    if (plan_size >= sizeof *plan && plan->size >= sizeof *plan && plan->size <= plan_size) {
        plan->checksum = checksum(plan, plan_memory + sizeof *plan);
    }
}

/* Around the sites of the input a header that the monitor has to accept. */
static void make_plan(const uint8_t *bytes, size_t size, unsigned mode)
{
    struct endorun_plan plan = {.magic = ENDORUN_PLAN_MAGIC, .version = ENDORUN_PLAN_VERSION};
    struct endorun_plan_site *sites = (struct endorun_plan_site *)(plan_memory + sizeof plan);
    plan.site_count =
        (uint32_t)(size / sizeof *sites < SITES_MAX ? size / sizeof *sites : SITES_MAX);
    plan.size = (uint32_t)(sizeof plan + plan.site_count * sizeof *sites);
    memcpy(sites, bytes, plan.site_count * sizeof *sites);
    for (uint32_t i = 0; i < plan.site_count; i++) {
        fit_site(&sites[i], mode);
    }
    memcpy(plan_memory, &plan, sizeof plan);
    plan_size = plan.size;
    certify_plan();
}

static void take_plan(const uint8_t *bytes, size_t size, unsigned mode)
{
    plan_size = size < sizeof plan_memory ? size : sizeof plan_memory;
    memcpy(plan_memory, bytes, plan_size);
    if ((mode & INPUT_CHECKSUM) != 0) {
        certify_plan();
    }
}

/* ---- what must hold ---- */

static void permit(int64_t from, unsigned count)
{
    for (int64_t i = from; i < from + count; i++) {
        if (i >= 0 && i < (int64_t)TEXT_SIZE) {
            permitted_writes[i] = generation;
        }
    }
}

/* Bytes of the text that the plan's sites name. */
static void permit_sites(void)
{
    const struct endorun_plan_site *sites =
        (const struct endorun_plan_site *)(plan_memory + sizeof(struct endorun_plan));
    size_t header_size = sizeof(struct endorun_plan);
    size_t count = plan_size > header_size ? (plan_size - header_size) / sizeof *sites : 0;
    generation++;
    for (size_t i = 0; i < count; i++) {
        int64_t at = (int64_t)(sites[i].offset - TEXT_OFFSET);
        if (at < 0 || at >= (int64_t)TEXT_SIZE) {
            continue;
        }
        if (sites[i].tactic == ENDORUN_TACTIC_PADDING) {
            permit(at, 2);
            permit(at + 2 + sites[i].slot, SLOT_SIZE);
        } else if (sites[i].tactic == ENDORUN_TACTIC_PRECEDING) {
            permit(at - sites[i].displaced, sites[i].displaced);
        } else if (keys_in_use && sites[i].tactic == ENDORUN_TACTIC_MOVED) {
            permit(at, sites[i].displaced);
        } else if (keys_in_use && sites[i].tactic == ENDORUN_TACTIC_REENCODED) {
            permit(at, 2);
        }
    }
}

static void check_text(void)
{
    const uint8_t *now = (const uint8_t *)mapping;
    if (memcmp(now, pristine + TEXT_OFFSET, TEXT_SIZE) == 0) {
        return;
    }
    for (size_t i = 0; i < TEXT_SIZE; i++) {
        if (now[i] != pristine[TEXT_OFFSET + i]) {
            demand(permitted_writes[i] == generation,
                   "a byte of the text is changed that no site names");
        }
    }
}

/* A moved instruction leads back behind its place, and its displacement to where it led. */
static void check_moved(const struct stub *stub)
{
    struct call_stub call;
    int32_t before, now;
    uint64_t end = displaced_end((uint64_t)stub, stub), end_now = (uint64_t)stub->lea;
    memcpy(&call, stub, sizeof call);
    demand(stub->displaced_size >= ENDORUN_PLAN_MOVE_MIN &&
               stub->displaced_size <= ENDORUN_PLAN_MOVE_MAX &&
               end >= mapping + stub->displaced_size && end <= mapping + TEXT_SIZE,
           "a moved instruction of nowhere");
    const uint8_t *code = pristine + TEXT_OFFSET + (end - mapping) - stub->displaced_size;
    const uint8_t *field = code + stub->rip_relative;
    const uint8_t *copy = (const uint8_t *)stub + stub_entry(0, stub) + stub->rip_relative;
    if (stub_is_call(stub)) {
        demand(memcmp(call.push, "\x48\x8d\x64\x24\xf8", sizeof call.push) == 0 &&
                   call.jmp[1] == (code[0] == 0xff ? 0x25 : 0xe9),
               "another instruction in the stub of a call");
        field = code + stub->displaced_size - sizeof before;
        copy = (const uint8_t *)stub + offsetof(struct call_stub, target);
        end_now = (uint64_t)stub + CALL_STUB_JMP_END;
    } else {
        demand(memcmp(stub->lea, "\x66\x90\xe9", 3) == 0, "a moved instruction without way back");
    }
    memcpy(&before, field, sizeof before);
    memcpy(&now, copy, sizeof now);
    demand(end + (uint64_t)(int64_t)before == end_now + (uint64_t)(int64_t)now,
           "a moved instruction leads elsewhere");
}

static void check_stub(const struct stub_header *header, const struct stub *stub)
{
    static const struct stub unused;
    if (memcmp(stub, &unused, sizeof unused) == 0) {
        return;
    }
    if (stub->tactic == ENDORUN_TACTIC_MOVED) {
        check_moved(stub);
        return;
    }
    demand(memcmp(stub->lea, "\x48\x8d\x0d", 3) == 0 && memcmp(stub->jmp, "\xff\x25", 2) == 0,
           "a stub of other instructions");
    demand(stub->displaced_size <= ENDORUN_PLAN_DISPLACE_MAX, "a stub that displaces too much");
    demand((uint64_t)stub + STUB_JMP_END + (uint64_t)(int64_t)stub->gate == (uint64_t)header,
           "a stub that jumps elsewhere than to the gate");
    uint64_t site = (uint64_t)stub + STUB_LEA_END + (uint64_t)(int64_t)stub->site - 2;
    demand(site >= mapping + stub->displaced_size && site <= mapping + TEXT_SIZE - 2,
           "a stub that returns elsewhere than into the text");
}

static void check_stubs(void)
{
    const struct stub_header *header = (const struct stub_header *)stub_area;
    const struct stub *first = (const struct stub *)(header + 1);
    const uint32_t *slots = (const uint32_t *)(first + modules[0].count);
    demand(sizeof *header + modules[0].count * (sizeof *first + sizeof *slots) <= stub_area_size,
           "more stubs than there is room for");
    demand(header->gate == gate_in_use, "the gate's address is not the gate's");
    for (uint32_t i = 0; i < modules[0].count; i++) {
        check_stub(header, &first[i]);
        demand(slots[i] == ~0U || slots[i] <= TEXT_SIZE - SLOT_SIZE, "a slot outside the text");
    }
}

/* Where the program can be in a stub, it is shown in the instructions that the stub stands for. */
static void check_stub_addresses(const struct stub *stub)
{
    uint64_t begin = stub_entry((uint64_t)stub, stub);
    for (uint64_t rip = (uint64_t)stub; rip < (uint64_t)stub + STUB_JMP_END; rip++) {
        struct sigcontext registers = {.rip = rip, .rsp = 0};
        demand(module_roll(&registers), "the program does not stand in a stub");
        demand(stub->tactic == ENDORUN_TACTIC_SUD || rip < begin ||
                   (registers.rip >= mapping && registers.rip <= mapping + TEXT_SIZE),
               "an address in a stub is shown as one outside the text");
        demand(registers.rsp == 0 ||
                   (stub_is_call(stub) && rip >= (uint64_t)stub + CALL_STUB_PUSHED),
               "a stack pointer is rolled");
        (void)module_hides_step(rip);
    }
}

static void check_addresses(void)
{
    const struct stub_header *header = (const struct stub_header *)stub_area;
    for (uint32_t i = 0; i < modules[0].count; i++) {
        check_stub_addresses((const struct stub *)(header + 1) + i);
    }
    const uint32_t *slots =
        (const uint32_t *)((const struct stub *)(header + 1) + modules[0].count);
    for (uint32_t i = 0; i < modules[0].count; i++) {
        struct sigcontext registers = {.rip = mapping + (slots[i] == ~0U ? 0 : slots[i])};
        module_roll(&registers);
        demand(registers.rip >= mapping && registers.rip < mapping + TEXT_SIZE,
               "an address of the text is shown outside");
    }
}

/* The pages that the plan's entries name, and no others. */
static void check_aside(void)
{
    const struct endorun_plan_site *sites =
        (const struct endorun_plan_site *)(plan_memory + sizeof(struct endorun_plan));
    const struct endorun_plan *plan = (const struct endorun_plan *)plan_memory;
    for (uint64_t page = 0; page < TEXT_SIZE / PAGE_SIZE; page++) {
        uint64_t offset = TEXT_OFFSET + page * PAGE_SIZE;
        bool named = false;
        for (uint32_t i = 0; aside[page] && i < plan->site_count && !named; i++) {
            named = sites[i].tactic == ENDORUN_TACTIC_DATA && sites[i].offset <= offset &&
                    sites[i].data_size >= offset - sites[i].offset + PAGE_SIZE;
        }
        demand(named == (aside[page] != 0), "a page is set aside that no entry names");
    }
}

static void apply(void)
{
    memset(aside, 0, sizeof aside);
    checked_call(__NR_mprotect, mapping, TEXT_SIZE, PROT_READ | PROT_WRITE);
    memcpy((void *)mapping, pristine + TEXT_OFFSET, TEXT_SIZE);
    rewrite_mapping(text_fd, mapping, TEXT_SIZE, TEXT_OFFSET, PROT_READ | PROT_EXEC);
    check_text();
    check_aside();
    if (stub_area_size != 0) {
        check_stubs();
        check_addresses();
        modules_restore(mapping, mapping + TEXT_SIZE);
        check_text();
    }
    demand(stub_area_size == 0, "stubs stay behind");
}

static void look_for_build_id(const uint8_t *bytes, size_t size)
{
    struct request request = {
        .fd = make_file(bytes, size < ENDORUN_BUILD_ID_WITHIN ? size : ENDORUN_BUILD_ID_WITHIN)};
    read_build_id(&request);
    demand(request.build_id_size <= ENDORUN_BUILD_ID_MAX, "a build ID longer than its buffer");
    SYS1(__NR_close, request.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (arena == 0) {
        make_text();
    }
    if (size == 0) {
        return 0;
    }
    unsigned mode = bytes[0];
    keys_in_use = (mode & INPUT_KEYS) != 0;
    far_always = (mode & INPUT_FAR_ALWAYS) != 0;
    far_tries = (mode & INPUT_FAR_FIRST) != 0 ? 3 : 0;
    look_for_build_id(bytes, size);
    if ((mode & INPUT_WHOLE_PLAN) != 0) {
        take_plan(bytes + 1, size - 1, mode);
    } else {
        make_plan(bytes + 1, size - 1, mode);
    }
    permit_sites();
    apply();
    return 0;
}
