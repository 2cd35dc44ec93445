#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "descriptors.h"
#include "live_terminal.h"
#include "message.h"

/* The alternate screen, no cursor, no new line where one is full; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[m\033[?7h\033[?25h\033[?1049l"

#define BEGIN_LINE "\033[%u;1H\033[2K"
#define REVERSE    "\033[7m"
#define NORMAL     "\033[m"

#define LINES_USUAL   24U
#define COLUMNS_USUAL 80U

static bool device_of(int fd, dev_t *device)
{
    unsigned number;

    if (!isatty(fd) || ioctl(fd, TIOCGDEV, &number) != 0)
        return false;
    *device = number;
    return true;
}

bool live_terminal_is(const struct live_terminal *terminal, int fd)
{
    dev_t device;

    return device_of(fd, &device) && device == terminal->device;
}

/*
 * The second is out of reach where another user owns the terminal (su), the first where it is not
 * the controlling one.
 */
static int open_anew(const struct live_terminal *terminal)
{
    static const char paths[][16] = {"/dev/tty", "/proc/self/fd/1"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const int fd =
            move_above_standard(open(paths[i], O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));

        if (fd >= 0 && live_terminal_is(terminal, fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

void live_terminal_open(struct live_terminal *terminal)
{
    const char *type = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !device_of(STDOUT_FILENO, &terminal->device))
        die(STATUS_SETUP, "--live needs a terminal");
    if (type != NULL && strcmp(type, "dumb") == 0)
        die(STATUS_SETUP, "--live needs a terminal whose cursor moves, and TERM says that it is "
                          "dumb");
    terminal->fd = open_anew(terminal);
    if (terminal->fd < 0)
        die(STATUS_SETUP, "--live needs a terminal, and this one cannot be opened: %s",
            strerror(errno));
}

bool live_terminal_is_ours(const struct live_terminal *terminal)
{
    const pid_t foreground = tcgetpgrp(terminal->fd);

    return foreground == getpgrp() || (foreground < 0 && errno == ENOTTY);
}

/* Keys come one by one, unseen; those that send signals still do. */
bool live_terminal_enter(struct live_terminal *terminal)
{
    if (tcgetattr(terminal->fd, &terminal->before) != 0)
        return false;
    terminal->during = terminal->before;
    terminal->during.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    terminal->during.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
    terminal->during.c_cc[VMIN] = 1;
    terminal->during.c_cc[VTIME] = 0;
    terminal->is_up = true;
    if (write(terminal->fd, ENTER, strlen(ENTER)) <= 0) {
        terminal->is_up = false;
        return false;
    }
    tcsetattr(terminal->fd, TCSANOW, &terminal->during);
    tcgetattr(terminal->fd, &terminal->during); /* as the terminal has them */
    return true;
}

static bool are_equal(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
           a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof a->c_cc) == 0;
}

void live_terminal_leave(struct live_terminal *terminal)
{
    struct termios now;

    if (!terminal->is_up)
        return;
    live_terminal_write(terminal, LEAVE, strlen(LEAVE));
    if (tcgetattr(terminal->fd, &now) == 0 && are_equal(&now, &terminal->during))
        tcsetattr(terminal->fd, TCSANOW, &terminal->before);
    terminal->is_up = false;
}

void live_terminal_measure(const struct live_terminal *terminal, unsigned *lines, unsigned *columns)
{
    struct winsize size = {0};

    ioctl(terminal->fd, TIOCGWINSZ, &size);
    *lines = size.ws_row != 0 ? size.ws_row : LINES_USUAL;
    *columns = size.ws_col != 0 ? size.ws_col : COLUMNS_USUAL;
}

size_t live_terminal_read(const struct live_terminal *terminal, unsigned char *bytes, size_t room)
{
    const ssize_t got = read(terminal->fd, bytes, room);

    return got > 0 ? (size_t)got : 0;
}

bool live_terminal_write(const struct live_terminal *terminal, const char *bytes, size_t size)
{
    struct pollfd room = {.fd = terminal->fd, .events = POLLOUT};

    while (size > 0) {
        const ssize_t written = write(terminal->fd, bytes, size);

        if (written < 0 && errno == EAGAIN)
            poll(&room, 1, -1);
        else if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return true;
}

/* ---- frames ---- */

static void write_frame(FILE *out, const char *lines, unsigned head)
{
    for (unsigned line = 0; lines != NULL; line++) {
        const char *end = strchr(lines, '\n');
        const int length = end != NULL ? (int)(end - lines) : (int)strlen(lines);

        fprintf(out, BEGIN_LINE "%s%.*s" NORMAL, line + 1, line == head ? REVERSE : "", length,
                lines);
        lines = end != NULL ? end + 1 : NULL;
    }
}

void live_frame_make(struct live_frame *frame, const char *lines, unsigned head)
{
    live_frame_drop(frame);
    FILE *out = open_memstream(&frame->bytes, &frame->size);
    if (out != NULL)
        write_frame(out, lines, head);
    if (out == NULL || fclose(out) != 0)
        die(STATUS_SETUP, "no memory is left for the view");
}

bool live_frame_write(struct live_frame *frame, const struct live_terminal *terminal)
{
    if (frame->written < frame->size) {
        const ssize_t written =
            write(terminal->fd, frame->bytes + frame->written, frame->size - frame->written);

        frame->written += written > 0 ? (size_t)written : 0;
    }
    return frame->written == frame->size;
}

void live_frame_drop(struct live_frame *frame)
{
    free(frame->bytes);
    *frame = (struct live_frame){0};
}
