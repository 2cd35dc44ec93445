/* What a program learns about itself from /proc, the auxiliary vector and prctl; addresses only
 * compared. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t got = 0, total = 0;
    while (fd >= 0 && (got = read(fd, buffer + total, size - (size_t)total - 1)) > 0)
        total += got;
    close(fd);
    buffer[total] = 0;
    return (size_t)total;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void names(char **argv)
{
    static char buffer[1 << 16];
    ssize_t length = readlink("/proc/self/exe", buffer, sizeof buffer - 1);
    printf("exe: %s\n", length > 0 ? (buffer[length] = 0, base_name(buffer)) : "?");
    size_t size = read_file("/proc/self/comm", buffer, sizeof buffer);
    printf("comm: %.*s, argv[0]: %s\n", (int)size - 1, buffer, base_name(argv[0]));
    printf("AT_EXECFN: %s\n", base_name((const char *)getauxval(AT_EXECFN)));
    size = read_file("/proc/self/cmdline", buffer, sizeof buffer);
    size_t offset = 0;
    int same = 1;
    for (char **argument = argv; *argument; argument++) {
        same = same && strcmp(buffer + offset, *argument) == 0;
        offset += strlen(*argument) + 1;
    }
    printf("cmdline is argv: %d\n", same && offset == size);
    size = read_file("/proc/self/environ", buffer, sizeof buffer);
    offset = 0;
    same = 1;
    for (char **entry = environ; *entry; entry++) {
        same = same && strcmp(buffer + offset, *entry) == 0;
        offset += strlen(*entry) + 1;
    }
    printf("environ is environ: %d\n", same && offset == size);
    char name[16];
    prctl(PR_SET_NAME, "renamed by prctl");
    prctl(PR_GET_NAME, name);
    read_file("/proc/self/comm", buffer, sizeof buffer);
    printf("prctl: %s, comm: %s", name, buffer);
}

static void auxiliary_vector(void)
{
    static char buffer[4096];
    size_t size = read_file("/proc/self/auxv", buffer, sizeof buffer);
    const ElfW(auxv_t) *entry = (const void *)buffer;
    int same = 1, count = 0;
    for (; (const char *)entry < buffer + size && entry->a_type != AT_NULL; entry++, count++)
        if (entry->a_type == AT_PHDR || entry->a_type == AT_ENTRY || entry->a_type == AT_BASE ||
            entry->a_type == AT_PHNUM || entry->a_type == AT_EXECFN)
            same = same && getauxval(entry->a_type) == entry->a_un.a_val;
    printf("auxv is the program's: %d, entries: %d\n", same, count > 15);
}

/* The rights of the mapping that holds an address, and whether its file is this program. */
static void mapping_of(const char *what, const void *address)
{
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        uintptr_t start, end;
        char rights[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) == 3 && (uintptr_t)address >= start &&
            (uintptr_t)address < end)
            printf("%s: %s%s\n", what, rights, strstr(line, "[stack]") ? " [stack]" : "");
    }
    fclose(maps);
}

static int own_headers(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    if (info->dlpi_name[0] == 0)
        *(int *)found = (uintptr_t)info->dlpi_phdr == getauxval(AT_PHDR);
    return 0;
}

static void memory(char **argv)
{
    static char buffer[4096];
    static int initialised = 1;
    int on_stack, found = 0;
    unsigned long field[53] = {0};
    char *next;

    mapping_of("text", (const void *)(uintptr_t)memory);
    mapping_of("data", &initialised);
    mapping_of("stack", &on_stack);
    dl_iterate_phdr(own_headers, &found);
    printf("program headers: %d\n", found);

    read_file("/proc/self/stat", buffer, sizeof buffer);
    next = strrchr(buffer, ')') + 4;
    for (int n = 4; n <= 52; n++)
        field[n] = strtoul(next, &next, 10);
    printf("code: %d, stack: %d, arguments: %d, environment: %d, break: %d\n",
           field[26] <= (uintptr_t)memory &&
               (uintptr_t)memory<field[27], field[28]>(uintptr_t) & on_stack,
           (char *)field[48] == argv[0], (char *)field[50] == environ[0],
           field[47] <= (uintptr_t)sbrk(0));
}

static void *in_thread(void *argument)
{
    char path[64], buffer[64];
    (void)argument;
    pthread_setname_np(pthread_self(), "second");
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", gettid());
    read_file(path, buffer, sizeof buffer);
    printf("thread: %s", buffer);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t id;
    int status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2 && strcmp(argv[1], "again") == 0) {
        printf("executed again: %s\n", base_name((const char *)getauxval(AT_EXECFN)));
        return 9;
    }
    names(argv);
    auxiliary_vector();
    memory(argv);
    pthread_create(&id, NULL, in_thread, NULL);
    pthread_join(id, NULL);
    if (fork() == 0) {
        execl("/proc/self/exe", "looks", "again", (char *)NULL);
        _exit(127);
    }
    wait(&status);
    printf("status: %d\n", WEXITSTATUS(status));
    return 0;
}
