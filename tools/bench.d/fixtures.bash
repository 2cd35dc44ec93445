# shellcheck shell=bash
# The material that the whole-command workloads work on, made anew for each run. Sourced by
# tools/bench.

gcc_files=16
gcc_functions=60
git_files=2000
shell_commands=300

# Prints the directory for the material: on a tmpfs where there is one with room, so that no disk
# is measured.
make_scratch() {
    local parent=${TMPDIR:-/tmp} available
    if [[ $(stat -f -c %T /dev/shm 2>/dev/null) == tmpfs && -w /dev/shm ]]; then
        available=$(df --output=avail -m /dev/shm | tail -n 1)
        ((available >= 200)) && parent=/dev/shm
    fi
    mktemp -d "$parent/endorun-bench.XXXXXX"
}

make_fixtures() { # WORKLOAD...
    local name
    mkdir "$scratch"/{home,cache,cold,database,redis}
    make_policy >"$scratch/policy.toml"
    for name; do
        case $name in
        shell) make_script >"$scratch/commands.sh" ;;
        sqlite_bulk) make_bulk_sql >"$scratch/sqlite_bulk.sql" ;;
        sqlite_commits) make_commits_sql >"$scratch/sqlite_commits.sql" ;;
        gcc) make_project ;;
        git_status) make_repository ;;
        esac
    done
}

# As wide as what it is compared with in files; sockets and calls are restricted too.
make_policy() {
    cat <<END
version = 1
[filesystem]
read = ["/**"]
exec = ["/**"]
write = ["$scratch/**", "/dev/**", "/tmp/**"]
[network]
connect = ["localhost"]
bind = ["localhost"]
families = ["inet", "inet6", "unix"]
[syscalls]
deny = ["@module", "ptrace", "kexec_load", "reboot"]
END
}

make_script() {
    local i
    local -a commands=("/bin/true" "/bin/echo word" "/usr/bin/basename a/b.c .c" "/usr/bin/expr 1 + 2"
        "/bin/uname" "/bin/cat /dev/null")
    echo "set -e"
    for ((i = 0; i < shell_commands; i++)); do
        echo "${commands[i % ${#commands[@]}]} >/dev/null"
    done
}

insert_statements() { # COUNT
    echo "CREATE TABLE entry(id INTEGER PRIMARY KEY, name TEXT NOT NULL, value REAL);"
    [[ $2 == one-transaction ]] && echo "BEGIN;"
    awk -v count="$1" 'BEGIN {
        for (i = 1; i <= count; i++)
            printf "INSERT INTO entry VALUES(%d, '\''name of entry %d'\'', %d.25);\n", i, i * 7, i * 3
    }'
    [[ $2 == one-transaction ]] && echo "COMMIT;"
    return 0
}

make_bulk_sql() {
    insert_statements 100000 one-transaction
}

make_commits_sql() {
    insert_statements 1000 single
}

# Each file includes some of the C library's headers, as real ones do: half of a compiler's system
# calls are spent on finding and reading them.
make_project() {
    local file
    mkdir "$scratch/project"
    for ((file = 0; file < gcc_files; file++)); do
        awk -v file="$file" -v functions="$gcc_functions" 'BEGIN {
            print "#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>"
            for (i = 0; i < functions; i++) {
                printf "int f%d_%d(const char *text, int n)\n{\n", file, i
                printf "    int sum = %d;\n    for (int i = 0; i < n && text[i]; i++)\n", i
                printf "        sum = sum * %d + (text[i] ^ i);\n", 31 + i
                printf "    return sum %% 7 ? sum : (int)strlen(text) + errno;\n}\n"
            }
        }' >"$scratch/project/part$file.c"
    done
    echo 'int main(void) { return 0; }' >"$scratch/project/main.c"
    # shellcheck disable=SC2016 # make expands these, not the shell
    printf 'objects := $(patsubst %%.c,%%.o,$(wildcard *.c))\nprogram: $(objects)\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -O1 -c -o $@ $<\n' \
        >"$scratch/project/Makefile"
}

make_repository() {
    local repository=$scratch/repository
    mkdir -p "$repository"
    awk -v count="$git_files" -v root="$repository" 'BEGIN {
        for (i = 0; i < count; i++) {
            directory = root "/directory" int(i / 50)
            if (i % 50 == 0) system("mkdir " directory)
            file = directory "/file" i
            print "content of file", i > file
            close(file)
        }
    }'
    git -C "$repository" init -q
    git -C "$repository" add .
    git -C "$repository" -c user.name=bench -c user.email=bench@localhost -c gc.auto=0 \
        commit -q -m "generated"
}
