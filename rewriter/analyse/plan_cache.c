#include "../../loader/command/folders.h"
#include "plan_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FNV_OFFSET_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME        UINT64_C(0x100000001b3)

#define PLAN_SUFFIX        ".plan"
#define TEMPORARY_TEMPLATE ".new-XXXXXX"
#define TEMPORARY_PREFIX   ".new-"
#define TEMPORARY_MAX_AGE  3600 /* seconds: then its writer is dead */

/* FNV-1a with 64 bits, continued from `hash`. */
static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * FNV_PRIME;
    return hash;
}

uint64_t plan_checksum(const struct endorun_plan *plan)
{
    const uint32_t field = offsetof(struct endorun_plan, checksum);
    uint64_t hash = FNV_OFFSET_BASIS;

    for (uint32_t at = 0; at < plan->size; at += sizeof(uint64_t)) {
        uint64_t word = 0;

        if (at != field)
            memcpy(&word, (const uint8_t *)plan + at, sizeof(word));
        hash = (hash ^ word) * FNV_PRIME;
    }
    return hash;
}

void plan_cache_name(const struct endorun_plan *plan, char name[PLAN_CACHE_NAME_SIZE])
{
    uint64_t hash = fnv1a(FNV_OFFSET_BASIS, &plan->identity, sizeof(plan->identity));

    hash = fnv1a(hash, &plan->build_id_size, sizeof(plan->build_id_size));
    hash = fnv1a(hash, plan->build_id, plan->build_id_size);
    snprintf(name, PLAN_CACHE_NAME_SIZE, "%016" PRIx64 PLAN_SUFFIX, hash);
}

/* Opens the cache; one that somebody else could write is refused. */
static int open_cache(const char *directory)
{
    struct stat status;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && make_folders(directory) == 0)
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
        (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

static int write_all(int fd, const void *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes = (const char *)bytes + written;
        size -= (size_t)written;
    }
    return 0;
}

/*
 * A new file with a name of its own, written, then renamed: a reader or another writer meets the
 * old plan or the new one. (A file without a name could be linked, but not over an existing one,
 * which may be damaged.)
 */
static int write_plan(int cache, const char *directory, const char *name,
                      const struct endorun_plan *plan)
{
    char path[PATH_MAX];
    const char *temporary;
    int saved_errno;
    int fd;

    if (snprintf(path, sizeof(path), "%s/%s", directory, TEMPORARY_TEMPLATE) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -1;
    temporary = strrchr(path, '/') + 1;
    if (write_all(fd, plan, plan->size) == 0 && close(fd) == 0) {
        if (renameat(cache, temporary, cache, name) == 0)
            return 0;
        fd = -1;
    }
    saved_errno = errno;
    if (fd >= 0)
        close(fd);
    unlinkat(cache, temporary, 0);
    errno = saved_errno;
    return -1;
}

struct cached_file {
    int64_t mtime_ns;
    uint64_t size;
    char name[PLAN_CACHE_NAME_SIZE];
};

struct cached_files {
    struct cached_file *items;
    size_t count;
    size_t capacity;
    uint64_t size; /* bytes of all together */
};

static int compare_age(const void *left, const void *right)
{
    const int64_t a = ((const struct cached_file *)left)->mtime_ns;
    const int64_t b = ((const struct cached_file *)right)->mtime_ns;

    return (a > b) - (a < b);
}

static bool add_file(struct cached_files *files, const char *name, const struct stat *status)
{
    struct cached_file *file;

    if (files->count == files->capacity) {
        const size_t capacity = files->capacity == 0 ? 256 : files->capacity * 2;

        file = reallocarray(files->items, capacity, sizeof(*file));
        if (file == NULL)
            return false;
        files->items = file;
        files->capacity = capacity;
    }
    file = &files->items[files->count++];
    file->mtime_ns = status->st_mtim.tv_sec * INT64_C(1000000000) + status->st_mtim.tv_nsec;
    file->size = (uint64_t)status->st_size;
    memcpy(file->name, name, strlen(name) + 1);
    files->size += file->size;
    return true;
}

static bool is_plan_name(const char *name)
{
    return strlen(name) == PLAN_CACHE_NAME_SIZE - 1 &&
           strcmp(name + PLAN_CACHE_NAME_SIZE - sizeof(PLAN_SUFFIX), PLAN_SUFFIX) == 0;
}

/* Lists the plans, and removes what dead writers left. Files with other names are not the cache's.
 */
static void list_cache(DIR *stream, struct cached_files *files)
{
    const struct dirent *entry;

    while ((entry = readdir(stream)) != NULL) {
        const bool temporary =
            strncmp(entry->d_name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0;
        struct stat status;

        if ((!temporary && !is_plan_name(entry->d_name)) ||
            fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (!temporary) {
            if (!add_file(files, entry->d_name, &status))
                return;
        } else if (status.st_mtim.tv_sec < time(NULL) - TEMPORARY_MAX_AGE) {
            unlinkat(dirfd(stream), entry->d_name, 0);
        }
    }
}

/*
 * Removes the oldest plans until the rest is within bounds. Takes over `cache`. Two processes that
 * do so at once remove the same files; one that was replaced meanwhile is made again by the next
 * who misses it.
 */
static void evict(int cache)
{
    DIR *stream = fdopendir(cache);
    struct cached_files files = {NULL, 0, 0, 0};
    size_t left;

    if (stream == NULL) {
        close(cache);
        return;
    }
    list_cache(stream, &files);
    if (files.count > 0)
        qsort(files.items, files.count, sizeof(files.items[0]), compare_age);
    left = files.count;
    for (size_t i = 0; left > PLAN_CACHE_MAX_FILES || files.size > PLAN_CACHE_MAX_BYTES; i++) {
        unlinkat(dirfd(stream), files.items[i].name, 0);
        files.size -= files.items[i].size;
        left--;
    }
    free(files.items);
    closedir(stream);
}

int plan_cache_store(const char *directory, const struct endorun_plan *plan)
{
    char name[PLAN_CACHE_NAME_SIZE];
    const int cache = open_cache(directory);

    if (cache < 0)
        return -1;
    plan_cache_name(plan, name);
    if (write_plan(cache, directory, name, plan) != 0) {
        const int saved_errno = errno;

        close(cache);
        errno = saved_errno;
        return -1;
    }
    evict(cache);
    return 0;
}
