/* What the signal torture's program and its tracer agree on. */
#ifndef DIFFERENTIAL_TORTURE_H
#define DIFFERENTIAL_TORTURE_H

/* RAX at an `int3` that speaks to the tracer. */
#define MARKER_MASK  0xffffffffffffff00ULL
#define MARKER_MAGIC 0x746f727475726500ULL
#define MARKER_START (MARKER_MAGIC + 1) /* RSI: the scene's name */
#define MARKER_END   (MARKER_MAGIC + 2) /* RSI: a torture_count; answered in RAX: once more? */

/* In memory, not in registers: a signal may come after these were loaded. */
struct torture_count {
    int handled, value;
};

#define TORTURE_SIGNAL   44
#define SCENE_NAME_BYTES 64

#endif
