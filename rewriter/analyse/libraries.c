#include "libraries.h"

#include "failure.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct named_function {
    const char *name;
    size_t member; /* offset of the pointer in the table */
};

/* Fills the table at `table`. Returns 0, or -1 with a message that names what is missing. */
static int load(const char *soname, const char *package, const struct named_function *functions,
                size_t count, void *table, char *error)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        return fail(error,
                    "cannot load %s, which making a patch plan needs: %s "
                    "(Debian has it in package %s)",
                    soname, dlerror(), package);
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(library, functions[i].name);

        if (function == NULL) {
            dlclose(library);
            return fail(error, "%s lacks the function %s", soname, functions[i].name);
        }
        memcpy((char *)table + functions[i].member, &function, sizeof(function));
    }
    return 0;
}

const struct elf_library *elf_library(char *error)
{
#define ELF_MEMBER(function) {#function, offsetof(struct elf_library, function)},
    static const struct named_function functions[] = {ELF_LIBRARY_FUNCTIONS(ELF_MEMBER)};
    static struct elf_library table;
    static bool loaded;

    if (loaded)
        return &table;
    if (load(ENDORUN_LIBELF_SONAME, "libelf1", functions, sizeof(functions) / sizeof(functions[0]),
             &table, error) != 0)
        return NULL;
    if (table.elf_version(EV_CURRENT) == EV_NONE) {
        fail(error, "%s does not know ELF version %d", ENDORUN_LIBELF_SONAME, EV_CURRENT);
        return NULL;
    }
    loaded = true;
    return &table;
}

const struct zydis_library *zydis_library(char *error)
{
#define ZYDIS_MEMBER(function) {#function, offsetof(struct zydis_library, function)},
    static const struct named_function functions[] = {ZYDIS_LIBRARY_FUNCTIONS(ZYDIS_MEMBER)};
    static struct zydis_library table;
    static bool loaded;
    ZyanU64 version;

    if (loaded)
        return &table;
    if (load(ENDORUN_ZYDIS_SONAME, "libzydis4.0", functions,
             sizeof(functions) / sizeof(functions[0]), &table, error) != 0)
        return NULL;

    /* Its structures differ between minor versions; the soname alone does not promise the same. */
    version = table.ZydisGetVersion();
    if (ZYDIS_VERSION_MAJOR(version) != ZYDIS_VERSION_MAJOR(ZYDIS_VERSION) ||
        ZYDIS_VERSION_MINOR(version) != ZYDIS_VERSION_MINOR(ZYDIS_VERSION)) {
        fail(error, "%s is version %u.%u, built for %u.%u", ENDORUN_ZYDIS_SONAME,
             (unsigned)ZYDIS_VERSION_MAJOR(version), (unsigned)ZYDIS_VERSION_MINOR(version),
             (unsigned)ZYDIS_VERSION_MAJOR(ZYDIS_VERSION),
             (unsigned)ZYDIS_VERSION_MINOR(ZYDIS_VERSION));
        return NULL;
    }
    loaded = true;
    return &table;
}
