#include "module.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define MODULES_MAX 4096

/* Written under the lock; read without it by signal handlers, which an entry in change misses. */
static struct module modules[MODULES_MAX];
static uint32_t module_count;
int32_t modules_lock;

static struct stub_header *header_of(const struct module *module)
{
    return (struct stub_header *)module->stubs;
}

static struct stub *stubs_of(const struct module *module)
{
    return (struct stub *)(module->stubs + sizeof(struct stub_header));
}

/* For each stub its slot, relative to the text; ~0: it has none. */
static const uint32_t *slots_of(const struct module *module)
{
    return (const uint32_t *)(stubs_of(module) + header_of(module)->count);
}

static uint64_t site_of(const struct stub *stub)
{
    return (uint64_t)stub + STUB_LEA_END + (uint64_t)(int64_t)stub->site - 2;
}

/* Needs the lock. */
static bool insert(const struct module *module)
{
    for (uint32_t i = 0; i < MODULES_MAX; i++) {
        if (modules[i].stubs == 0) {
            uint64_t stubs = module->stubs;
            struct module entry = *module;
            entry.stubs = 0;
            modules[i] = entry;
            __atomic_store_n(&modules[i].stubs, stubs, __ATOMIC_RELEASE);
            if (i >= module_count) {
                __atomic_store_n(&module_count, i + 1, __ATOMIC_RELEASE);
            }
            return true;
        }
    }
    return false;
}

bool module_register(const struct module *module)
{
    lock_acquire(&modules_lock);
    bool done = insert(module);
    lock_release(&modules_lock);
    return done;
}

/* The module whose text or stubs hold `rip`, or NULL. */
static const struct module *find_module(uint64_t rip)
{
    uint32_t count = __atomic_load_n(&module_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        const struct module *module = &modules[i];
        uint64_t stubs = __atomic_load_n(&module->stubs, __ATOMIC_ACQUIRE);
        if (stubs != 0 && (rip - stubs < module->stubs_size ||
                           (rip >= module->text_start && rip < module->text_end))) {
            return module;
        }
    }
    return 0;
}

/* The stub whose code holds `rip`, or NULL. */
static const struct stub *stub_at(const struct module *module, uint64_t rip)
{
    uint64_t index = (rip - (uint64_t)stubs_of(module)) / sizeof(struct stub);
    return rip >= (uint64_t)stubs_of(module) && index < header_of(module)->count
               ? &stubs_of(module)[index]
               : 0;
}

/* The stub whose padding slot begins at `rip`, or NULL. */
static const struct stub *stub_of_slot(const struct module *module, uint64_t rip)
{
    uint64_t offset = rip - module->base;
    const uint32_t *slots = slots_of(module);
    uint32_t count = header_of(module)->count;
    for (uint32_t i = 0; i < count; i++) {
        if (slots[i] == offset) {
            return &stubs_of(module)[i];
        }
    }
    return 0;
}

uint64_t module_address_shown(uint64_t rip)
{
    const struct module *module = find_module(rip);
    if (module == 0) {
        return rip;
    }
    if (rip - module->stubs < module->stubs_size) {
        const struct stub *stub = stub_at(module, rip);
        if (stub == 0) {
            return rip;
        }
        uint64_t offset = rip - (uint64_t)stub;
        return site_of(stub) -
               (offset < ENDORUN_PLAN_DISPLACE_MAX ? ENDORUN_PLAN_DISPLACE_MAX - offset : 0);
    }
    const struct stub *stub = stub_of_slot(module, rip);
    return stub != 0 ? site_of(stub) : rip;
}

bool module_hides_step(uint64_t rip)
{
    const struct module *module = find_module(rip);
    if (module == 0) {
        return false;
    }
    if (rip - module->stubs >= module->stubs_size) {
        return stub_of_slot(module, rip) != 0;
    }
    const struct stub *stub = stub_at(module, rip);
    if (stub == 0) {
        return true;
    }
    /* Behind each displaced instruction, the last too, the program has made a step of its own. */
    uint64_t offset = rip - (uint64_t)stub;
    return offset > ENDORUN_PLAN_DISPLACE_MAX ||
           offset <= (uint64_t)ENDORUN_PLAN_DISPLACE_MAX - stub->displaced_size;
}

/* Only where our own jump stands: the program may have written something else there. */
static void restore_site(const struct module *module, const struct stub *stub)
{
    const uint8_t *code = (const uint8_t *)site_of(stub);
    uint64_t site = (uint64_t)code;
    uint64_t copy = (uint64_t)stub + ENDORUN_PLAN_DISPLACE_MAX - stub->displaced_size;
    if (site - stub->displaced_size < module->text_start || site + 2 > module->text_end) {
        return;
    }
    if (stub->tactic == ENDORUN_TACTIC_PADDING) {
        static const uint8_t syscall_bytes[2] = {0x0f, 0x05};
        if (code[0] == 0xeb && stub_of_slot(module, site + 2 + (uint64_t)(int8_t)code[1]) == stub) {
            memcpy((void *)site, syscall_bytes, sizeof syscall_bytes);
        }
        return;
    }
    uint8_t original[ENDORUN_PLAN_DISPLACE_MAX];
    int32_t jump;
    memcpy(&jump, code - stub->displaced_size + 1, sizeof jump);
    if (code[-(int)stub->displaced_size] != 0xe9 ||
        site - stub->displaced_size + 5 + (uint64_t)(int64_t)jump != copy) {
        return;
    }
    memcpy(original, (const void *)copy, stub->displaced_size);
    if (stub->rip_relative != 0) {
        int32_t displacement;
        memcpy(&displacement, original + stub->rip_relative, sizeof displacement);
        displacement += (int32_t)(copy - (site - stub->displaced_size));
        memcpy(original + stub->rip_relative, &displacement, sizeof displacement);
    }
    memcpy((void *)(site - stub->displaced_size), original, stub->displaced_size);
}

static bool overlaps(const struct module *module, uint64_t start, uint64_t end)
{
    return module->stubs != 0 && module->text_start < end && module->text_end > start;
}

/*
 * No text of the module is left. An entry without text still tells what its stubs stand for: behind
 * `text_end` 0 lies nothing.
 */
static void drop(struct module *module, bool keep_stubs)
{
    uint64_t stubs = module->stubs;
    if (keep_stubs || module->split) {
        module->text_end = 0;
    } else {
        __atomic_store_n(&module->stubs, 0, __ATOMIC_RELEASE);
        SYS2(__NR_munmap, stubs, module->stubs_size);
    }
}

static void cut(uint64_t start, uint64_t end, bool keep_stubs)
{
    uint32_t count = module_count;
    for (uint32_t i = 0; i < count; i++) {
        struct module *module = &modules[i];
        if (!overlaps(module, start, end)) {
            continue;
        }
        bool before = module->text_start < start;
        bool behind = module->text_end > end;
        if (before && behind) {
            struct module rest = *module;
            rest.text_start = end;
            rest.split = module->split = true;
            module->text_end = start;
            insert(&rest);
        } else if (before) {
            module->text_end = start;
        } else if (behind) {
            module->text_start = end;
        } else {
            drop(module, keep_stubs);
        }
    }
}

void modules_cut(uint64_t start, uint64_t length, bool keep_stubs)
{
    if (module_count == 0) {
        return;
    }
    lock_acquire(&modules_lock);
    cut(start, start + round_up(length, PAGE_SIZE), keep_stubs);
    lock_release(&modules_lock);
}

static bool holds_text(uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < module_count; i++) {
        if (overlaps(&modules[i], start, end)) {
            return true;
        }
    }
    return false;
}

long modules_unmap(uint64_t start, uint64_t length)
{
    uint64_t end = start + round_up(length, PAGE_SIZE);
    lock_acquire(&modules_lock);
    bool known = holds_text(start, end);
    if (!known) {
        lock_release(&modules_lock);
    }
    long result = SYS2(__NR_munmap, start, length);
    if (known) {
        if (result == 0) {
            cut(start, end, false);
        }
        lock_release(&modules_lock);
    }
    return result;
}

void modules_restore(uint64_t start, uint64_t length)
{
    uint64_t end = start + round_up(length, PAGE_SIZE);
    lock_acquire(&modules_lock);
    for (uint32_t i = 0; i < module_count; i++) {
        struct module *module = &modules[i];
        length = module->text_end - module->text_start;
        if (!overlaps(module, start, end) ||
            SYS3(__NR_mprotect, module->text_start, length, PROT_READ | PROT_WRITE) != 0) {
            continue;
        }
        const struct stub *stubs = stubs_of(module);
        for (uint32_t j = 0; j < header_of(module)->count; j++) {
            restore_site(module, &stubs[j]);
        }
        SYS3(__NR_mprotect, module->text_start, length, PROT_READ | PROT_EXEC);
        drop(module, false);
    }
    lock_release(&modules_lock);
}
