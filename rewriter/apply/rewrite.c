/*
 * Applying a plan. Decode first: each site is checked against the mapped bytes and changes nothing
 * until its stub is complete. The new code is generated here; a plan only names places.
 *
 *   padding:    site  0f 05        ->  eb rel8          (to the slot)
 *               slot  nops         ->  e9 rel32         (to the stub)
 *   preceding:  insn  b8 ..., 0f 05 -> e9 rel32 ..., 0f 05   (the site stays as it is)
 */
#include "rewrite.h"
#include "module.h"
#include "plan.h"
#include "../../monitor/channel.h"
#include "../../monitor/exec.h"
#include "../../monitor/gate.h"
#include "../../monitor/keys.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define SLOT_SIZE 5U
/* A rel32 reaches 2 GiB; a margin keeps every sum below it. */
#define REACH ((1UL << 31) - (1UL << 20))

/* One mapping under rewriting. */
struct target {
    uint64_t start, length, offset;
    uint64_t stubs;
};

/*
 * Copies the next site of the plan that lies in the mapping, from the one at *index on. False:
 * there is none. Copied once, by a call that the compiler can't split: see struct loaded_plan.
 */
static bool next_site(const struct target *target, const struct loaded_plan *plan, uint32_t *index,
                      struct endorun_plan_site *site)
{
    while (*index < plan->site_count) {
        memcpy(site, &plan->sites[(*index)++], sizeof *site);
        if (site->offset >= target->offset && site->offset - target->offset < target->length) {
            return true;
        }
    }
    return false;
}

static bool is_patched(const struct endorun_plan_site *site)
{
    return site->tactic == ENDORUN_TACTIC_PADDING || site->tactic == ENDORUN_TACTIC_PRECEDING;
}

/* The site's bytes, and those that it takes, are what the plan says and inside the mapping. */
static bool site_is_valid(const struct target *target, const struct endorun_plan_site *site)
{
    static const uint8_t syscall_bytes[2] = {0x0f, 0x05};
    if (site->offset < target->offset || site->offset - target->offset > target->length - 2) {
        return false;
    }
    uint64_t at = site->offset - target->offset; /* in the mapping */
    if (memcmp((const void *)(target->start + at), syscall_bytes, sizeof syscall_bytes) != 0) {
        return false;
    }
    if (site->tactic == ENDORUN_TACTIC_PADDING) {
        int64_t slot = (int64_t)at + 2 + site->slot;
        return (site->slot >= 0 || site->slot <= -2 - (int)SLOT_SIZE) && slot >= 0 &&
               (uint64_t)slot + SLOT_SIZE <= target->length &&
               memcmp((const void *)(target->start + (uint64_t)slot), site->original, SLOT_SIZE) ==
                   0;
    }
    return site->displaced >= SLOT_SIZE && site->displaced <= ENDORUN_PLAN_DISPLACE_MAX &&
           site->displaced <= at &&
           (site->rip_relative == 0 || site->rip_relative + 4U <= site->displaced) &&
           memcmp((const void *)(target->start + at - site->displaced), site->original,
                  site->displaced) == 0;
}

static int32_t relative(uint64_t to, uint64_t from)
{
    return (int32_t)(to - from);
}

/* Writes `jmp rel32` at `at`. */
static void write_jump(uint64_t at, uint64_t to)
{
    uint8_t *code = (uint8_t *)at;
    int32_t displacement = relative(to, at + SLOT_SIZE);
    code[0] = 0xe9;
    memcpy(code + 1, &displacement, sizeof displacement);
}

/* False, and the stub empty: its displaced instruction can't reach from there what it refers to. */
static bool fill_stub(const struct target *target, const struct endorun_plan_site *site,
                      struct stub *stub)
{
    uint64_t address = target->start + (site->offset - target->offset);
    bool preceding = site->tactic == ENDORUN_TACTIC_PRECEDING;
    uint8_t size = preceding ? site->displaced : 0;
    *stub = (struct stub){
        .lea = {0x48, 0x8d, 0x0d},
        .site = relative(address + 2, (uint64_t)stub + STUB_LEA_END),
        .jmp = {0xff, 0x25},
        .gate = relative(target->stubs + offsetof(struct stub_header, gate),
                         (uint64_t)stub + STUB_JMP_END),
        .displaced_size = size,
        .rip_relative = preceding ? site->rip_relative : 0,
        .tactic = site->tactic,
    };
    memset(stub->displaced, 0x90, sizeof stub->displaced);
    uint8_t *copy = stub->displaced + ENDORUN_PLAN_DISPLACE_MAX - size;
    memcpy(copy, site->original, size);
    if (stub->rip_relative != 0) {
        int32_t displacement;
        memcpy(&displacement, copy + stub->rip_relative, sizeof displacement);
        int64_t moved = (int64_t)displacement - relative((uint64_t)copy, address - size);
        displacement = (int32_t)moved;
        if (displacement != moved) {
            *stub = (struct stub){0};
            return false;
        }
        memcpy(copy + stub->rip_relative, &displacement, sizeof displacement);
    }
    return true;
}

/* Turns the site's own bytes; gives its slot relative to the mapping, ~0 without one. */
static uint32_t turn_site(const struct target *target, const struct endorun_plan_site *site,
                          const struct stub *stub)
{
    uint64_t address = target->start + (site->offset - target->offset);
    uint64_t entry = (uint64_t)stub + ENDORUN_PLAN_DISPLACE_MAX - stub->displaced_size;
    if (site->tactic == ENDORUN_TACTIC_PRECEDING) {
        write_jump(address - site->displaced, entry);
        return ~0U;
    }
    uint64_t slot = address + 2 + (uint64_t)(int64_t)site->slot;
    write_jump(slot, entry);
    const uint8_t jump[2] = {0xeb, (uint8_t)site->slot};
    memcpy((void *)address, jump, sizeof jump);
    return (uint32_t)(slot - target->start);
}

/* Memory for stubs from which every site of the mapping can be reached, or 0. */
static uint64_t map_stubs(const struct target *target, uint64_t size)
{
    const uint64_t end = target->start + target->length;
    const uint64_t step = 16UL << 20;
    uint64_t hint = round_down(target->start - size, PAGE_SIZE);
    for (int i = 0; i < 64; i++) {
        long at =
            SYS6(__NR_mmap, hint, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (is_error(at)) {
            return 0;
        }
        uint64_t low = (uint64_t)at < target->start ? (uint64_t)at : target->start;
        uint64_t high = (uint64_t)at + size > end ? (uint64_t)at + size : end;
        if (high - low < REACH) {
            return (uint64_t)at;
        }
        SYS2(__NR_munmap, at, size);
        hint = hint > step + (1UL << 16) ? hint - step : round_up(end, PAGE_SIZE) + step * 64;
    }
    return 0;
}

/* The number of sites in the mapping that the plan wants patched: no fewer than will be. */
static uint32_t count_patched(const struct target *target, const struct loaded_plan *plan)
{
    struct endorun_plan_site site;
    uint32_t count = 0, i = 0;
    while (next_site(target, plan, &i, &site)) {
        count += is_patched(&site);
    }
    return count;
}

/*
 * Gives the pages around the patched sites copies of their own in one go for each run of pages: a
 * fault for each, first to read and then to write, would cost half of a short program's start.
 * Only that: where the kernel doesn't know the advice (before 5.14), the faults do it.
 */
static void populate(const struct target *target, const struct loaded_plan *plan)
{
    struct endorun_plan_site site;
    uint64_t first = 0, behind = 0;
    uint32_t i = 0;
    while (next_site(target, plan, &i, &site)) {
        uint64_t page = round_down(target->start + (site.offset - target->offset), PAGE_SIZE);
        if (!is_patched(&site) || page < first) {
            continue; /* nothing to do, or out of order: its faults will do */
        }
        if (page > behind) {
            if (behind != 0) {
                SYS3(__NR_madvise, first, behind - first, MADV_POPULATE_WRITE);
            }
            first = page;
        }
        behind = page + PAGE_SIZE;
    }
    if (behind != 0) {
        SYS3(__NR_madvise, first, behind - first, MADV_POPULATE_WRITE);
    }
}

/* With text and stubs writable. A site is checked when it is its turn: an earlier one may have
 * taken the bytes. */
static void write_sites(const struct target *target, const struct loaded_plan *plan,
                        uint32_t capacity)
{
    struct stub_header *header = (struct stub_header *)target->stubs;
    struct stub *stubs = (struct stub *)(header + 1);
    uint32_t *slots = (uint32_t *)(stubs + capacity);
    struct endorun_plan_site site;
    uint32_t done = 0, i = 0;
    while (done < capacity && next_site(target, plan, &i, &site)) {
        if (is_patched(&site) && site_is_valid(target, &site) &&
            fill_stub(target, &site, &stubs[done])) {
            slots[done] = turn_site(target, &site, &stubs[done]);
            done++;
        }
    }
    memset(slots + done, 0xff, (capacity - done) * sizeof slots[0]); /* the others have none */
    header->gate = gate_in_use;
    header->count = capacity;
}

/* Tells the reader of the mapping and of what became of its sites. */
static void report_module(const struct target *target, int fd, const struct loaded_plan *plan)
{
    struct endorun_event_module module = {.start = target->start,
                                          .end = target->start + target->length,
                                          .offset = target->offset,
                                          .planned = plan->sites != 0};
    struct endorun_plan_site site;
    char path[PATH_MAX_BYTES];
    uint32_t i = 0;
    while (next_site(target, plan, &i, &site)) {
        module.sites[is_patched(&site) && target->stubs != 0 ? site.tactic : 0]++;
    }
    canonical_path(fd, path);
    channel_module(current_thread(), &module, path);
}

static void apply_plan(struct target *target, const struct loaded_plan *plan,
                       unsigned long protection)
{
    uint32_t count = count_patched(target, plan);
    if (count == 0) {
        return;
    }
    uint64_t size = round_up(
        sizeof(struct stub_header) + count * (sizeof(struct stub) + sizeof(uint32_t)), PAGE_SIZE);
    target->stubs = map_stubs(target, size);
    if (target->stubs == 0) {
        return;
    }
    const struct module module = {.text_start = target->start,
                                  .text_end = target->start + target->length,
                                  .base = target->start,
                                  .stubs = target->stubs,
                                  .stubs_size = size};
    if (!module_register(&module)) {
        SYS2(__NR_munmap, target->stubs, size);
        target->stubs = 0;
        return;
    }
    /* Where memory that was writable may not become executable (PR_SET_MDWE, seccomp filters of the
     * like), the sites are left to SUD: found out on the stubs, while the text is untouched. */
    if (SYS3(__NR_mprotect, target->stubs, size, PROT_READ | PROT_EXEC) != 0 ||
        SYS3(__NR_mprotect, target->stubs, size, PROT_READ | PROT_WRITE) != 0 ||
        SYS3(__NR_mprotect, target->start, target->length, PROT_READ | PROT_WRITE) != 0) {
        modules_cut(target->start, target->length, false);
        target->stubs = 0;
        return;
    }
    populate(target, plan);
    write_sites(target, plan, count);
    if (SYS3(__NR_mprotect, target->stubs, size, PROT_READ | PROT_EXEC) != 0 ||
        !memory_tag(target->stubs, size, PROT_READ | PROT_EXEC, KEY_APP) ||
        SYS3(__NR_mprotect, target->start, target->length, protection) != 0) {
        fatal("rewriting: rewritten code can't be made executable again");
    }
}

void rewrite_mapping(int fd, uint64_t start, uint64_t length, uint64_t offset,
                     unsigned long protection)
{
    struct stat status;
    if ((protection & PROT_READ) == 0 || SYS2(__NR_fstat, fd, &status) != 0 ||
        offset >= (uint64_t)status.st_size) {
        return;
    }
    /* Pages behind the end of the file fault. */
    uint64_t backed = round_up((uint64_t)status.st_size - offset, PAGE_SIZE);
    struct target target = {
        .start = start, .length = length < backed ? length : backed, .offset = offset};
    struct loaded_plan plan = {0};
    if (!rewrite_settings.off && target.length <= REACH) {
        plan = plan_find(fd, (const uint8_t *)start, target.length);
    }
    if (plan.sites != 0) {
        apply_plan(&target, &plan, protection);
    }
    if (channel_is_open()) {
        report_module(&target, fd, &plan);
    }
    plan_release(&plan);
}
