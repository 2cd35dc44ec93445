/* What a trace changes of the calls that it sees: part of the session (session.h). */
#ifndef ENDORUN_INJECTION_H
#define ENDORUN_INJECTION_H

#include <stdint.h>

#define ENDORUN_TRACE_CALLS 512U /* numbers of calls that can be traced and changed */
/* Numbers that no call has share the last bit of what is traced. */
static inline uint32_t endorun_trace_bit(uint32_t number)
{
    return number < ENDORUN_TRACE_CALLS ? number : ENDORUN_TRACE_CALLS - 1;
}

#define ENDORUN_INJECTIONS_MAX 16U
#define ENDORUN_INJECTED_CALLS 64U /* numbers that injections are for */

/* What is done to a call in the program's place, and to which of a thread's calls of a number. */
struct endorun_injection {
    int64_t result;                     /* where .gives_result is 1; a negative errno is an error */
    uint64_t delay_before, delay_after; /* microseconds; 0: none */
    uint32_t first, last, step;         /* the first call is 1; step is at least 1 */
    uint16_t gives_result;              /* 1: the call is not made */
    uint16_t signal;                    /* sent to the thread when the call is over; 0: none */
};

/* Injections by call. A number has a place among those that are changed, and an injection. */
struct endorun_injections {
    uint8_t place_of_call[ENDORUN_TRACE_CALLS];         /* 1 and up; 0: left alone */
    uint8_t injection_of_place[ENDORUN_INJECTED_CALLS]; /* index */
    uint32_t made[ENDORUN_INJECTED_CALLS]; /* by place: calls that the thread made before exec */
    struct endorun_injection injections[ENDORUN_INJECTIONS_MAX];
};

#endif
