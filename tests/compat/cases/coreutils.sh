# shellcheck shell=bash disable=SC2034
case_program="coreutils"
case_exercises="ls cp mv rm ln stat install du df dd split csplit sort join cut paste tr comm head tail wc sums shuf seq factor timeout nohup nice env tee mktemp mkfifo truncate touch chmod date od numfmt"
case_needs=(ls:coreutils diff:diffutils)
case_timeout=120

work() {
    under bash "$PROGRAMS/coreutils_sweep.sh"
}

# Sizes and usage of the file system itself belong to the machine; inode numbers to the run.
normalise() {
    sed -E 's/^(df: ).*/\1/'
}
