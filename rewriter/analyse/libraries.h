/*
 * libelf and Zydis as tables of function pointers. The endorun executable is not linked with them:
 * most runs find every plan in the cache and need neither, and loading both costs more than such a
 * run's whole start. Types, constants and macros come from their headers.
 */
#ifndef ENDORUN_ANALYSE_LIBRARIES_H
#define ENDORUN_ANALYSE_LIBRARIES_H

#include <Zydis/Zydis.h>
#include <libelf.h>

#define ELF_LIBRARY_FUNCTIONS(FUNCTION)                                                            \
    FUNCTION(elf_version)                                                                          \
    FUNCTION(elf_begin)                                                                            \
    FUNCTION(elf_end)                                                                              \
    FUNCTION(elf_errmsg)                                                                           \
    FUNCTION(elf_kind)                                                                             \
    FUNCTION(elf_getident)                                                                         \
    FUNCTION(elf64_getehdr)                                                                        \
    FUNCTION(elf_getphdrnum)                                                                       \
    FUNCTION(elf64_getphdr)                                                                        \
    FUNCTION(elf_nextscn)                                                                          \
    FUNCTION(elf_getscn)                                                                           \
    FUNCTION(elf64_getshdr)                                                                        \
    FUNCTION(elf_getshdrstrndx)                                                                    \
    FUNCTION(elf_strptr)                                                                           \
    FUNCTION(elf_rawdata)                                                                          \
    FUNCTION(elf_getdata_rawchunk)

#define ZYDIS_LIBRARY_FUNCTIONS(FUNCTION)                                                          \
    FUNCTION(ZydisGetVersion)                                                                      \
    FUNCTION(ZydisDecoderInit)                                                                     \
    FUNCTION(ZydisDecoderDecodeInstruction)                                                        \
    FUNCTION(ZydisDecoderDecodeOperands)

#define LIBRARY_MEMBER(name) __typeof__(name) *name;

struct elf_library {
    ELF_LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
};

struct zydis_library {
    ZYDIS_LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
};

/* Each loads its library at the first call. NULL with a message when that fails. */
const struct elf_library *elf_library(char *error);
const struct zydis_library *zydis_library(char *error);

#endif
