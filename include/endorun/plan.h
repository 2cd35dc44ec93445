/*
 * The patch plan of one ELF file: every `syscall` instruction in its executable segments, and how
 * each is to be rewritten; with protection keys also instructions that are moved away, because
 * their bytes would be those of an unsafe one (endorun/unsafe_instructions.h), and data that has
 * such bytes. Written by the analyser (hosted, rewriter/analyse), stored in the plan cache,
 * validated and applied by the monitor (freestanding, rewriter/apply).
 *
 * A plan is untrusted input. The monitor believes no field: it compares the bytes named here with
 * the bytes it mapped, and generates all new code itself.
 *
 * Layout of a plan: struct endorun_plan, then site_count times struct endorun_plan_site, sorted by
 * strictly ascending offset. All integers little endian; no padding.
 *
 * Name of a plan in the cache directory: sixteen lower-case hexadecimal digits and ".plan". The
 * digits are FNV-1a with 64 bits (hash = 0xcbf29ce484222325; for each byte: hash ^= byte, hash *=
 * 0x100000001b3 modulo 2^64) over the bytes of .identity, then those of .build_id_size, then the
 * first .build_id_size bytes of .build_id.
 *
 * Checksum of a plan: the same, over 64-bit words in the place of bytes, from the plan's first word
 * to its last, the word .checksum counting as zero.
 *
 * Build ID of a file, which both sides look for alike: only the first ENDORUN_BUILD_ID_WITHIN bytes
 * are read. The program headers in them are taken in order, up to the first that does not fit; each
 * PT_NOTE that lies in them whole is searched, names and descriptions padded to 4 bytes, up to the
 * first note that does not fit. The first note of type NT_GNU_BUILD_ID, name "GNU" and at most
 * ENDORUN_BUILD_ID_MAX bytes is the build ID.
 */
#ifndef ENDORUN_PLAN_H
#define ENDORUN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#define ENDORUN_PLAN_MAGIC        0x6e616c706f646e65ULL /* "endoplan" */
#define ENDORUN_PLAN_VERSION      4U
#define ENDORUN_PLAN_MAX_SITES    65536U
#define ENDORUN_BUILD_ID_MAX      32U   /* bytes; GNU ld writes 20, lld 8 to 20 */
#define ENDORUN_BUILD_ID_WITHIN   1024U /* bytes at a file's beginning where it is looked for */
#define ENDORUN_PLAN_DISPLACE_MAX 16U   /* bytes a stub has room for */
#define ENDORUN_PLAN_MOVE_MIN     5U    /* bytes of a moved instruction: `jmp rel32` takes them */
#define ENDORUN_PLAN_MOVE_MAX     15U   /* bytes of any instruction */

/* How a site is rewritten. Values are stored: append only. */
enum endorun_tactic {
    ENDORUN_TACTIC_SUD = 0, /* left to Syscall User Dispatch; .reason says why */
    ENDORUN_TACTIC_PADDING =
        1, /* site becomes `jmp rel8` to dead padding; that becomes `jmp rel32` */
    ENDORUN_TACTIC_PRECEDING =
        2, /* `jmp rel32` is written into an instruction before; site is kept */
    ENDORUN_TACTIC_COUNT,
    ENDORUN_TACTIC_MOVED = 64,     /* no site: the instruction at .offset runs in a stub */
    ENDORUN_TACTIC_REENCODED = 65, /* no site: the instruction at .offset has other bytes */
    ENDORUN_TACTIC_DATA = 66,      /* no site: pages from .offset on that need not be executable */
};

/* Why a site is left to SUD. Values are stored: append only. */
enum endorun_sud_reason {
    ENDORUN_REASON_NONE = 0,
    ENDORUN_REASON_SIGRETURN = 1,     /* unwinders recognise the bytes of rt_sigreturn's restorer */
    ENDORUN_REASON_NO_FDE = 2,        /* no unwind information or function symbol covers it */
    ENDORUN_REASON_NO_ROOM = 3,       /* no dead padding in reach, nothing displaceable before */
    ENDORUN_REASON_NOT_DECODED = 4,   /* not proven to be an instruction: may be data in text */
    ENDORUN_REASON_BRANCH_TARGET = 5, /* room was there, but something refers into it */
    ENDORUN_REASON_COUNT
};

/*
 * What says that a file is still the one that was analysed. All fields as statx(2) gives them.
 * A change of content changes ctime, which no unprivileged process can set back.
 */
struct endorun_file_identity {
    uint64_t device; /* st_dev, as newfstatat(2) encodes it */
    uint64_t inode;
    uint64_t size;     /* bytes */
    uint64_t mtime_ns; /* nanoseconds since the epoch, modulo 2^64 */
    uint64_t ctime_ns;
};

struct endorun_plan {
    uint64_t magic;
    uint32_t version;
    uint32_t size;     /* bytes of the whole plan, this header included */
    uint64_t checksum; /* FNV-1a's step for each 64-bit word of the plan, this field as zero */
    struct endorun_file_identity identity;
    uint8_t build_id[ENDORUN_BUILD_ID_MAX]; /* unused bytes are zero */
    uint32_t build_id_size;                 /* bytes; 0: the file has none */
    uint32_t site_count;
};

/*
 * REENCODED is `add %ebp,%edi`: 01 EF, which behind 0F or REX2 reads as WRPKRU, becomes 03 FD,
 * which means the same.
 *
 * Of a MOVED entry .displaced, .rip_relative and .original describe the instruction: its bytes, and
 * the displacement in them that is changed with the place. It is one that endorun_plan_is_movable()
 * knows.
 *
 * DATA names whole pages of the file that no executable section lies in. Such an entry can make
 * less of the file executable than was asked for, and never more.
 *
 * PRECEDING displaces one instruction or several, contiguous, up to the site: they run in the stub,
 * byte for byte but for the disp32. The first is long enough for the jump; the bytes of the others
 * stay in their place. So the address A + k in the original stands for the address C + k in the
 * copy, and when k is the start of the second instruction or a later one, the original may as well
 * be resumed: it leads to the `syscall`, which is caught by SUD.
 */
struct endorun_plan_site {
    uint64_t offset;      /* file offset of the `syscall` instruction (0F 05), or the cured one */
    uint8_t tactic;       /* enum endorun_tactic */
    uint8_t reason;       /* enum endorun_sud_reason */
    int8_t slot;          /* PADDING: the rel8: slot address minus (site address + 2) */
    uint8_t displaced;    /* PRECEDING: bytes displaced, they end where the site begins */
    uint8_t rip_relative; /* offset in them of the one RIP-relative disp32, or 0 */
    uint8_t reserved[3];  /* zero */
    union {
        uint8_t original[ENDORUN_PLAN_DISPLACE_MAX]; /* the displaced bytes, or the 5 slot bytes */
        uint64_t data_size;                          /* DATA: bytes */
    };
};

/* The entry is for protection keys only, and no system call site. */
static inline bool endorun_plan_is_cure(const struct endorun_plan_site *site)
{
    return site->tactic == ENDORUN_TACTIC_MOVED || site->tactic == ENDORUN_TACTIC_REENCODED ||
           site->tactic == ENDORUN_TACTIC_DATA;
}

/* A call that a stub imitates: E8, 67 E8 (what linkers make of a call through memory), FF /2. */
static inline bool endorun_plan_is_call(const uint8_t *code, unsigned size, unsigned field)
{
    return (size == 5 && field == 1 && code[0] == 0xe8) ||
           (size == 6 && field == 2 &&
            ((code[0] == 0x67 && code[1] == 0xe8) || (code[0] == 0xff && code[1] == 0x15)));
}

/*
 * An instruction of `size` bytes whose displacement is at `field` does the same elsewhere when the
 * displacement is adjusted: a call as above, a jump, or one with a RIP-relative operand and an
 * immediate of 0 to 4 bytes behind. Prefixes and opcode are not looked at.
 */
static inline bool endorun_plan_is_movable(const uint8_t *code, unsigned size, unsigned field)
{
    unsigned immediate;

    if (size < ENDORUN_PLAN_MOVE_MIN || size > ENDORUN_PLAN_MOVE_MAX || field == 0 ||
        field + 4 > size)
        return false;
    if (endorun_plan_is_call(code, size, field))
        return true;
    immediate = size - field - 4;
    if (field == 1)
        return immediate == 0 && code[0] == 0xe9;
    if (field == 2 && immediate == 0 && code[0] == 0x0f && (code[1] & 0xf0) == 0x80)
        return true;
    return (code[field - 1] & 0xc7) == 0x05 && (immediate <= 2 || immediate == 4) &&
           !(code[field - 2] == 0xff && (code[field - 1] & 0x30) == 0x10); /* another call */
}

_Static_assert(sizeof(struct endorun_plan) == 104, "stored format");
_Static_assert(sizeof(struct endorun_plan_site) == 32, "stored format");

#endif
