# For the scripts of tools/: where things are, and how they say that something is wrong.
# shellcheck shell=bash

# use_checkout CHECKOUT BUILD
use_checkout()
{
    checkout=$1
    build=$2
    # The command, as the build leaves it.
    built_endorun=$build/loader/command/endorun
}

die()
{
    echo "$program: $*" >&2
    exit 1
}

say()
{
    echo "== $*"
}

program=tools/$(basename "$0")
tree=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
use_checkout "$tree" "$(realpath -m "${ENDORUN_BUILD:-$tree/build}")"
