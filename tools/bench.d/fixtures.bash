# shellcheck shell=bash
# The material that the whole-command workloads work on, made anew for each run. Sourced by
# tools/bench.

gcc_files=16
gcc_functions=60
large_functions=1000
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
    mkdir "$scratch"/{home,cache,cold,database,redis,nginx,traces}
    make_policy >"$scratch/policy.toml"
    for name; do
        case $name in
        shell) make_script >"$scratch/commands.sh" ;;
        sqlite_bulk) make_bulk_sql >"$scratch/sqlite_bulk.sql" ;;
        sqlite_commits) make_commits_sql >"$scratch/sqlite_commits.sql" ;;
        gcc) make_project ;;
        gcc_large) make_functions 0 "$large_functions" >"$scratch/large.c" ;;
        git_status) make_repository ;;
        nginx) make_site ;;
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

# The policy that a workload runs under in `endorun-policy`.
policy_for() { # WORKLOAD
    case $1 in
    redis | nginx) echo "$scratch/policy-$1.toml" ;; # written when its port is known
    *) echo "$scratch/policy.toml" ;;
    esac
}

# A shipped profile, and what a server needs beside it that has its files in FOLDER.
make_server_policy() { # PROFILE FOLDER PORT
    cat <<END
version = 1
include = ["@$1"]
[filesystem]
read = ["$2/**"]
write = ["$2/**"]
[network]
bind = ["127.0.0.1:$3"]
END
}

# `whose` tells this server from another that has taken its port.
make_site() {
    local site=$scratch/nginx/site
    mkdir "$site"
    awk 'BEGIN { while (size++ < 2048) print "line of a file that is served" }' >"$scratch/nginx/text"
    head -c 1024 "$scratch/nginx/text" >"$site/1k"
    head -c 65536 "$scratch/nginx/text" >"$site/64k"
    echo "$scratch" >"$site/whose"
}

# As Debian's, as far as it moves the numbers: a line of the log for each request, files sent by sendfile.
make_nginx_configuration() { # FOLDER PORT
    cat <<END
daemon off;
worker_processes 1;
pid $1/pid;
error_log $1/error.log warn;
events { worker_connections 768; }
http {
    access_log $1/access.log;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path $1/body;
    proxy_temp_path $1/proxy;
    fastcgi_temp_path $1/fastcgi;
    uwsgi_temp_path $1/uwsgi;
    scgi_temp_path $1/scgi;
    keepalive_requests 1000000;
    server {
        listen 127.0.0.1:$2;
        root $1/site;
    }
}
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
make_functions() { # FILE COUNT
    awk -v file="$1" -v functions="$2" 'BEGIN {
        print "#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>"
        for (i = 0; i < functions; i++) {
            printf "int f%d_%d(const char *text, int n)\n{\n", file, i
            printf "    int sum = %d;\n    for (int i = 0; i < n && text[i]; i++)\n", i
            printf "        sum = sum * %d + (text[i] ^ i);\n", 31 + i
            printf "    return sum %% 7 ? sum : (int)strlen(text) + errno;\n}\n"
        }
    }'
}

make_project() {
    local file
    mkdir "$scratch/project"
    for ((file = 0; file < gcc_files; file++)); do
        make_functions "$file" "$gcc_functions" >"$scratch/project/part$file.c"
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
