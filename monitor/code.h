/*
 * Executable memory with protection keys. What the program can execute nobody can write, and it has
 * been searched, at every byte offset, for instructions that write PKRU or the GS base
 * (endorun/unsafe_instructions.h). All of this under memory_acquire(); nothing of it but
 * code_first_protection() is for a run without protection keys.
 *
 * Where bytes come from decides who can change them later: those of a file that the program cannot
 * write stay the file's pages; all others are copied to anonymous memory first.
 */
#ifndef ENDORUN_MONITOR_CODE_H
#define ENDORUN_MONITOR_CODE_H

#include "keys.h"

/* What stands in the place of XRSTOR: `call *%gs:offset` to gate_xrstor. */
#define RESOLVER_CALL_SIZE 8U

/* False: too many pieces; a call that changes mappings would say ENOMEM. */
bool code_has_room(void);

/* Where the first thread's stack ends, which may become executable and writable as it grows. */
void code_note_stack(uint64_t end);

/*
 * True: some page of the range was asked for writable and executable. With `to_write` all of them
 * are writable now. Unless the lock is held, another thread that executes one makes it unwritable
 * again.
 */
bool code_open(uint64_t start, uint64_t length, bool to_write);

/*
 * What is mapped first where `protection` is asked for: with protection keys, code is readable, to
 * be searched, and not executable yet.
 */
unsigned long code_first_protection(unsigned long protection);

/*
 * The program has mapped [start, start + length) of `fd` (-1: anonymous, zero) at `offset`, with
 * code_first_protection(), and asked for `protection`, which has PROT_EXEC. All that is known of
 * the range is what was set aside in it. 0, or a negative errno: EACCES where it is refused, with a
 * line that says what was found.
 */
long code_map(int fd, uint64_t start, uint64_t length, uint64_t offset, unsigned long protection,
              bool shared);

/*
 * Whole pages of a file's mapping that stay without execution, whatever is asked for, until they
 * are mapped anew or are to be writable and executable.
 */
void code_set_aside(uint64_t start, uint64_t length);

/* Memory of the monitor's, written for the program to execute: stubs. False: it holds one. */
bool code_admit(uint64_t start, uint64_t length);

/* The kernel's own code, for what stands beside it. */
void code_note_vdso(uint64_t start, uint64_t end);

/* mprotect(2) with PROT_EXEC. */
long code_protect(uint64_t start, uint64_t length, unsigned long protection);

/* The range is not executable any more; it is something else from now on. */
void code_close(uint64_t start, uint64_t length);
void code_forget(uint64_t start, uint64_t length);

/*
 * madvise(2) with an advice that drops pages. Those that were mapped from a file to be executed
 * stay: they would come back without what was changed in them, or, of a copy, as zeroes.
 */
long code_discard(uint64_t start, uint64_t length, int advice);

/*
 * Whether some page of the range can be executed; was asked for as writable and
 * executable; is any of that, or has come from a file to be executed.
 */
bool code_runs(uint64_t start, uint64_t length);
bool code_alternates(uint64_t start, uint64_t length);
bool code_touches(uint64_t start, uint64_t length);

/* Whether the program can execute all of it; whether some of it was set aside. */
bool code_is_executable(uint64_t start, uint64_t end);
bool code_is_aside(uint64_t start, uint64_t end);

/* Whether copies are executed of what stands in this page. */
bool code_is_stepped(uint64_t address);

/*
 * A page fault of the program. True: the page was asked for writable and executable, and is now the
 * one that was wanted; or it can't be, since it holds unsafe bytes by chance, or code that writes
 * to it, and what is to be executed there is done elsewhere: go on with these registers.
 */
bool code_fault(struct sigcontext *registers);

/* Behind such a copy, with RIP where the code goes on. */
void code_go_on(struct sigcontext *registers);

#endif
