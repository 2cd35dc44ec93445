#include "module.h"
#include "../../monitor/code.h"
#include "../../monitor/gate.h"
#include "../../monitor/keys.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"

#define MODULES_MAX 4096

/* Written under the lock; read without it by signal handlers, which an entry in change misses. */
static struct module modules[MODULES_MAX];
static uint32_t module_count;
int32_t modules_lock;

static struct stub *stubs_of(const struct module *module)
{
    return (struct stub *)(module->stubs + sizeof(struct stub_header));
}

/* For each stub its slot, relative to the text; ~0: it has none. */
static const uint32_t *slots_of(const struct module *module)
{
    return (const uint32_t *)(stubs_of(module) + module->count);
}

/*
 * Where the displaced bytes of the stub at `at` end in the text; without any, its site. Of copies:
 * the program can change the access to stubs, and then the stubs.
 */
static uint64_t displaced_end(uint64_t at, const struct stub *stub)
{
    if (stub_is_call(stub)) {
        struct call_stub call;
        memcpy(&call, stub, sizeof call);
        return (uint64_t)call.high << 32 | call.low;
    }
    return at + STUB_LEA_END + (uint64_t)(int64_t)stub->site -
           (stub->tactic == ENDORUN_TACTIC_MOVED ? 0 : 2);
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
    return rip >= (uint64_t)stubs_of(module) && index < module->count ? &stubs_of(module)[index]
                                                                      : 0;
}

/* The stub whose padding slot begins at `rip`, or NULL. */
static const struct stub *stub_of_slot(const struct module *module, uint64_t rip)
{
    uint64_t offset = rip - module->base;
    const uint32_t *slots = slots_of(module);
    for (uint32_t i = 0; i < module->count; i++) {
        if (slots[i] == offset) {
            return &stubs_of(module)[i];
        }
    }
    return 0;
}

bool module_roll(struct sigcontext *registers)
{
    uint64_t rip = registers->rip;
    const struct module *module = find_module(rip);
    if (module == 0) {
        return false;
    }
    bool in_stubs = rip - module->stubs < module->stubs_size;
    const struct stub *at = in_stubs ? stub_at(module, rip) : stub_of_slot(module, rip);
    if (at == 0) {
        return false;
    }
    struct stub stub;
    memcpy(&stub, at, sizeof stub);
    uint64_t offset = in_stubs ? rip - (uint64_t)at : ENDORUN_PLAN_DISPLACE_MAX;
    registers->rip = displaced_end((uint64_t)at, &stub);
    if (stub_is_call(&stub)) {
        registers->rip -= stub.displaced_size;
        registers->rsp += offset >= CALL_STUB_PUSHED ? sizeof(uint64_t) : 0;
    } else if (offset < ENDORUN_PLAN_DISPLACE_MAX) {
        registers->rip -= ENDORUN_PLAN_DISPLACE_MAX - offset;
    }
    return true;
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
    if (stub == 0 || stub->tactic == ENDORUN_TACTIC_MOVED) {
        return true; /* a moved instruction's step ends where it leads to */
    }
    /* Behind each displaced instruction, the last too, the program has made a step of its own. */
    uint64_t offset = rip - (uint64_t)stub;
    return offset > ENDORUN_PLAN_DISPLACE_MAX ||
           offset <= (uint64_t)ENDORUN_PLAN_DISPLACE_MAX - stub->displaced_size;
}

/* What a moved call was. */
static void write_call(uint8_t *code, uint64_t at, const struct stub *stub)
{
    struct call_stub call;
    memcpy(&call, stub, sizeof call);
    bool indirect = call.jmp[0] == 0xff;
    int32_t displacement =
        call.target + (int32_t)(at + CALL_STUB_JMP_END - displaced_end(at, stub));
    code[0] = indirect ? 0xff : 0x67;
    code[call.displaced_size - 5U] = indirect ? 0x15 : 0xe8;
    memcpy(code + call.displaced_size - sizeof displacement, &displacement, sizeof displacement);
}

/* The bytes that the stub at `at`, whose displaced ones ended at `end`, stands for. */
static void write_original(uint8_t *code, uint64_t at, const struct stub *stub, uint64_t end)
{
    uint64_t copy = at + ENDORUN_PLAN_DISPLACE_MAX;
    if (stub_is_call(stub)) {
        write_call(code, at, stub);
        return;
    }
    memcpy(code, stub->displaced + ENDORUN_PLAN_DISPLACE_MAX - stub->displaced_size,
           stub->displaced_size);
    if (stub->rip_relative != 0) {
        int32_t displacement;
        memcpy(&displacement, code + stub->rip_relative, sizeof displacement);
        displacement += (int32_t)(copy - end);
        memcpy(code + stub->rip_relative, &displacement, sizeof displacement);
    }
}

/* Only where our own jump stands: the program may have written something else there. */
static void restore_site(const struct module *module, const struct stub *at)
{
    struct stub stub;
    memcpy(&stub, at, sizeof stub);
    uint64_t end = displaced_end((uint64_t)at, &stub);
    uint64_t start = end - stub.displaced_size;
    uint8_t original[ENDORUN_PLAN_DISPLACE_MAX];
    uint8_t *code = (uint8_t *)start;
    uint64_t site_size = stub.tactic == ENDORUN_TACTIC_MOVED ? 0 : 2;
    if (start < module->text_start || end > module->text_end - site_size || end < start ||
        stub.displaced_size > sizeof original || stub.rip_relative > sizeof original - 4) {
        return;
    }
    if (stub.tactic == ENDORUN_TACTIC_PADDING) {
        static const uint8_t syscall_bytes[2] = {0x0f, 0x05};
        if (code[0] == 0xeb && stub_of_slot(module, end + 2 + (uint64_t)(int8_t)code[1]) == at) {
            memcpy(code, syscall_bytes, sizeof syscall_bytes);
        }
        return;
    }
    int32_t jump;
    if (stub.displaced_size < 5) {
        return;
    }
    memcpy(&jump, code + 1, sizeof jump);
    if (code[0] == 0xe9 && start + 5 + (uint64_t)(int64_t)jump == stub_entry((uint64_t)at, &stub)) {
        write_original(original, (uint64_t)at, &stub, end);
        memcpy(code, original, stub.displaced_size);
    }
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
        monitor_unmap(stubs, module->stubs_size);
        if (keys_in_use) {
            code_forget(stubs, module->stubs_size);
        }
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

/* The text is writable. */
static void put_back(struct module *module)
{
    const struct stub *stubs = stubs_of(module);
    for (uint32_t i = 0; i < module->count; i++) {
        restore_site(module, &stubs[i]);
    }
    drop(module, false);
}

void modules_abandon(uint64_t start, uint64_t length)
{
    lock_acquire(&modules_lock);
    for (uint32_t i = 0; i < module_count; i++) {
        if (overlaps(&modules[i], start, start + length)) {
            put_back(&modules[i]);
        }
    }
    lock_release(&modules_lock);
}

void modules_restore(uint64_t start, uint64_t length)
{
    uint64_t end = start + round_up(length, PAGE_SIZE);
    lock_acquire(&modules_lock);
    for (uint32_t i = 0; i < module_count; i++) {
        struct module *module = &modules[i];
        length = module->text_end - module->text_start;
        if (!overlaps(module, start, end) ||
            !memory_protect(module->text_start, length, PROT_READ | PROT_WRITE, KEY_MONITOR)) {
            continue;
        }
        uint64_t text = module->text_start;
        put_back(module);
        if (!keys_in_use) {
            SYS3(__NR_mprotect, text, length, PROT_READ | PROT_EXEC);
            continue;
        }
        code_close(text, length);
        /* A copy: the program may have made some of it writable, or mapped something else there. */
        if (code_protect(text, length, PROT_READ | PROT_EXEC) != 0) {
            memory_protect(text, length, PROT_READ, KEY_APP);
        }
    }
    lock_release(&modules_lock);
}
