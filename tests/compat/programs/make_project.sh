#!/bin/bash
# usage: make_project.sh FOLDER PARTS
# Writes a project of many C files and its Makefile into the folder; of the parts there are at least three.
set -eu
parts=$2
cd "$1"
for n in $(seq 1 "$parts"); do
    cat >"part$n.c" <<C
#include "parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

long part$n(long seed)
{
    int numbers[200];
    char text[64];
    for (int i = 0; i < 200; i++)
        numbers[i] = (int)((seed * 1103515245 + i * $n) % 1009);
    qsort(numbers, 200, sizeof numbers[0], compare);
    snprintf(text, sizeof text, "part %d: %d", $n, numbers[100]);
    return (long)strlen(text) + numbers[100] * $n;
}
C
done
{
    printf '#pragma once\n'
    for n in $(seq 1 "$parts"); do printf 'long part%d(long seed);\n' "$n"; done
    printf 'long shared_answer(void);\n'
} >parts.h
{
    printf '#include "parts.h"\n#include <stdio.h>\nint main(void)\n{\n    long sum = shared_answer();\n'
    for n in $(seq 1 "$parts"); do printf '    sum += part%d(sum);\n' "$n"; done
    printf '    printf("%%ld\\n", sum);\n    return 0;\n}\n'
} >main.c
printf 'long shared_answer(void);\nlong shared_answer(void)\n{\n    return 42;\n}\n' >shared.c
printf 'int broken(void)\n{\n    return undeclared;\n}\n' >broken1.c
printf 'int broken2(void)\n{\n    return 1\n}\n' >broken2.c
cat >Makefile <<'MAKE'
parts := $(patsubst %.c,%.o,$(sort $(wildcard part*.c)))
CFLAGS := -O2 -g -Wall -MMD -ffile-prefix-map=$(CURDIR)=.

program: main.o libparts.a libshared.so
	$(CC) -o $@ main.o -L. -lparts -lshared -Wl,-rpath,'$$ORIGIN'
libparts.a: $(parts)
	ar rcsD $@ $^
libshared.so: shared.c
	$(CC) $(CFLAGS) -fPIC -shared -flto -o $@ $<
broken: broken1.o broken2.o
question:
	@test "`echo shell`" = shell
	@for i in 1 2 3; do (exit 0) & done; wait
	+@$(MAKE) --no-print-directory inner
inner:
	@printf 'inner make, level %s\n' '$(MAKELEVEL)'
-include *.d
MAKE
