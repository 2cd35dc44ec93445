/* Loads and unloads libraries in every way. Usage: dlopen_loops FOLDER_OF_LIBRARIES */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

long outer_value(long x);
const char *outer_name(void);
const char *inner_name(void);
long outer_getpid(void);

static char path[4096];

static void *load(int flags)
{
    void *handle = dlopen(path, flags);
    if (!handle) {
        printf("dlopen: %s\n", dlerror());
        exit(1);
    }
    return handle;
}

static long call(void *handle, const char *name, long x)
{
    long (*function)(long);
    *(void **)&function = dlsym(handle, name);
    return function ? function(x) : -1;
}

static long loop(int times)
{
    long sum = 0;
    for (int n = 0; n < times; n++) {
        void *handle = load(n % 2 ? RTLD_NOW : RTLD_LAZY);
        sum += call(handle, "inner_value", n);
        sum += call(handle, "inner_getpid", 0) == getpid();
        dlclose(handle);
    }
    return sum;
}

static void *loop_in_thread(void *argument)
{
    return (void *)(loop(100) + (long)argument);
}

static int count_libraries(struct dl_phdr_info *info, size_t size, void *count)
{
    (void)info;
    (void)size;
    ++*(int *)count;
    return 0;
}

/* A copy under another name is another library to the loader; its file is replaced between loads.
 */
static void replaced_file(const char *folder)
{
    char command[9000];
    long sum = 0;
    for (int n = 0; n < 20; n++) {
        snprintf(command, sizeof command, "cp -f %s/libinner.so ./copy.so", folder);
        if (system(command) != 0)
            exit(1);
        strcpy(path, "./copy.so");
        void *handle = load(RTLD_NOW | RTLD_LOCAL);
        sum += call(handle, "inner_value", n);
        dlclose(handle);
        unlink("./copy.so");
    }
    printf("replaced file: %ld\n", sum);
}

int main(int argc, char **argv)
{
    pthread_t id[4];
    long sum = 0;
    int before = 0, after = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2)
        return 2;
    printf("%s uses %s: %ld\n", outer_name(), inner_name(), outer_value(1));
    printf("own system call: %d\n", outer_getpid() == getpid());

    /* As a copy of its own: the program's libraries hold on to the original. */
    snprintf(path, sizeof path, "cp %s/libinner.so ./plugin.so", argv[1]);
    if (system(path) != 0)
        return 1;
    strcpy(path, "./plugin.so");
    dl_iterate_phdr(count_libraries, &before);
    printf("loop: %ld\n", loop(500));
    for (long n = 0; n < 4; n++)
        pthread_create(&id[n], NULL, loop_in_thread, (void *)n);
    for (int n = 0; n < 4; n++) {
        void *result;
        pthread_join(id[n], &result);
        sum += (long)result;
    }
    printf("threads: %ld\n", sum);

    for (int n = 0; n < 10; n++) {
        void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
        if (!handle) {
            printf("dlmopen %d: %s\n", n, dlerror());
            return 1;
        }
        if (call(handle, "inner_value", n) != n + 40)
            return 1;
        dlclose(handle);
    }
    printf("namespaces\n");

    replaced_file(argv[1]);
    unlink("./plugin.so");
    dl_iterate_phdr(count_libraries, &after);
    printf("libraries left behind: %d\n", after - before);
    printf("missing: %s\n", dlopen("./no-such.so", RTLD_NOW) ? "loaded" : dlerror());
    int fd = open("./not-elf.so", O_WRONLY | O_CREAT | O_TRUNC, 0700);
    if (write(fd, "not an ELF file, but long enough to have a header of sixty-four bytes", 68) !=
        68)
        return 1;
    close(fd);
    printf("not ELF: %s\n", dlopen("./not-elf.so", RTLD_NOW) ? "loaded" : dlerror());
    return 6;
}
