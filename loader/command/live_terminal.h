/*
 * The terminal that --live draws on, by the control sequences of ECMA-48 and xterm that all
 * terminals of today know: curses would bring terminfo into a static executable for six of them.
 */
#ifndef ENDORUN_COMMAND_LIVE_TERMINAL_H
#define ENDORUN_COMMAND_LIVE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

struct live_terminal {
    int fd; /* an open file of its own, which does not block: others' do as they did */
    dev_t device;
    bool is_up; /* the view is on it */
    struct termios before, during;
};

/* A screen on its way to the terminal. All zero: there is none. */
struct live_frame {
    char *bytes;
    size_t size, written;
};

/* The terminal of standard output. Ends the command where there is none, or none for keys. */
void live_terminal_open(struct live_terminal *terminal);

/* Whether a descriptor is this terminal. */
bool live_terminal_is(const struct live_terminal *terminal, int fd);

/* Whether this process is in its foreground: else it is others' to draw on and to read from. */
bool live_terminal_is_ours(const struct live_terminal *terminal);

/* Puts up an empty screen. False: the terminal takes nothing now. */
bool live_terminal_enter(struct live_terminal *terminal);

/*
 * Gives back what was there before. Modes that somebody else has set meanwhile stay. Waits for a
 * terminal that takes nothing.
 */
void live_terminal_leave(struct live_terminal *terminal);

void live_terminal_measure(const struct live_terminal *terminal, unsigned *lines,
                           unsigned *columns);

/* What was typed, without waiting: the number of bytes. */
size_t live_terminal_read(const struct live_terminal *terminal, unsigned char *bytes, size_t room);

/*
 * Makes a frame of lines, the `head`th in reverse video, in the place of one that has been written.
 * Ends the command where there is no memory.
 */
void live_frame_make(struct live_frame *frame, const char *lines, unsigned head);

/* Writes what the terminal takes now. True: the frame is there, or there is none. */
bool live_frame_write(struct live_frame *frame, const struct live_terminal *terminal);

/* Forgets it. */
void live_frame_drop(struct live_frame *frame);

/* All of it, waiting where need be. False: the terminal is gone. */
bool live_terminal_write(const struct live_terminal *terminal, const char *bytes, size_t size);

#endif
