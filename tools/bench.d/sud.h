/*
 * The floor: Syscall User Dispatch armed by the program on itself, so that every call is let
 * through. It is what the kernel charges any monitor built on SUD before that monitor has run one
 * instruction of its own.
 */
#ifndef BENCH_SUD_H
#define BENCH_SUD_H

enum sud_form {
    SUD_OFF,
    SUD_RANGE,    /* the always-allowed range covers the address space; no selector is read */
    SUD_SELECTOR, /* the range is empty; the kernel reads a selector byte that says ALLOW */
};

/* Chooses the form for this process. To be called before the first thread or child. */
void sud_choose(enum sud_form form);

/*
 * Arms the calling thread in the chosen form. The kernel disarms new threads and processes, so
 * each arms itself as its first action, as it would under any monitor built on SUD.
 */
void sud_arm_thread(void);

#endif
