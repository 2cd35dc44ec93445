/*
 * Listing a folder: the names that the policy hides are left out. The kernel writes the entries
 * into the monitor's memory, where nobody can read them before; the folder is named in the same
 * descriptor table in which it is read, which no other thread can change.
 */
#include "manage.h"

#include "../../monitor/process.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../decide.h"

#define CHUNK 16384U /* bytes read at once */

/* struct linux_dirent64 and struct linux_dirent, as far as they agree: include/linux/dirent.h. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
};
#define NAME_OF_OLD offsetof(struct entry, length) + sizeof(uint16_t)
#define NAME_OF_NEW (NAME_OF_OLD + 1)

struct listing {
    uint32_t number;
    int fd;
    uint64_t size;
    long result; /* bytes of `entries`, or a negative errno */
    uint8_t entries[CHUNK];
};

bool is_listing(uint32_t number)
{
    return number == __NR_getdents || number == __NR_getdents64;
}

static bool is_hidden(const char *folder, const char *name)
{
    char path[PATH_MAX_BYTES];
    if ((name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))) {
        return false;
    }
    memcpy(path, folder, strlen(folder) + 1);
    return !name_append_element(path, name) || object_is_hidden(path);
}

/* The entries that stay, moved together: their bytes. */
static long leave_out(struct listing *listing, const char *folder, long size)
{
    size_t name = listing->number == __NR_getdents ? NAME_OF_OLD : NAME_OF_NEW;
    uint8_t *to = listing->entries;
    for (long at = 0; at < size;) {
        uint8_t *from = listing->entries + at;
        uint16_t length = ((const struct entry *)from)->length;
        if (!is_hidden(folder, (const char *)from + name)) {
            memmove(to, from, length);
            to += length;
        }
        at += length;
    }
    return to - listing->entries;
}

/* Until something is left, or the folder has no more: 0 bytes mean its end. */
static void list(void *argument)
{
    struct listing *listing = argument;
    char folder[PATH_MAX_BYTES];
    uint64_t room = listing->size < CHUNK ? listing->size : CHUNK;
    bool has_name = object_name(listing->fd, folder);
    do {
        listing->result = SYS3(listing->number, listing->fd, listing->entries, room);
        if (listing->result <= 0 || !has_name) {
            return;
        }
        listing->result = leave_out(listing, folder, listing->result);
    } while (listing->result == 0);
}

long manage_listing(const struct user_registers *call, const struct inquiry *inquiry)
{
    struct listing listing;
    listing.number = inquiry->number;
    listing.fd = (int)call->rdi;
    listing.size = (uint32_t)call->rdx;
    listing.result = -EAGAIN; /* stays so when no child can be had */
    with_private_descriptors(list, &listing);
    if (listing.result > 0 && copy_to_user(user_pointer(call->rsi), listing.entries,
                                           (unsigned long)listing.result) != 0) {
        return -EFAULT;
    }
    return listing.result;
}
