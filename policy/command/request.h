/* A system call as `endorun policy test` is given it: `openat(AT_FDCWD, "/etc/hosts", O_RDONLY)`.
 */
#ifndef ENDORUN_POLICY_COMMAND_REQUEST_H
#define ENDORUN_POLICY_COMMAND_REQUEST_H

#include <stdint.h>

#define REQUEST_ARGUMENTS 6U

struct request {
    uint32_t number;
    uint64_t registers[REQUEST_ARGUMENTS]; /* of strings and of what was left out: 0 */
    /* What is written in quotes, without its escapes: a path, or the address of a socket. */
    char *strings[REQUEST_ARGUMENTS];
};

/*
 * Reads one. Numbers are decimal, octal or hexadecimal; constants of the system's headers have
 * their names, and `|` joins them; a descriptor where a path begins may be left out, and so may
 * arguments at the end. What is wrong ends the command.
 */
void request_read(const char *text, struct request *request);

#endif
