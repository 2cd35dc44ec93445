/*
 * The instructions by which a program could get the monitor's rights or a false thread block, known
 * by their bytes. No page may be executable for the program while it holds one unchecked, at any
 * byte offset. For freestanding and hosted code alike.
 *
 *   kind     writes       bytes from the opcode on          Intel SDM, volume 2, section
 *   WRPKRU   PKRU         0F 01 EF                          WRPKRU
 *   XRSTOR   PKRU         0F AE /5, memory                  XRSTOR
 *   XRSTORS  PKRU         0F C7 /3, memory                  XRSTORS
 *   WRGSBASE GS base      F3 .. 0F AE /3, register          WRFSBASE/WRGSBASE
 *   MOV_GS   GS selector  8E /5                             MOV (8E /r, move r/m16 to Sreg)
 *   POP_GS   GS selector  0F A9                             POP (0F A9, POP GS)
 *   LGS      GS selector  0F B5 /r, memory                  LDS/LES/LFS/LGS/LSS
 *
 * Each opcode behind 0F has a form with REX2 (Intel APX Architecture Specification, "REX2 Prefix"):
 * D5 and a payload whose bit 7 stands for the 0F. It is the last prefix, so the opcode follows. The
 * specification has REX2 with XRSTOR and XRSTORS raise #UD; a match costs little and trusts nobody.
 *
 * A match begins at the opcode (at D5 with REX2), whatever prefixes stand before. Most change
 * nothing (REX.W, the address size, segments); those that do (66, F2 and F3 where the manual says
 * NP) are not relied on: what they make of the opcode differs between processors. WRGSBASE alone
 * is told apart by a prefix, since 0F AE /3 without F3 is no instruction on any.
 *
 * XRSTORS raises #GP outside ring 0. The three that load a selector set the base that the
 * descriptor names: 0 for every selector that a program can have while it has no LDT and no
 * descriptor by set_thread_area().
 */
#ifndef ENDORUN_UNSAFE_INSTRUCTIONS_H
#define ENDORUN_UNSAFE_INSTRUCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Append only. */
enum endorun_unsafe_kind {
    ENDORUN_UNSAFE_NONE,
    ENDORUN_UNSAFE_WRPKRU,
    ENDORUN_UNSAFE_XRSTOR,
    ENDORUN_UNSAFE_XRSTORS,
    ENDORUN_UNSAFE_WRGSBASE,
    ENDORUN_UNSAFE_MOV_GS,
    ENDORUN_UNSAFE_POP_GS,
    ENDORUN_UNSAFE_LGS,
    ENDORUN_UNSAFE_COUNT,
};

/*
 * How far a match reaches. What lies across the border of two pages is seen only by a scan that has
 * both, when the later of them becomes executable: its last SIZE_MAX - 1 bytes may begin a match
 * that goes on in the next page, and a prefix may stand PREFIX_MAX bytes before.
 */
#define ENDORUN_UNSAFE_SIZE_MAX   4U  /* D5, payload, opcode, ModRM */
#define ENDORUN_UNSAFE_SIZE_MIN   3U  /* of those that are refused: 0F, opcode, ModRM */
#define ENDORUN_UNSAFE_PREFIX_MAX 12U /* before 0F AE and ModRM: 15 bytes together */

#define ENDORUN_UNSAFE_ESCAPE  0x0fU
#define ENDORUN_UNSAFE_REX2    0xd5U
#define ENDORUN_UNSAFE_REX2_M0 0x80U /* payload bit: the opcode is one of those behind 0F */

/* Prefixes or the opcode may follow the byte. REX counts: a prefix behind it voids it. */
static inline bool endorun_unsafe_is_prefix(uint8_t byte)
{
    switch (byte) {
    case 0x26: /* ES, CS, SS, DS */
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64: /* FS, GS */
    case 0x65:
    case 0x66: /* operand size, address size */
    case 0x67:
    case 0xf0: /* LOCK, REPNE, REP */
    case 0xf2:
    case 0xf3:
        return true;
    default:
        return (byte & 0xf0) == 0x40;
    }
}

/*
 * Some decoding has F3 among the prefixes of the opcode at `at`. All bytes between must be
 * prefixes, so the search is exact: it ends at the first that is none. Where it comes to the
 * beginning of what is known, F3 may stand before that, and counts as there.
 */
static inline bool endorun_unsafe_has_f3(const uint8_t *bytes, size_t at)
{
    for (size_t i = 1; i <= ENDORUN_UNSAFE_PREFIX_MAX; i++) {
        if (i > at || bytes[at - i] == 0xf3)
            return true;
        if (!endorun_unsafe_is_prefix(bytes[at - i]))
            return false;
    }
    return false;
}

/* By the opcode behind 0F. `rest` bytes of `opcode` are there. */
static inline enum endorun_unsafe_kind endorun_unsafe_two_byte(const uint8_t *opcode, size_t rest)
{
    bool memory;
    unsigned reg;

    if (rest >= 1 && opcode[0] == 0xa9)
        return ENDORUN_UNSAFE_POP_GS;
    if (rest < 2)
        return ENDORUN_UNSAFE_NONE;
    memory = opcode[1] < 0xc0; /* ModRM: mod is not 3 */
    reg = opcode[1] >> 3 & 7U;
    switch (opcode[0]) {
    case 0x01:
        return opcode[1] == 0xef ? ENDORUN_UNSAFE_WRPKRU : ENDORUN_UNSAFE_NONE;
    case 0xae:
        if (memory && reg == 5)
            return ENDORUN_UNSAFE_XRSTOR;
        return !memory && reg == 3 ? ENDORUN_UNSAFE_WRGSBASE : ENDORUN_UNSAFE_NONE;
    case 0xb5:
        return memory ? ENDORUN_UNSAFE_LGS : ENDORUN_UNSAFE_NONE;
    case 0xc7:
        return memory && reg == 3 ? ENDORUN_UNSAFE_XRSTORS : ENDORUN_UNSAFE_NONE;
    default:
        return ENDORUN_UNSAFE_NONE;
    }
}

/*
 * The kind whose opcode (or REX2) begins at bytes[at]. Of `bytes`, `size` are known. One that goes
 * on behind them is not reported.
 */
static inline enum endorun_unsafe_kind endorun_unsafe_at(const uint8_t *bytes, size_t size,
                                                         size_t at)
{
    const size_t rest = size - at;
    enum endorun_unsafe_kind kind = ENDORUN_UNSAFE_NONE;

    if (rest < 2)
        return ENDORUN_UNSAFE_NONE;
    if (bytes[at] == ENDORUN_UNSAFE_ESCAPE)
        kind = endorun_unsafe_two_byte(bytes + at + 1, rest - 1);
    else if (bytes[at] == ENDORUN_UNSAFE_REX2 && (bytes[at + 1] & ENDORUN_UNSAFE_REX2_M0) != 0)
        kind = endorun_unsafe_two_byte(bytes + at + 2, rest - 2);
    else if (bytes[at] == 0x8e && (bytes[at + 1] >> 3 & 7U) == 5)
        kind = ENDORUN_UNSAFE_MOV_GS;
    if (kind == ENDORUN_UNSAFE_WRGSBASE && !endorun_unsafe_has_f3(bytes, at))
        kind = ENDORUN_UNSAFE_NONE;
    return kind;
}

/*
 * Those that may not become executable with protection keys. The others fault outside ring 0, or
 * load a GS selector: its base is 0, where the program can map nothing.
 */
static inline bool endorun_unsafe_is_refused(enum endorun_unsafe_kind kind)
{
    return kind == ENDORUN_UNSAFE_WRPKRU || kind == ENDORUN_UNSAFE_XRSTOR ||
           kind == ENDORUN_UNSAFE_WRGSBASE;
}

/* Bytes of a match of that kind that begins with `first`. */
static inline unsigned endorun_unsafe_size(enum endorun_unsafe_kind kind, uint8_t first)
{
    const unsigned size = kind == ENDORUN_UNSAFE_POP_GS || kind == ENDORUN_UNSAFE_MOV_GS ? 2U : 3U;

    return first == ENDORUN_UNSAFE_REX2 ? size + 1U : size;
}

#endif
