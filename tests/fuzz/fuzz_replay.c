/* Gives each file of the directories named in the arguments to the harness, as libFuzzer does. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void die(const char *path)
{
    perror(path);
    exit(EXIT_FAILURE);
}

/* The harness gets exactly the file's bytes in memory of their own: one beyond is an error. */
static void replay(const char *path)
{
    FILE *file = fopen(path, "re");
    long size;
    uint8_t *bytes;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
        die(path);
    rewind(file);
    bytes = malloc((size_t)size + (size == 0));
    if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size)
        die(path);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
}

static unsigned replay_directory(const char *directory)
{
    DIR *stream = opendir(directory);
    const struct dirent *entry;
    unsigned count = 0;

    if (stream == NULL)
        die(directory);
    while ((entry = readdir(stream)) != NULL) {
        char path[PATH_MAX];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        replay(path);
        count++;
    }
    closedir(stream);
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++)
        count += replay_directory(argv[i]);
    printf("%u files\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
