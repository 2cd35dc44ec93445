#include <errno.h>
#include <string.h>

#include "memfd.h"
#include "session_writer.h"

struct draft {
    struct endorun_session *session;
    struct iovec parts[7]; /* the structure, the policy and the five strings */
    int part_count;
};

static uint32_t add_string(struct draft *draft, const char *string)
{
    uint32_t offset = draft->session->size;

    if (string == NULL)
        return 0;
    size_t size = strlen(string) + 1; /* at most what execve hands over: far below 4 GiB */
    draft->parts[draft->part_count++] = (struct iovec){(void *)string, size};
    draft->session->size += (uint32_t)size;
    return offset;
}

int session_write(int fd, struct endorun_session *session, const struct session_strings *strings)
{
    struct draft draft = {
        .session = session,
        .parts = {{session, sizeof *session}, {(void *)strings->policy, session->policy_size}},
        .part_count = 2,
    };

    session->size = (uint32_t)sizeof *session + session->policy_size;
    session->execfn = add_string(&draft, strings->execfn);
    session->command_path = add_string(&draft, strings->command_path);
    session->cache_path = add_string(&draft, strings->cache_path);
    session->comm = add_string(&draft, strings->comm);
    session->report_path = add_string(&draft, strings->report_path);
    if (session->size > ENDORUN_SESSION_MAX_SIZE)
        return -E2BIG;
    return memfd_fill(fd, draft.parts, draft.part_count);
}
