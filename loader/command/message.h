/* What the command says when it cannot go on, and the statuses it ends with. */
#ifndef ENDORUN_COMMAND_MESSAGE_H
#define ENDORUN_COMMAND_MESSAGE_H

/* Those of env(1), nohup(1) and the shells. */
enum exit_status {
    STATUS_SETUP = 125,      /* usage, or endorun itself cannot start */
    STATUS_CANNOT_RUN = 126, /* PROGRAM was found and cannot be run */
    STATUS_NOT_FOUND = 127,
};

/*
 * Writes one line, "endorun: " and the formatted text, to descriptor 2 in one write, and exits.
 * Control bytes in the text (a newline in a file name, say) are shown as \xNN.
 */
__attribute__((format(printf, 2, 3), noreturn)) void die(enum exit_status status,
                                                         const char *format, ...);

/* The same line, and goes on. */
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);

/* Flushes standard output; a failure to write it is a failure of the command. */
void finish_standard_output(void);

#endif
