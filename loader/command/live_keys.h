/* What is typed at --live. */
#ifndef ENDORUN_COMMAND_LIVE_KEYS_H
#define ENDORUN_COMMAND_LIVE_KEYS_H

#include <stdbool.h>

/* A character stands for itself. */
enum live_key {
    LIVE_KEY_NONE = 0,
    LIVE_KEY_UP = 256,
    LIVE_KEY_DOWN,
    LIVE_KEY_PAGE_UP,
    LIVE_KEY_PAGE_DOWN,
    LIVE_KEY_HOME,
    LIVE_KEY_END,
};

/* Between two bytes; all zero: before the first. */
struct live_keys {
    enum { LIVE_KEYS_PLAIN, LIVE_KEYS_ESCAPE, LIVE_KEYS_SEQUENCE, LIVE_KEYS_SINGLE } state;
    unsigned parameter; /* the first number of a control sequence */
    bool has_parameter; /* all of it has come */
};

/* The key that this byte completes, as int; LIVE_KEY_NONE: none, or none that has a name. */
int live_keys_take(struct live_keys *keys, unsigned char byte);

#endif
