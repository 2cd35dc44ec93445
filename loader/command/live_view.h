/*
 * --live: a view of the calls while they are made, on the terminal. Draws when it is asked to and
 * never waits for the terminal, but when the view ends.
 */
#ifndef ENDORUN_COMMAND_LIVE_VIEW_H
#define ENDORUN_COMMAND_LIVE_VIEW_H

#include <stddef.h>

#include "channel_reader.h"
#include "traced_calls.h"

/* What the user asks for. */
enum live_request { LIVE_REQUEST_NONE, LIVE_REQUEST_INTERRUPT, LIVE_REQUEST_KILL };

struct live_view;

/*
 * A view of these calls, of a run of that command. Ends the command where there is no terminal, or
 * no memory.
 */
struct live_view *live_view_create(struct traced_calls *calls, char *const *command);

/*
 * With every signal blocked, before the program's process is made: from here on neither has the
 * terminal as its standard input, output and error, and it is put right when this process is gone.
 */
void live_view_take_terminal(struct live_view *view);

/* The descriptors that it needs: their number. */
#define LIVE_DESCRIPTORS 3U
void live_view_descriptors(const struct live_view *view, int descriptors[LIVE_DESCRIPTORS]);

/* After each look at the records: reads keys and draws, if it is time. */
enum live_request live_view_update(struct live_view *view, const struct channel_reader *channel);

/* This process is about to stop: the terminal is given back until the next update. */
void live_view_suspend(struct live_view *view);

/* Gives the terminal back, and shows what the program has written. */
void live_view_end(struct live_view *view);

#endif
