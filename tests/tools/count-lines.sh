#!/bin/bash
# tools/count-lines counts what is linked in or included, each file once, and refuses what is over the limit.
set -euo pipefail

count_lines=$(dirname "$(realpath "$0")")/../../tools/count-lines
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

fail()
{
    echo "$*" >&2
    exit 1
}

# counted WANTED: the total that is printed
counted()
{
    local total
    total=$("$count_lines" "$tree" | awk '$1 == "total" { print $2 }')
    [[ $total == "$1" ]] || fail "wanted $1 lines, counted $total"
}

mkdir -p "$tree"/{monitor,loader/image,loader/command,rewriter/apply,include/endorun}
printf '#include <stddef.h>\n#include "b.h"\n#include "generated.h"\n' >"$tree/monitor/a.c"
printf 'nop\n\nnop\n' >"$tree/monitor/gate.S"
printf '#include "endorun/shared.h"\n#include "../loader/image/elf.h"\n' >"$tree/monitor/b.h"
printf '# include "../../monitor/b.h"\n' >"$tree/loader/image/elf.h"
printf '// one line\n' >"$tree/rewriter/apply/apply.c"
printf 'a\nb\nc\n' >"$tree/include/endorun/shared.h"
printf 'not the monitor\n' >"$tree/loader/command/main.c"
printf 'not included\n' >"$tree/include/endorun/other.h"
printf 'not source\n' >"$tree/monitor/README.md"
counted 13

printf ';%.0s\n' {1..7992} >"$tree/monitor/long.c"
counted 8005
echo ';' >>"$tree/monitor/long.c"
if "$count_lines" "$tree" >/dev/null 2>&1; then
    fail "8001 lines of the monitor were accepted"
fi
find "$tree" -mindepth 1 -delete
if "$count_lines" "$tree" >/dev/null 2>&1; then
    fail "an empty tree was accepted"
fi
