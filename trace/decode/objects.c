/* What a call is about: paths, what descriptors lead to, peers. */
#include "decoder.h"
#include "policy/descriptors.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#define OBJECT_MAX  (2 * PATH_LIMIT + 2)
#define NO_ARGUMENT ENDORUN_SYSCALL_MAX_ARGS

struct objects {
    struct decoder decoder;
    decode_visit *visit;
    void *context;
    char text[OBJECT_MAX];
};

/* The name of an open descriptor, as the links in /proc have it; false: none was recorded. */
static bool copy_name(struct objects *objects, int32_t descriptor)
{
    const struct recorded_piece *name = find_name(&objects->decoder, descriptor);
    if (name == NULL || name->size > PATH_LIMIT) {
        return false;
    }
    memcpy(objects->text, name->bytes, name->size);
    objects->text[name->size] = '\0';
    return true;
}

static void visit_descriptor(struct objects *objects, int32_t descriptor)
{
    if (copy_name(objects, descriptor)) {
        objects->visit(objects->context, objects->text);
    }
}

/* A path that begins at the folder of argument `base`, or nobody knows where. */
static void visit_path(struct objects *objects, unsigned index, unsigned base)
{
    const struct recorded_call *call = objects->decoder.call;
    char path[PATH_LIMIT + 1] = "";
    size_t size = read_some(&call->before, call->arguments[index], path, PATH_LIMIT);
    path[size] = '\0';
    objects->text[0] = '\0';
    if (path[0] != '/' && base != NO_ARGUMENT) {
        copy_name(objects, (int32_t)call->arguments[base]);
    }
    size_t length = strlen(objects->text);
    if (length > 0 && path[0] != '\0' && objects->text[length - 1] != '/') {
        objects->text[length++] = '/';
    }
    memcpy(objects->text + length, path, size + 1);
    if (objects->text[0] != '\0') {
        objects->visit(objects->context, objects->text);
    }
}

static void format_unix(char *text, size_t room, const uint8_t *bytes, size_t size)
{
    const char *path = (const char *)bytes + offsetof(struct sockaddr_un, sun_path);
    size_t length = size - offsetof(struct sockaddr_un, sun_path);
    if (length > 0 && path[0] == '\0') {
        snprintf(text, room, "unix:@%.*s", (int)length - 1, path + 1);
    } else if (length > 0) {
        snprintf(text, room, "unix:%.*s", (int)length, path);
    }
}

static void visit_address(struct objects *objects, uint64_t address, uint64_t length)
{
    uint8_t bytes[sizeof(struct sockaddr_storage)] = {0};
    char host[INET6_ADDRSTRLEN] = "";
    size_t size = length < sizeof bytes ? (size_t)length : sizeof bytes;
    size = read_some(objects->decoder.memory, address, bytes, size);
    unsigned family = size >= 2 ? (unsigned)number_at(bytes, 0, 2) : AF_UNSPEC;
    unsigned port = (unsigned)bytes[2] << 8 | bytes[3];
    objects->text[0] = '\0';
    if (family == AF_UNIX) {
        format_unix(objects->text, sizeof objects->text, bytes, size);
    } else if (family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        inet_ntop(AF_INET, bytes + offsetof(struct sockaddr_in, sin_addr), host, sizeof host);
        snprintf(objects->text, sizeof objects->text, "%s:%u", host, port);
    } else if (family == AF_INET6 && size >= 24) {
        inet_ntop(AF_INET6, bytes + offsetof(struct sockaddr_in6, sin6_addr), host, sizeof host);
        snprintf(objects->text, sizeof objects->text, "[%s]:%u", host, port);
    }
    if (objects->text[0] != '\0') {
        objects->visit(objects->context, objects->text);
    }
}

/* Of an address that the call gives back, its length stands in memory. */
static void visit_received_address(struct objects *objects, unsigned index)
{
    const struct recorded_call *call = objects->decoder.call;
    uint32_t length = 0;
    unsigned length_index = objects->decoder.shapes->arg[index].ref;
    objects->decoder.memory = &call->after;
    if (length_index < ENDORUN_SYSCALL_MAX_ARGS &&
        read_all(&objects->decoder, call->arguments[length_index], &length, sizeof length)) {
        visit_address(objects, call->arguments[index], length);
    }
    objects->decoder.memory = &call->before;
}

/* Whether the call's result says better what its path leads to. */
static bool is_opened(const struct objects *objects)
{
    const struct recorded_call *call = objects->decoder.call;
    struct decoder after = objects->decoder;
    after.memory = &call->after;
    return has_result(&after) && call_returns_descriptor(call->number, call->arguments) &&
           find_name(&after, (int32_t)call->result) != NULL;
}

static void visit_argument(struct objects *objects, unsigned index, bool is_open)
{
    const struct endorun_shape *shapes = objects->decoder.shapes->arg;
    const uint64_t *arguments = objects->decoder.call->arguments;
    switch (shapes[index].kind) {
    case ENDORUN_KIND_FD:
        visit_descriptor(objects, (int32_t)arguments[index]);
        return;
    case ENDORUN_KIND_PATH:
        if (!is_open) {
            bool has_base = index > 0 && shapes[index - 1].kind == ENDORUN_KIND_DIRFD;
            visit_path(objects, index, has_base ? index - 1 : NO_ARGUMENT);
        }
        return;
    case ENDORUN_KIND_SOCKADDR_IN:
        visit_address(objects, arguments[index], argument_of(&objects->decoder, shapes[index].ref));
        return;
    case ENDORUN_KIND_SOCKADDR_OUT:
        visit_received_address(objects, index);
        return;
    default:
        return;
    }
}

static bool is_argument(const struct objects *objects, const struct recorded_piece *name)
{
    const struct endorun_syscall *shapes = objects->decoder.shapes;
    for (unsigned i = 0; i < shapes->nargs; i++) {
        unsigned kind = shapes->arg[i].kind;
        if ((kind == ENDORUN_KIND_FD || kind == ENDORUN_KIND_DIRFD) &&
            (uint32_t)objects->decoder.call->arguments[i] == (uint32_t)name->address) {
            return true;
        }
    }
    return false;
}

/* Those that stand in memory: what poll(2) and select(2) wait for. */
static void visit_other_descriptors(struct objects *objects)
{
    const struct recorded_memory *memory = &objects->decoder.call->before;
    for (size_t i = 0; i < memory->count; i++) {
        const struct recorded_piece *piece = &memory->pieces[i];
        if (piece->is_name && !is_argument(objects, piece)) {
            visit_descriptor(objects, (int32_t)piece->address);
        }
    }
}

void decode_objects(const struct recorded_call *call, decode_visit *visit, void *context)
{
    struct objects objects = {.visit = visit, .context = context};
    const struct endorun_syscall *shapes = call_shapes(call->number);
    if (shapes == NULL) {
        return;
    }
    objects.decoder = (struct decoder){NULL, NULL, call, shapes, &call->before};
    bool is_open = is_opened(&objects);
    for (unsigned i = 0; i < shapes->nargs; i++) {
        visit_argument(&objects, i, is_open);
    }
    visit_other_descriptors(&objects);
    if (is_open) {
        objects.decoder.memory = &call->after;
        visit_descriptor(&objects, (int32_t)call->result);
    }
}
