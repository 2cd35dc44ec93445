#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "decode.h"
#include "live_keeper.h"
#include "live_keys.h"
#include "live_output.h"
#include "live_render.h"
#include "live_terminal.h"
#include "live_text.h"
#include "live_view.h"
#include "message.h"

#define MILLISECOND     INT64_C(1000000) /* nanoseconds */
#define SAMPLE_INTERVAL (500 * MILLISECOND)
#define LOOK_INTERVAL   (20 * MILLISECOND) /* at keys, and at the size of the terminal */
#define KEYS_MAX        64U
#define SITE_SIZE       2U /* bytes of a `syscall` instruction */

/* What the keeper needs to know, too: memory that both have. */
struct live_shared {
    struct live_terminal terminal;
    struct live_output output;
    bool is_over; /* the output was shown, or is being shown */
};

struct live_view {
    struct live_shared *shared;
    struct live_keeper keeper;
    struct call_listener listener;
    struct live_model model;
    struct live_header header; /* as of the last sample */
    struct live_screen screen;
    struct live_keys keys;
    struct live_frame frame;
    bool needs_frame;
    int64_t started, looked, sampled; /* nanoseconds */
};

__attribute__((noreturn)) static void die_of_memory(void)
{
    die(STATUS_SETUP, "no memory is left for the view");
}

static int64_t nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * MILLISECOND + now.tv_nsec;
}

/* ---- counting ---- */

struct object_visit {
    struct live_view *view;
    const struct live_call *call;
};

static void count_object(void *context, const char *object)
{
    const struct object_visit *visit = context;

    live_model_count_object(&visit->view->model, visit->call, object);
}

static void take_call(void *context, const struct traced_call *call)
{
    struct live_view *view = context;
    const char *name = decode_call_name(call->recorded->number);
    char number[24];

    snprintf(number, sizeof number, "syscall_0x%x", call->recorded->number);
    const struct live_call counted = {
        .name = *name != '\0' ? name : number,
        .pid = call->source.pid,
        .tid = call->source.tid,
        .program = image_program(call->source.image),
        .library = image_file_at(call->source.image, call->site - SITE_SIZE),
        .has_failed = call->end != NULL && call_has_failed(call->recorded),
        .is_denied = call->end != NULL && call->end->is_denied,
        .time = call->end != NULL ? call->end->duration : 0,
    };
    struct object_visit visit = {view, &counted};

    live_model_count(&view->model, &counted);
    decode_objects(call->recorded, count_object, &visit);
}

/* ---- the view's life ---- */

static char *join(char *const *words)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; out != NULL && words[i] != NULL; i++)
        fprintf(out, "%s%s", i == 0 ? "" : " ", words[i]);
    if (out == NULL || fclose(out) != 0)
        die_of_memory();
    return text;
}

struct live_view *live_view_create(struct traced_calls *calls, char *const *command)
{
    struct live_view *view = calloc(1, sizeof *view);

    if (view == NULL)
        die_of_memory();
    view->shared =
        mmap(NULL, sizeof *view->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (view->shared == MAP_FAILED)
        die_of_memory();
    live_terminal_open(&view->shared->terminal);
    live_output_open(&view->shared->output);
    live_text_use_locale();
    view->started = nanoseconds();
    view->header.command = join(command);
    view->listener = (struct call_listener){.context = view, .take_call = take_call};
    traced_calls_add_listener(calls, &view->listener);
    return view;
}

/* Once, by whichever process comes to it. */
static void give_back(void *context)
{
    struct live_shared *shared = context;

    if (shared->is_over)
        return;
    shared->is_over = true;
    live_terminal_leave(&shared->terminal);
    live_output_show(&shared->output, &shared->terminal);
}

void live_view_take_terminal(struct live_view *view)
{
    const int kept[] = {view->shared->terminal.fd, view->shared->output.fd};

    live_keeper_start(&view->keeper, give_back, view->shared, kept, sizeof kept / sizeof kept[0]);
    live_output_divert(&view->shared->output, &view->shared->terminal);
}

void live_view_descriptors(const struct live_view *view, int descriptors[LIVE_DESCRIPTORS])
{
    descriptors[0] = view->shared->terminal.fd;
    descriptors[1] = view->shared->output.fd;
    descriptors[2] = view->keeper.pipe;
}

void live_view_suspend(struct live_view *view)
{
    live_terminal_leave(&view->shared->terminal);
    live_frame_drop(&view->frame);
}

void live_view_end(struct live_view *view)
{
    give_back(view->shared);
    live_keeper_end(&view->keeper);
}

/* ---- keys ---- */

static void scroll_by(struct live_screen *screen, long rows)
{
    const size_t up = rows < 0 ? (size_t)-rows : 0;

    screen->scroll = screen->scroll > up ? screen->scroll - up : 0;
    screen->scroll += rows > 0 ? (size_t)rows : 0;
}

static void choose_table(struct live_screen *screen, unsigned table)
{
    screen->table = (enum live_table_name)(table % LIVE_TABLES);
    screen->scroll = 0;
}

static void choose_sort(struct live_screen *screen, enum live_sort sort)
{
    screen->sort = sort;
    screen->scroll = 0;
}

/* Rendering puts it in bounds. */
static void take_scroll_key(struct live_screen *screen, int key)
{
    const long page = (long)live_page(screen);

    switch (key) {
    case LIVE_KEY_UP:
        scroll_by(screen, -1);
        break;
    case LIVE_KEY_DOWN:
        scroll_by(screen, 1);
        break;
    case LIVE_KEY_PAGE_UP:
        scroll_by(screen, -page);
        break;
    case LIVE_KEY_PAGE_DOWN:
        scroll_by(screen, page);
        break;
    case LIVE_KEY_HOME:
        screen->scroll = 0;
        break;
    case LIVE_KEY_END:
        screen->scroll = LIVE_ROWS_MAX;
        break;
    default:
        break;
    }
}

static enum live_request take_quit_key(struct live_screen *screen)
{
    const bool is_second = screen->is_interrupted;

    screen->is_interrupted = true;
    return is_second ? LIVE_REQUEST_KILL : LIVE_REQUEST_INTERRUPT;
}

static enum live_request take_key(struct live_screen *screen, int key)
{
    switch (key) {
    case '1':
    case '2':
    case '3':
    case '4':
        choose_table(screen, (unsigned)(key - '1'));
        break;
    case '\t':
        choose_table(screen, screen->table + 1U);
        break;
    case 's':
        choose_sort(screen, LIVE_BY_RATE);
        break;
    case 'c':
        choose_sort(screen, LIVE_BY_CALLS);
        break;
    case 'e':
        choose_sort(screen, LIVE_BY_ERRORS);
        break;
    case 't':
        choose_sort(screen, LIVE_BY_TIME);
        break;
    case 'p':
        screen->is_paused = !screen->is_paused;
        break;
    case 'q':
        return take_quit_key(screen);
    default:
        take_scroll_key(screen, key);
    }
    return LIVE_REQUEST_NONE;
}

static enum live_request take_keys(struct live_view *view)
{
    unsigned char bytes[KEYS_MAX];
    const size_t count = live_terminal_read(&view->shared->terminal, bytes, sizeof bytes);
    enum live_request request = LIVE_REQUEST_NONE;

    for (size_t i = 0; i < count; i++) {
        const int key = live_keys_take(&view->keys, bytes[i]);
        const enum live_request asked = take_key(&view->screen, key);

        request = asked != LIVE_REQUEST_NONE ? asked : request;
        view->needs_frame = true;
    }
    return request;
}

/* ---- drawing ---- */

static void measure(struct live_view *view)
{
    struct live_screen *screen = &view->screen;
    unsigned lines, columns;

    live_terminal_measure(&view->shared->terminal, &lines, &columns);
    lines = lines < LIVE_SCREEN_MAX ? lines : LIVE_SCREEN_MAX;
    columns = columns < LIVE_SCREEN_MAX ? columns : LIVE_SCREEN_MAX;
    if (lines == screen->lines && columns == screen->columns)
        return;
    screen->lines = lines;
    screen->columns = columns;
    view->needs_frame = true;
}

static int by_number(const void *left, const void *right)
{
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;

    return a < b ? -1 : a > b;
}

static size_t count_processes(const struct channel_reader *channel)
{
    static int32_t processes[ENDORUN_CHANNEL_SLOTS];
    size_t count = 0;

    memcpy(processes, channel->occupants, channel->occupant_count * sizeof processes[0]);
    qsort(processes, channel->occupant_count, sizeof processes[0], by_number);
    for (size_t i = 0; i < channel->occupant_count; i++)
        count += i == 0 || processes[i] != processes[i - 1];
    return count;
}

static void sample(struct live_view *view, const struct channel_reader *channel, int64_t now)
{
    const char *command = view->header.command;

    view->sampled = now;
    view->needs_frame = true;
    live_model_sample(&view->model, now - view->started);
    view->header = (struct live_header){.command = command,
                                        .elapsed = now - view->started,
                                        .processes = count_processes(channel),
                                        .threads = channel->occupant_count,
                                        .lost = channel->statistics->dropped};
}

static void draw(struct live_view *view)
{
    char *lines = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&lines, &size);

    if (out != NULL)
        live_render(out, &view->model, &view->header, &view->screen);
    if (out == NULL || fclose(out) != 0)
        die_of_memory();
    live_frame_make(&view->frame, lines, LIVE_HEAD_LINE);
    free(lines);
    view->needs_frame = false;
}

/* False: there is nothing to show yet, or somebody else has the terminal. */
static bool has_screen(struct live_view *view, const struct channel_reader *channel)
{
    struct live_terminal *terminal = &view->shared->terminal;

    if (channel->statistics->image_count == 0 || !live_terminal_is_ours(terminal))
        return false;
    if (terminal->is_up)
        return true;
    view->needs_frame = true;
    return live_terminal_enter(terminal);
}

enum live_request live_view_update(struct live_view *view, const struct channel_reader *channel)
{
    const int64_t now = nanoseconds();

    if (now - view->looked < LOOK_INTERVAL)
        return LIVE_REQUEST_NONE;
    view->looked = now;
    live_output_bound(&view->shared->output);
    if (!has_screen(view, channel))
        return LIVE_REQUEST_NONE;
    const enum live_request request = take_keys(view);
    measure(view);
    if (now - view->sampled >= SAMPLE_INTERVAL && !view->screen.is_paused)
        sample(view, channel, now);
    if (live_frame_write(&view->frame, &view->shared->terminal) && view->needs_frame) {
        draw(view);
        live_frame_write(&view->frame, &view->shared->terminal);
    }
    return request;
}
