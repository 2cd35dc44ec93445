/*
 * The patch plan of one ELF file: every `syscall` instruction in its executable segments, and how
 * each is to be rewritten. Written by the analyser (hosted, rewriter/analyse), stored in the plan
 * cache, validated and applied by the monitor (freestanding, rewriter/apply).
 *
 * A plan is untrusted input. The monitor believes no field: it compares the bytes named here with
 * the bytes it mapped, and generates all new code itself.
 *
 * Layout of a plan: struct endorun_plan, then site_count times struct endorun_plan_site, sorted by
 * strictly ascending offset. All integers little endian; no padding.
 */
#ifndef ENDORUN_PLAN_H
#define ENDORUN_PLAN_H

#include <stdint.h>

#define ENDORUN_PLAN_MAGIC        0x6e616c706f646e65ULL /* "endoplan" */
#define ENDORUN_PLAN_VERSION      1U
#define ENDORUN_PLAN_MAX_SITES    65536U
#define ENDORUN_BUILD_ID_MAX      32U /* bytes; GNU ld writes 20, lld 8 to 20 */
#define ENDORUN_PLAN_DISPLACE_MAX 16U /* bytes a stub has room for */

/* How a site is rewritten. Values are stored: append only. */
enum endorun_tactic {
    ENDORUN_TACTIC_SUD = 0,       /* left to Syscall User Dispatch; .reason says why */
    ENDORUN_TACTIC_PADDING = 1,   /* site becomes `jmp rel8` to dead padding; that becomes `jmp rel32` */
    ENDORUN_TACTIC_PRECEDING = 2, /* instruction right before becomes `jmp rel32`; site is kept */
    ENDORUN_TACTIC_COUNT
};

/* Why a site is left to SUD. Values are stored: append only. */
enum endorun_sud_reason {
    ENDORUN_REASON_NONE = 0,
    ENDORUN_REASON_SIGRETURN = 1,     /* unwinders recognise the bytes of rt_sigreturn's restorer */
    ENDORUN_REASON_NO_FDE = 2,        /* no unwind information covers it: may be data in text */
    ENDORUN_REASON_NO_ROOM = 3,       /* no dead padding in reach, nothing displaceable before */
    ENDORUN_REASON_NOT_DECODED = 4,   /* the bytes are not an instruction of the linear sweep */
    ENDORUN_REASON_BRANCH_TARGET = 5, /* room was there, but a known branch enters it */
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

struct endorun_plan_site {
    uint64_t offset;       /* file offset of the `syscall` instruction (0F 05) */
    uint8_t tactic;        /* enum endorun_tactic */
    uint8_t reason;        /* enum endorun_sud_reason */
    int8_t slot;           /* PADDING: the rel8: slot address minus (site address + 2) */
    uint8_t displaced;     /* PRECEDING: bytes displaced, they end where the site begins */
    uint8_t rip_relative;  /* PRECEDING: offset of the one RIP-relative disp32 in them, or 0 */
    uint8_t reserved[3];   /* zero */
    uint8_t original[ENDORUN_PLAN_DISPLACE_MAX]; /* the displaced bytes, or the 5 slot bytes */
};

_Static_assert(sizeof(struct endorun_plan) == 104, "stored format");
_Static_assert(sizeof(struct endorun_plan_site) == 32, "stored format");

#endif
