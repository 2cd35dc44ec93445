/* What the signal torture's program and its tracer agree on. */
#ifndef DIFFERENTIAL_TORTURE_H
#define DIFFERENTIAL_TORTURE_H

/* RAX at an `int3` that speaks to the tracer; RSI points to the scene. */
#define MARKER_MASK  0xffffffffffffff00ULL
#define MARKER_MAGIC 0x746f727475726500ULL
#define MARKER_START (MARKER_MAGIC + 1)
#define MARKER_END   (MARKER_MAGIC + 2) /* answered in RAX: play it once more? */

/*
 * Sent with the values 0, 1, 2... in each round: one that is kept back whenever it is blocked, and
 * one that the monitor never lets the kernel block.
 */
#define TORTURE_SIGNAL      44
#define TORTURE_SIGNAL_HELD SIGBUS
/* Beside the latter, and not counted: one that the monitor keeps while it is at work. */
#define TORTURE_COMPANION 45

struct torture_scene {
    char name[64];
    unsigned long text_start, text_end; /* the program's own */
    long signal;                        /* one of the two */
    long handled; /* signals in this round: the program counts them where the tracer can look */
};

#endif
