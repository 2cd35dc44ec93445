#!/bin/bash
# tools/check-style refuses what it is there to refuse: each fault once, in a small tree.
set -euo pipefail

root=$(realpath "$(dirname "$(realpath "$0")")/../..")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$tree"/{include,loader,monitor,policy,rewriter,tests,tools,.ci}
cp "$root"/{.clang-format,.clang-tidy,.shellcheckrc} "$tree/"
cp "$root/tools/check-style" "$tree/tools/"

# expect accepted|refused WHAT ARGUMENT...
expect()
{
    local wanted=$1 what=$2 got=accepted
    shift 2
    "$tree/tools/check-style" "$@" >"$tree/said" 2>&1 || got=refused
    if [[ $got != "$wanted" ]]; then
        echo "$what: $got"
        cat "$tree/said"
        exit 1
    fi
}

good='int twice(int number);\n\nint twice(int number)\n{\n    return 2 * number;\n}\n'
# shellcheck disable=SC2059 # it is a format
printf "$good" >"$tree/monitor/good.c"
expect accepted "a clean tree"

echo 'int  twice( int number ) ;' >"$tree/loader/bad.h"
expect refused "a badly formatted header"
rm "$tree/loader/bad.h"

printf '#!/bin/bash\nrm %s1\n' '$' >"$tree/tools/script"
expect refused "an unquoted variable in a script without suffix"
printf '# shellcheck shell=bash\nrm %s1\n' '$' >"$tree/tools/script.bash"
rm "$tree/tools/script"
expect refused "an unquoted variable in a .bash file"
rm "$tree/tools/script.bash"

# The compilation database that cmake would write.
compile()
{
    printf '[\n{\n  "directory": "%s",\n  "command": "cc -c %s",\n  "file": "%s"\n}\n]\n' \
        "$tree" "$tree/monitor/$1" "$tree/monitor/$1" >"$tree/compile_commands.json"
}

compile good.c
expect accepted "a clean file, by clang-tidy" --tidy "$tree"
printf 'int loop(char *text);\n\nint loop(char *text)\n{\n    return sizeof(text) == sizeof(text);\n}\n' >"$tree/monitor/bad.c"
compile bad.c
expect refused "an expression that is always true, by clang-tidy" --tidy "$tree"
echo '[]' >"$tree/compile_commands.json"
expect refused "a build that compiles nothing of the project" --tidy "$tree"
