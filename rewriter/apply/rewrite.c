/*
 * Applying a plan. Decode first: each site is checked against the mapped bytes and changes nothing
 * until its stub is complete. The new code is generated here; a plan only names places.
 *
 *   padding:    site  0f 05        ->  eb rel8          (to the slot)
 *               slot  nops         ->  e9 rel32         (to the stub)
 *   preceding:  insn  b8 ..., 0f 05 -> e9 rel32 ..., 0f 05   (the site stays as it is)
 *   moved:      insn  48 8b 05 ...  -> e9 rel32, int3s
 *   reencoded:  insn  01 ef        ->  03 fd
 *   data:       whole pages, which do not become executable
 */
#include "rewrite.h"
#include "module.h"
#include "plan.h"
#include "unsafe.h"
#include "../../trace/record/channel.h"
#include "../../monitor/code.h"
#include "../../monitor/exec.h"
#include "../../monitor/gate.h"
#include "../../monitor/keys.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define SLOT_SIZE 5U
/* Stubs that a moved instruction may try: in each its displacement is another one. */
#define MOVE_TRIES 4U
/* Of bytes that a match may share with the neighbours of what is changed. */
#define MATCH_REACH 3U
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

/* Something is to be written. Without protection keys no bytes are unsafe, and nothing has to move.
 */
static bool is_cure(const struct endorun_plan_site *site)
{
    return keys_in_use && endorun_plan_is_cure(site) && site->tactic != ENDORUN_TACTIC_DATA;
}

static bool is_patched(const struct endorun_plan_site *site)
{
    return site->tactic == ENDORUN_TACTIC_PADDING || site->tactic == ENDORUN_TACTIC_PRECEDING;
}

static bool moved_is_valid(const struct target *target, const struct endorun_plan_site *site)
{
    uint64_t at = site->offset - target->offset;
    return endorun_plan_is_movable(site->original, site->displaced, site->rip_relative) &&
           site->displaced <= target->length - at &&
           memcmp((const void *)(target->start + at), site->original, site->displaced) == 0;
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

/* Adjusts a displacement for an instruction that is `distance` further up. False: out of reach. */
static bool adjust(uint8_t *field, int64_t distance)
{
    int32_t displacement;
    memcpy(&displacement, field, sizeof displacement);
    int64_t moved = (int64_t)displacement - distance;
    displacement = (int32_t)moved;
    memcpy(field, &displacement, sizeof displacement);
    return displacement == moved;
}

static bool fill_call_stub(uint64_t behind, const struct endorun_plan_site *site,
                           struct call_stub *stub)
{
    bool indirect = site->original[0] == 0xff;
    *stub = (struct call_stub){
        .store_low = {0xc7, 0x44, 0x24, 0xf8},
        .low = (uint32_t)behind,
        .store_high = {0xc7, 0x44, 0x24, 0xfc},
        .high = (uint32_t)(behind >> 32),
        .push = {0x48, 0x8d, 0x64, 0x24, 0xf8},
        .jmp = {indirect ? 0xff : 0x90, indirect ? 0x25 : 0xe9},
        .unused = {0xcc, 0xcc},
        .displaced_size = site->displaced,
        .tactic = ENDORUN_TACTIC_MOVED,
    };
    memcpy(&stub->target, site->original + site->rip_relative, sizeof stub->target);
    return adjust((uint8_t *)stub + offsetof(struct call_stub, target),
                  relative((uint64_t)stub + CALL_STUB_JMP_END, behind));
}

static bool fill_moved_stub(const struct target *target, const struct endorun_plan_site *site,
                            struct stub *stub)
{
    uint64_t behind = target->start + (site->offset - target->offset) + site->displaced;
    if (endorun_plan_is_call(site->original, site->displaced, site->rip_relative)) {
        return fill_call_stub(behind, site, (struct call_stub *)stub);
    }
    *stub = (struct stub){
        .lea = {0x66, 0x90, 0xe9},
        .site = relative(behind, (uint64_t)stub + STUB_LEA_END),
        .jmp = {0xcc, 0xcc},
        .gate = (int32_t)0xcccccccc,
        .displaced_size = site->displaced,
        .rip_relative = site->rip_relative,
        .tactic = ENDORUN_TACTIC_MOVED,
    };
    memset(stub->displaced, 0x90, sizeof stub->displaced);
    uint8_t *copy = stub->displaced + ENDORUN_PLAN_DISPLACE_MAX - site->displaced;
    memcpy(copy, site->original, site->displaced);
    return adjust(copy + site->rip_relative, relative((uint64_t)stub->lea, behind));
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
    if (stub->rip_relative != 0 &&
        !adjust(copy + stub->rip_relative, relative((uint64_t)copy, address - size))) {
        *stub = (struct stub){0};
        return false;
    }
    return true;
}

/* Turns the site's own bytes; gives its slot relative to the mapping, ~0 without one. */
static uint32_t turn_site(const struct target *target, const struct endorun_plan_site *site,
                          const struct stub *stub)
{
    uint64_t address = target->start + (site->offset - target->offset);
    uint64_t entry = stub_entry((uint64_t)stub, stub);
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

/*
 * With protection keys: no bytes of an unsafe instruction have come into being, in displacements
 * that nobody chose. Where they have, the site is turned back, and left to SUD.
 */
static bool is_clean(const struct target *target, const struct endorun_plan_site *site,
                     const struct stub *stub, const uint32_t *slot)
{
    uint64_t at = target->start + (site->offset - target->offset);
    bool preceding = site->tactic == ENDORUN_TACTIC_PRECEDING;
    uint64_t jump = preceding ? at - site->displaced : at + 2 + (uint64_t)(int64_t)site->slot;
    uint64_t low = jump - target->start > UNSAFE_REACH ? jump - UNSAFE_REACH : target->start;
    uint64_t high = jump + SLOT_SIZE + UNSAFE_REACH, end = target->start + target->length;
    return unsafe_is_absent((const uint8_t *)stub - UNSAFE_REACH,
                            sizeof *stub + 2 * UNSAFE_REACH) &&
           unsafe_is_absent((const uint8_t *)slot - UNSAFE_REACH, sizeof *slot + UNSAFE_REACH) &&
           unsafe_is_absent((const uint8_t *)low, (high < end ? high : end) - low);
}

static void turn_back(const struct target *target, const struct endorun_plan_site *site,
                      struct stub *stub)
{
    static const uint8_t syscall_bytes[2] = {0x0f, 0x05};
    uint8_t *at = (uint8_t *)target->start + (site->offset - target->offset);
    if (site->tactic == ENDORUN_TACTIC_PRECEDING) {
        memcpy(at - site->displaced, site->original, site->displaced);
    } else {
        memcpy(at + 2 + site->slot, site->original, SLOT_SIZE);
        memcpy(at, syscall_bytes, sizeof syscall_bytes);
    }
    *stub = (struct stub){0};
}

/*
 * Moves an instruction into the stub. False: bytes of an unsafe instruction are in it, or around
 * the jump, and everything is as before. What is further away is not looked at: it may hold what
 * moves next, and all of it is searched before it becomes executable.
 */
static bool move(const struct target *target, const struct endorun_plan_site *site,
                 struct stub *stub)
{
    uint64_t at = target->start + (site->offset - target->offset);
    uint64_t end = target->start + target->length, behind = at + site->displaced;
    uint64_t low = at - target->start > MATCH_REACH ? at - MATCH_REACH : target->start;
    uint64_t high = end - behind > MATCH_REACH ? behind + MATCH_REACH : end;
    if (fill_moved_stub(target, site, stub)) {
        write_jump(at, stub_entry((uint64_t)stub, stub));
        memset((void *)(at + SLOT_SIZE), 0xcc, site->displaced - SLOT_SIZE);
        if (unsafe_is_absent((const uint8_t *)stub - UNSAFE_REACH,
                             sizeof *stub + 2 * UNSAFE_REACH) &&
            unsafe_is_absent((const uint8_t *)low, high - low)) {
            return true;
        }
        memcpy((void *)at, site->original, site->displaced);
    }
    *stub = (struct stub){0};
    return false;
}

static void reencode(const struct target *target, const struct endorun_plan_site *site)
{
    static const uint8_t add[2] = {0x01, 0xef}, same[2] = {0x03, 0xfd};
    uint64_t at = site->offset - target->offset;
    if (target->length - at >= sizeof add &&
        memcmp((const void *)(target->start + at), add, sizeof add) == 0) {
        memcpy((void *)(target->start + at), same, sizeof same);
    }
}

/* The stubs that were used or given up. What can't be cured stays, and is refused later. */
static uint32_t write_cure(const struct target *target, const struct endorun_plan_site *site,
                           struct stub *stubs, uint32_t *slots, uint32_t left)
{
    uint32_t tried = 0;
    if (site->tactic == ENDORUN_TACTIC_REENCODED) {
        reencode(target, site);
        return 0;
    }
    bool done = !moved_is_valid(target, site);
    while (!done && tried < MOVE_TRIES && tried < left) {
        done = move(target, site, &stubs[tried]);
        slots[tried++] = ~0U;
    }
    return tried;
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
        if (high - low < REACH && monitor_takes((uint64_t)at, size)) {
            return (uint64_t)at;
        }
        SYS2(__NR_munmap, at, size);
        hint = hint > step + (1UL << 16) ? hint - step : round_up(end, PAGE_SIZE) + step * 64;
    }
    return 0;
}

/* Stubs for what the plan wants patched in the mapping: no fewer than will be needed. */
static uint32_t count_patched(const struct target *target, const struct loaded_plan *plan)
{
    struct endorun_plan_site site;
    uint32_t count = 0, i = 0;
    while (next_site(target, plan, &i, &site)) {
        count += is_cure(&site) ? MOVE_TRIES : is_patched(&site);
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
        if (!(is_patched(&site) || is_cure(&site)) || page < first) {
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
        if (is_cure(&site)) {
            done += write_cure(target, &site, &stubs[done], &slots[done], capacity - done);
        } else if (is_patched(&site) && site_is_valid(target, &site) &&
                   fill_stub(target, &site, &stubs[done])) {
            slots[done] = turn_site(target, &site, &stubs[done]);
            if (keys_in_use && !is_clean(target, &site, &stubs[done], &slots[done])) {
                turn_back(target, &site, &stubs[done]);
                continue;
            }
            done++;
        }
    }
    memset(slots + done, 0xff, (capacity - done) * sizeof slots[0]); /* the others have none */
    header->gate = gate_in_use;
}

/* The pages of data in the mapping, of which a part can be mapped only. */
static void set_data_aside(const struct target *target, const struct loaded_plan *plan)
{
    struct endorun_plan_site site;
    for (uint32_t i = 0; keys_in_use && i < plan->site_count; i++) {
        memcpy(&site, &plan->sites[i], sizeof site);
        uint64_t from = site.offset, to = from + site.data_size;
        uint64_t end = target->offset + target->length;
        from = from > target->offset ? from : target->offset;
        to = to < end ? to : end;
        if (site.tactic == ENDORUN_TACTIC_DATA && from < to && from % PAGE_SIZE == 0 &&
            to % PAGE_SIZE == 0) {
            code_set_aside(target->start + (from - target->offset), to - from);
        }
    }
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
        if (!endorun_plan_is_cure(&site)) {
            module.sites[is_patched(&site) && target->stubs != 0 ? site.tactic : 0]++;
        }
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
                                  .stubs_size = size,
                                  .count = count};
    if (!module_register(&module)) {
        monitor_unmap(target->stubs, size);
        target->stubs = 0;
        return;
    }
    /* Where memory that was writable may not become executable (PR_SET_MDWE, seccomp filters of the
     * like), the sites are left to SUD: found out on the stubs, while the text is untouched. */
    if (!memory_protect(target->stubs, size, PROT_READ | PROT_EXEC, KEY_MONITOR) ||
        !memory_protect(target->stubs, size, PROT_READ | PROT_WRITE, KEY_MONITOR) ||
        !memory_protect(target->start, target->length, PROT_READ | PROT_WRITE, KEY_MONITOR)) {
        modules_cut(target->start, target->length, false);
        target->stubs = 0;
        return;
    }
    populate(target, plan);
    write_sites(target, plan, count);
    if (keys_in_use && !unsafe_is_absent((const uint8_t *)target->stubs, size)) {
        modules_abandon(target->start, target->length); /* by chance: its own numbers */
        target->stubs = 0;
    }
    if ((target->stubs != 0 &&
         (keys_in_use ? !code_admit(target->stubs, size)
                      : SYS3(__NR_mprotect, target->stubs, size, PROT_READ | PROT_EXEC) != 0)) ||
        !memory_protect(target->start, target->length, protection, KEY_APP)) {
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
        set_data_aside(&target, &plan);
        apply_plan(&target, &plan, protection);
    }
    if (channel_is_open()) {
        report_module(&target, fd, &plan);
    }
    plan_release(&plan);
}
