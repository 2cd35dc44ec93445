# shellcheck shell=bash
# What the runner says. Sourced by run.

say() {
    printf 'compat: %s\n' "$*"
}

die() {
    printf 'compat: %s\n' "$*" >&2
    exit 2
}

# The first lines of a file, indented under the verdict that they explain.
show_head() {
    local file=$1 lines=${2:-40} total
    sed -n "1,${lines}s/^/    /p" "$file"
    total=$(wc -l <"$file")
    ((total <= lines)) || printf '    ... %d more lines\n' $((total - lines))
}
