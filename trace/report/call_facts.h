/* What the one table of system calls (policy/syscalls.def) says of a call, by its name. */
#ifndef ENDORUN_REPORT_CALL_FACTS_H
#define ENDORUN_REPORT_CALL_FACTS_H

#include "entry.h"

#define GROUP_LIMIT 32U

/* What a result says that is a number of bytes. */
enum transfer {
    TRANSFER_NONE,
    TRANSFER_READ,      /* from the object */
    TRANSFER_WRITTEN,   /* to it */
    TRANSFER_FROM_NEXT, /* from the second object to the first */
    TRANSFER_TO_NEXT,   /* from the first to the second */
};

struct call_facts {
    uint8_t group; /* a family of the table; that of unassigned numbers: the name is in no line */
    uint8_t transfer;
    bool creates; /* the result is the ID of a new thread or process */
    bool executes;
};

struct call_facts call_facts(struct text name);

/* One more than the highest group. */
unsigned group_limit(void);

/* The group's name, in lower case, as -e trace=%NAME takes it. */
#define GROUP_NAME_SIZE 32U
void group_name(unsigned group, char name[GROUP_NAME_SIZE]);

#endif
