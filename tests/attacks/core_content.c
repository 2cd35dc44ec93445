/*
 * M12: what a core dump would hold. The kernel leaves out what its VmFlags call "dd"; who may
 * change that could have the rest written to a file of its own.
 */
#include "attack.h"

/* Whether a core would hold the page: its mapping has no "dd". */
static bool is_dumped(uintptr_t page)
{
    char line[1024];
    bool inside = false, dumped = false, found = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    CHECK(maps != NULL, "/proc/self/smaps: %s", strerror(errno));
    while (!found && fgets(line, sizeof line, maps)) {
        uintptr_t start, end;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            inside = start <= page && page < end;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            dumped = strstr(line, " dd") == NULL;
            found = true;
        }
    }
    fclose(maps);
    CHECK(found, "no VmFlags of %lx", page);
    return dumped;
}

int main(void)
{
    uintptr_t pages[4];
    int count = 0, dumped = 0;
    pages[count++] = (uintptr_t)target_page();
    if (under_monitor()) {
        static const char *const rights[] = {"rw-p", "r--p"};
        pages[count++] = (uintptr_t)thread_block();
        for (int i = 0; i < 2; i++) { /* its data; those that it had to write at the start */
            uintptr_t start = monitor_image(rights[i]).start;
            if (start != 0) {
                pages[count++] = start;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        if (madvise((void *)pages[i], PAGE, MADV_DODUMP) != 0) {
            CHECK_EQ(errno, EPERM, "MADV_DODUMP");
        }
        dumped += is_dumped(pages[i]);
    }
    CHECK(dumped == 0 || dumped == count, "%d of %d are in a core", dumped, count);
    if (dumped > 0) {
        reached();
    }
    not_reached("left-out");
}
