"""Makes hostile ELF files, and the table of what endorun is to say to each: make_files.py DIRECTORY

All are a program of a few bytes that ends with status 42, with one thing wrong. The table, DIRECTORY/table, has a line
for each file: its name, what `endorun FILE` answers, and what becomes of a program under endorun that executes it,
separated by tabs. The first is the reason that endorun gives, or `native`; the second an errno, a signal, an exit
status, or `native`. `native` is what this kernel does without endorun. Anything else in the second place is where
endorun differs from the kernel on purpose: it loads nothing of a corrupt file, and says so before the old program is
gone, where the kernel loads parts of it, or finds out too late; and it maps nothing over what is mapped already.
"""
import os
import struct
import sys

PAGE = 4096
TASK_SIZE = 0x7FFFFFFFF000
BASE = 0x400000
HEADER, ENTRY = 64, 56  # bytes of the ELF header and of one program header
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
EM_386, EM_PPC64, EM_X86_64, EM_AARCH64 = 3, 21, 62, 183
PT_NULL, PT_LOAD, PT_INTERP, PT_PHDR, PT_GNU_STACK = 0, 1, 3, 6, 0x6474E551
X, W, R = 1, 2, 4
MAX = 0xFFFFFFFFFFFFFFFF
END_WITH_42 = bytes.fromhex("bf2a000000" "b83c000000" "0f05")  # mov $42,%edi; mov $60,%eax; syscall

TRUNCATED = "corrupt ELF file: it ends before what its headers announce"
HEADER_TABLE = "corrupt ELF file: bad size or number of program headers"
NO_SEGMENT = "corrupt ELF file: no segment to load"
SEGMENT = "corrupt ELF file: a segment wraps, is misaligned or larger in the file than in memory"
OVERLAP = "corrupt ELF file: segments overlap or are not in ascending order"
INTERPRETER_NAME = "corrupt ELF file: bad name of the program interpreter"
INTERPRETER_UNOPENED = "its program interpreter can't be opened"
INTERPRETER_CORRUPT = "its program interpreter is no valid ELF file for x86-64"
NOT_ELF = "not an ELF file"
NOT_64_BIT = "a 32-bit program; endorun runs 64-bit ones only"
MACHINE = "built for another processor than x86-64"
TYPE = "neither a program nor a position-independent object"
NO_MEMORY = "no memory for its segments"
TAKEN = "the fixed address it was linked for is taken"
NATIVE = "native"


def segment(kind=PT_LOAD, flags=R | X, offset=0, address=BASE, filesz=PAGE, memsz=None, align=PAGE):
    """One program header."""
    memsz = filesz if memsz is None else memsz
    return struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, filesz, memsz, align)


def elf(segments=None, kind=ET_EXEC, entry=BASE + 0x800, code=0x800, size=PAGE, **fields):
    """A file: headers, and the code at offset `code`. `fields` replace fields of the ELF header."""
    table = [segment()] if segments is None else segments
    head = {
        "ident": b"\x7fELF\x02\x01\x01" + bytes(9),
        "type": kind,
        "machine": EM_X86_64,
        "version": 1,
        "entry": entry,
        "phoff": HEADER,
        "shoff": 0,
        "flags": 0,
        "ehsize": HEADER,
        "phentsize": ENTRY,
        "phnum": len(table),
    }
    head.update(fields)
    data = struct.pack("<16sHHIQQQIHHHHHH", *head.values(), 64, 0, 0) + b"".join(table)
    assert len(data) <= code
    return (data.ljust(code, b"\0") + END_WITH_42).ljust(size, b"\0")


def with_interpreter(name, kind=ET_EXEC, more=(), load=None, **changes):
    """A program whose PT_INTERP holds the bytes `name`, at offset 0x700."""
    change = {"kind": PT_INTERP, "flags": R, "offset": 0x700, "address": BASE + 0x700, "filesz": len(name)}
    change.update(changes)
    data = bytearray(elf([segment(**change), load or segment(), *more], kind=kind))
    data[0x700 : 0x700 + len(name)] = name
    return bytes(data)


def zeroes(address, size):
    """A segment without bytes in the file."""
    return segment(flags=R | W, offset=address % PAGE, address=address, filesz=0, memsz=size)


def at(*ranges, kind=ET_EXEC, entry=BASE + 0x800):
    """A program with these further segments (address, memsz) behind the first, without bytes in the file."""
    return elf([segment(), *(zeroes(address, size) for address, size in ranges)], kind=kind, entry=entry)


def headers():
    """Yields (name, bytes, answer to the command, answer to a program's execve)."""
    whole = elf()
    yield "sound", whole, "exit 42", "exit 42"
    yield "sound-pie", elf(kind=ET_DYN), "exit 42", "exit 42"
    yield "sound-interpreted", with_interpreter(b"./sound-pie\0", kind=ET_DYN), "exit 42", "exit 42"
    for size in (0, 3, 4, 16, 52, 63, 64, 65, 64 + 55):
        yield f"truncated-{size}", whole[:size], TRUNCATED, NATIVE
    yield "truncated-before-code", whole[: 64 + 56], TRUNCATED, "ENOEXEC"
    yield "truncated-last-byte", whole[:-1], TRUNCATED, "ENOEXEC"
    yield "phnum-0", elf(phnum=0), HEADER_TABLE, NATIVE
    yield "phnum-behind-end", elf(phnum=100), TRUNCATED, NATIVE
    yield "phnum-1170-behind-end", elf(phnum=1170), TRUNCATED, NATIVE
    yield "phnum-1171", elf(phnum=1171, size=1 << 17), HEADER_TABLE, NATIVE
    yield "phnum-max", elf(phnum=0xFFFF, size=1 << 22), HEADER_TABLE, NATIVE
    yield "phentsize-0", elf(phentsize=0), HEADER_TABLE, NATIVE
    yield "phentsize-55", elf(phentsize=55), HEADER_TABLE, NATIVE
    yield "phentsize-max", elf(phentsize=0xFFFF), HEADER_TABLE, NATIVE
    yield "phoff-behind-end", elf(phoff=1 << 20), TRUNCATED, NATIVE
    yield "phoff-negative", elf(phoff=1 << 63), TRUNCATED, NATIVE
    yield "phoff-max", elf(phoff=MAX), TRUNCATED, NATIVE
    yield "bad-magic", b"\x7fELG" + whole[4:], NOT_ELF, NATIVE
    yield "class-0", whole[:4] + b"\0" + whole[5:], NOT_ELF, "ENOEXEC"
    yield "class-32", elf(ident=b"\x7fELF\x01\x01\x01" + bytes(9), machine=EM_386), NOT_64_BIT, NATIVE
    yield "big-endian", elf(ident=b"\x7fELF\x02\x02\x01" + bytes(9), machine=EM_PPC64 << 8), MACHINE, NATIVE
    yield "machine-aarch64", elf(machine=EM_AARCH64), MACHINE, NATIVE
    yield "type-rel", elf(kind=ET_REL), TYPE, NATIVE
    yield "type-core", elf(kind=ET_CORE), TYPE, NATIVE
    yield "type-max", elf(kind=0xFFFF), TYPE, NATIVE


def segments():
    """The same, of what is wrong with PT_LOAD."""
    text = segment()
    yield "no-load", elf([segment(kind=PT_NULL)]), NO_SEGMENT, "ENOEXEC"
    yield "load-empty", elf([segment(filesz=0)]), NO_SEGMENT, "ENOEXEC"
    yield "filesz-above-memsz", elf([segment(filesz=PAGE, memsz=PAGE - 1)]), SEGMENT, "ENOEXEC"
    yield "filesz-max", elf([segment(filesz=MAX)]), SEGMENT, "ENOEXEC"
    yield "memsz-max", elf([segment(memsz=MAX)]), SEGMENT, "ENOEXEC"
    yield "memsz-wraps", elf([segment(memsz=MAX - BASE + 1)]), SEGMENT, "ENOEXEC"
    yield "memsz-to-end-of-memory", elf([segment(memsz=TASK_SIZE - BASE)]), TAKEN, NATIVE
    yield "vaddr-max", elf([segment(address=MAX & -PAGE)]), SEGMENT, "ENOEXEC"
    yield "vaddr-kernel", elf([segment(address=0xFFFFFFFF80000000)]), SEGMENT, "ENOEXEC"
    yield "vaddr-hole", elf([segment(address=1 << 62)]), SEGMENT, "ENOEXEC"
    yield "vaddr-crosses-end", elf([segment(address=TASK_SIZE - PAGE, memsz=2 * PAGE)]), SEGMENT, "ENOEXEC"
    yield "vaddr-0", elf([segment(address=0)], entry=0x800), SEGMENT, "ENOEXEC"
    yield "offset-misaligned", elf([segment(offset=1)]), SEGMENT, "ENOEXEC"
    yield "vaddr-misaligned", elf([segment(address=BASE + 1)]), SEGMENT, "ENOEXEC"
    yield "offset-max", elf([segment(offset=MAX & -PAGE)]), TRUNCATED, "ENOEXEC"
    yield "offset-negative", elf([segment(offset=1 << 63)]), TRUNCATED, "ENOEXEC"
    yield "offset-behind-end", elf([segment(offset=1 << 20)]), TRUNCATED, "ENOEXEC"
    yield "overlap-whole", elf([text, text]), OVERLAP, "ENOEXEC"
    yield "overlap-one-byte", elf([text, segment(offset=PAGE - 1, address=BASE + PAGE - 1, filesz=1)]), OVERLAP, "ENOEXEC"
    yield "descending", elf([segment(address=2 * BASE), text]), OVERLAP, "ENOEXEC"
    yield "align-max", elf([segment(align=MAX)]), NATIVE, NATIVE
    yield "align-3", elf([segment(align=3)], kind=ET_DYN), NATIVE, NATIVE
    yield "align-63-bits", elf([segment(align=1 << 63)], kind=ET_DYN), "exit 42", "exit 42"
    yield "align-46-bits", elf([segment(align=1 << 46)], kind=ET_DYN), NATIVE, NATIVE
    yield "bss-everything", at((BASE + PAGE, TASK_SIZE - BASE - PAGE)), TAKEN, NATIVE
    yield "pie-everything", at((BASE + PAGE, TASK_SIZE - BASE - PAGE), kind=ET_DYN), NO_MEMORY, NATIVE
    yield "bss-not-writable", elf([segment(memsz=4 * PAGE)]), NATIVE, NATIVE
    yield "bss-alone", at((BASE + PAGE, 64 * PAGE)), NATIVE, NATIVE
    yield "bss-alone-odd-address", at((BASE + PAGE + 0x300, PAGE)), "exit 42", "exit 42"
    yield "bss-alone-odd-offset", elf([text, segment(flags=R | W, address=BASE + PAGE, offset=9, filesz=0, memsz=PAGE)]), "exit 42", "exit 42"
    yield "bss-4-gib", at((BASE + PAGE, 1 << 32)), NATIVE, NATIVE
    apart = [segment(address=BASE + i * 0x10000) for i in range(30)]
    yield "segments-30", elf(apart), NATIVE, NATIVE
    many = [segment(address=BASE + 0x20000 + i * 2 * PAGE, filesz=1) for i in range(1169)]
    long = segment(filesz=0x12000)
    yield "segments-1170", elf([long, *many], code=0x11000, size=0x12000, entry=BASE + 0x11000), NATIVE, NATIVE
    yield "over-stack", elf([segment(address=TASK_SIZE - PAGE)], entry=TASK_SIZE - PAGE + 0x800), NATIVE, NATIVE
    yield "protection-none", elf([segment(flags=0)]), NATIVE, NATIVE
    yield "protection-write", elf([segment(flags=W)]), NATIVE, NATIVE
    yield "protection-all", elf([segment(flags=R | W | X)]), NATIVE, NATIVE
    yield "stack-executable", elf([text, segment(kind=PT_GNU_STACK, flags=R | W | X, filesz=0)]), NATIVE, NATIVE
    yield "phdr-nonsense", elf([segment(kind=PT_PHDR, offset=MAX, address=MAX, filesz=MAX), text]), NATIVE, NATIVE


def entries():
    """Entry points that lead nowhere: that is the program's own end, as natively."""
    for name, entry in (
        ("behind-segments", BASE + 16 * PAGE),
        ("0", 0),
        ("kernel", 0xFFFFFFFF81000000),
        ("max", MAX),
        ("hole", 1 << 62),
        ("end-of-memory", TASK_SIZE),
        ("vsyscall", 0xFFFFFFFFFF600000),
    ):
        yield f"entry-{name}", elf(entry=entry), NATIVE, NATIVE
    yield "entry-in-data", elf([segment(flags=R | W)]), NATIVE, NATIVE
    yield "pie-entry-max", elf(kind=ET_DYN, entry=MAX), NATIVE, NATIVE


def interpreters():
    """Interpreters; the names are relative, so that they are found in the directory of the files."""
    yield "interpreter-missing", with_interpreter(b"./nothing\0"), INTERPRETER_UNOPENED, NATIVE
    yield "interpreter-directory", with_interpreter(b".\0"), "is a directory", NATIVE
    yield "interpreter-device", with_interpreter(b"/dev/null\0"), "not a regular file", NATIVE
    yield "interpreter-text", with_interpreter(b"./table\0"), INTERPRETER_CORRUPT, NATIVE
    yield "interpreter-no-nul", with_interpreter(b"./nothing"), INTERPRETER_NAME, NATIVE
    yield "interpreter-empty", with_interpreter(b"\0\0"), INTERPRETER_UNOPENED, NATIVE
    yield "interpreter-1-byte", with_interpreter(b"\0"), INTERPRETER_NAME, NATIVE
    yield "interpreter-0-bytes", with_interpreter(b""), INTERPRETER_NAME, NATIVE
    yield "interpreter-too-long", with_interpreter(b"./a\0", filesz=PAGE + 1), INTERPRETER_NAME, NATIVE
    yield "interpreter-size-max", with_interpreter(b"./a\0", filesz=MAX), INTERPRETER_NAME, NATIVE
    yield "interpreter-behind-end", with_interpreter(b"./a\0", offset=1 << 20), TRUNCATED, "ENOEXEC"
    yield "interpreter-offset-max", with_interpreter(b"./a\0", offset=MAX), TRUNCATED, "ENOEXEC"
    yield "interpreter-32-bit", with_interpreter(b"./class-32\0"), INTERPRETER_CORRUPT, NATIVE
    yield "interpreter-aarch64", with_interpreter(b"./machine-aarch64\0"), INTERPRETER_CORRUPT, NATIVE
    yield "interpreter-truncated", with_interpreter(b"./truncated-64\0"), INTERPRETER_CORRUPT, NATIVE
    yield "interpreter-empty-file", with_interpreter(b"./truncated-0\0"), INTERPRETER_CORRUPT, "ELIBBAD"
    yield "interpreter-core", with_interpreter(b"./type-core\0"), INTERPRETER_CORRUPT, "ELIBBAD"
    yield "interpreter-no-load", with_interpreter(b"./no-load\0"), INTERPRETER_CORRUPT, "ELIBBAD"
    yield "interpreter-overlap", with_interpreter(b"./overlap-whole\0"), INTERPRETER_CORRUPT, "ELIBBAD"
    yield "interpreter-wraps", with_interpreter(b"./memsz-wraps\0"), INTERPRETER_CORRUPT, "ELIBBAD"
    yield "interpreter-itself", with_interpreter(b"./interpreter-itself\0"), TAKEN, "SIGSEGV"
    yield "interpreter-over-program", with_interpreter(b"./sound\0"), TAKEN, "SIGSEGV"
    yield "interpreter-at-0", with_interpreter(b"./vaddr-0\0"), INTERPRETER_CORRUPT, "ELIBBAD"
    pie = {"name": b"./sound-pie\0", "kind": ET_DYN}
    yield "interpreted-align-46-bits", with_interpreter(load=segment(align=1 << 46), **pie), NATIVE, NATIVE
    yield "interpreted-align-63-bits", with_interpreter(load=segment(align=1 << 63), **pie), "exit 42", "exit 42"
    yield "interpreted-high", with_interpreter(more=[zeroes(TASK_SIZE - PAGE, PAGE)], **pie), NO_MEMORY, NATIVE
    two = segment(kind=PT_INTERP, offset=MAX, filesz=MAX)
    yield "interpreters-two", with_interpreter(more=[two], **pie), NATIVE, NATIVE
    yield "interpreter-entry-hole", with_interpreter(b"./interpreter-of-hole\0"), NATIVE, NATIVE
    yield "interpreter-of-hole", elf(kind=ET_DYN, entry=1 << 62), NATIVE, NATIVE


def main():
    """Writes the files and the table."""
    directory = sys.argv[1]
    with open(os.path.join(directory, "table"), "w", encoding="ascii") as table:
        for source in (headers, segments, entries, interpreters):
            for name, data, command, execve in source():
                path = os.path.join(directory, name)
                with open(path, "wb") as file:
                    file.write(data)
                os.chmod(path, 0o755)
                table.write(f"{name}\t{command}\t{execve}\n")
    os.chmod(os.path.join(directory, "table"), 0o755)  # interpreter-text executes it


main()
