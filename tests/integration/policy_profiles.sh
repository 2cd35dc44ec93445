#!/bin/bash
# The built-in profiles, each with the program that it is for: it does its work without a denial, and nothing beside it.
# shellcheck disable=SC2016 # what is in single quotes is for the shell that is run
set -euo pipefail
source "${BASH_SOURCE[0]%/*}/harness.bash"

isolation=()
"$ENDORUN" --check | grep -qE '^--isolation=auto +is pkey' || isolation=(--isolation=kernel)
export HOME=$work/home LANG=C.UTF-8
unset XDG_CACHE_HOME LESS PAGER TMPDIR
mkdir -p home/.ssh data
echo key >home/.ssh/id
# Some programs ask for the user's home instead of $HOME.
own_home=$(getent passwd "$(id -u)" | cut -d: -f6)
here=$(pwd -P)

# policy NAME [LINE...]: a policy of the profile, the folder data, and these lines of TOML.
policy() {
    {
        printf 'version = 1\ninclude = ["@%s"]\n' "$1"
        printf '%s\n' "${@:2}"
        printf '[filesystem]\nread = ["./data/**", "%s/.*"]\nwrite = ["./data/**"]\nexec = ["./data/**"]\n' "$own_home"
    } >"$1.toml"
}
# under NAME COMMAND...: in the folder data.
under() {
    local name=$1
    shift
    (cd data && "$ENDORUN" "${isolation[@]}" --policy "../$name.toml" -- "$@")
}
# works NAME WANTED COMMAND...: what it prints, and no denial.
works() {
    local name=$1 wanted=$2 status=0
    shift 2
    under "$name" "$@" >out 2>err || status=$?
    expect_equal "$name: status" 0 "$status"
    expect_equal "$name: output" "$wanted" "$(<out)"
    ! grep 'denied:' err || problem "$name: a denial"
    refuses "$name"
}
refuses() {
    local call
    for call in 'open("/etc/shadow", O_RDONLY)' 'unlink("/usr/bin/env")' 'execve("/usr/bin/env")' 'open("~/.ssh/id", O_RDONLY)' \
        'connect(3, "192.0.2.1:25")'; do
        ! "$ENDORUN" policy test "$1.toml" "${call/\~/$HOME}" >verdict || problem "$1: $call: $(<verdict)"
    done
}
has() {
    [[ -x $1 ]] || {
        echo "not run: there is no $1"
        return 1
    }
}
free_port() {
    local port=$((20000 + RANDOM % 10000)) # no client of another test is given one of these
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((20000 + RANDOM % 10000))
    done
    echo "$port"
}
answers() { # PORT
    for _ in $(seq 300); do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
        sleep 0.1
    done
    problem "nothing answers on port $1"
}

if has /usr/bin/git; then
    policy git
    works git "message" /usr/bin/git -c init.defaultBranch=main -c alias.all='!git init -q r && cd r && git config user.email a@b && git config user.name n && echo a >f && git add f && git commit -qm message && git gc -q && git clone -q . ../clone && git -C ../clone log --format=%s' all
fi
if has /usr/bin/python3; then
    policy python3
    echo 'value = 7' >data/module.py
    works python3 '7 1' /usr/bin/python3 -c 'import module, json, ssl, sqlite3, tempfile, threading, zlib; print(module.value, json.loads("1"))'
fi
if has /usr/bin/node; then
    policy node
    works node 'x 2' /usr/bin/node -e 'const fs = require("fs"); fs.writeFileSync("o", "x"); new (require("worker_threads").Worker)("1", {eval: true}).on("exit", () => console.log(fs.readFileSync("o").toString(), 1 + 1))'
fi
if has /usr/bin/gcc; then
    policy gcc
    printf '#include <stdio.h>\nint main(void) { return puts("compiled") < 0; }\n' >data/program.c
    works gcc '' /usr/bin/gcc -O1 -o program program.c
    expect_equal "what gcc has made" compiled "$(data/program)"
fi
if has /usr/bin/sqlite3; then
    policy sqlite3
    works sqlite3 1 /usr/bin/sqlite3 db 'create table t(a); insert into t values(1); select * from t;'
fi
if has /usr/bin/tar; then
    policy tar
    mkdir -p data/folder
    echo text >data/folder/file
    works tar '' /usr/bin/tar czf x.tgz folder
    works tar $'folder/\nfolder/file' /usr/bin/tar tzf x.tgz
fi
if has /usr/bin/convert && /usr/bin/convert --version | grep -q ImageMagick; then
    policy convert
    works convert '' /usr/bin/convert -size 64x64 gradient:red-blue in.png
    works convert '8x4 JPEG' /usr/bin/convert in.png -resize '8x4!' -write out.jpg -format '%wx%h JPEG' info:-
    [[ -s data/out.jpg ]] || problem "convert has made no image"
fi
if has /usr/bin/curl && has /usr/bin/python3; then
    port=$(free_port)
    (cd data && exec /usr/bin/python3 -m http.server --bind 127.0.0.1 "$port" >/dev/null 2>&1) &
    server=$!
    answers "$port"
    echo page >data/page
    policy curl '[network]' "connect = [\"127.0.0.1:$port\"]"
    works curl page /usr/bin/curl -s "http://localhost:$port/page"
    kill "$server"
    wait "$server" || true
fi
if has /usr/bin/redis-server && has /usr/bin/redis-cli; then
    port=$(free_port)
    policy redis-server '[network]' "bind = [\"127.0.0.1:$port\"]"
    (under redis-server /usr/bin/redis-server --port "$port" --bind 127.0.0.1 --dir "$here/data" --save '' --daemonize no >redis.out 2>&1) &
    server=$!
    answers "$port"
    expect_equal "redis" OK "$(redis-cli -p "$port" set key value)"
    expect_equal "redis: BGSAVE" "Background saving started" "$(redis-cli -p "$port" bgsave)"
    sleep 1
    redis-cli -p "$port" shutdown nosave || true
    wait "$server" || true
    ! grep 'denied:' redis.out || problem "redis-server: a denial"
    refuses redis-server
fi
if has /usr/sbin/nginx; then
    port=$(free_port)
    policy nginx '[network]' "bind = [\"127.0.0.1:$port\"]"
    mkdir -p data/www data/tmp
    echo page >data/www/index.html
    cat >data/nginx.conf <<END
$([[ $(id -u) != 0 ]] || echo "user root;")
worker_processes 2;
daemon off;
pid $here/data/nginx.pid;
error_log $here/data/error.log;
events { worker_connections 64; }
http {
    access_log $here/data/access.log;
    client_body_temp_path $here/data/tmp/a; proxy_temp_path $here/data/tmp/b; fastcgi_temp_path $here/data/tmp/c;
    uwsgi_temp_path $here/data/tmp/d; scgi_temp_path $here/data/tmp/e;
    server { listen 127.0.0.1:$port; root $here/data/www; }
}
END
    (under nginx /usr/sbin/nginx -c "$here/data/nginx.conf" >nginx.out 2>&1) &
    server=$!
    answers "$port"
    expect_equal "nginx" page "$(/usr/bin/python3 -c "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:$port/').read().decode().strip())")"
    kill -QUIT "$(<data/nginx.pid)"
    wait "$server" || true
    # What it logs to before it has read its configuration belongs to the user that Debian starts it as.
    ! grep 'denied:' nginx.out || problem "nginx: a denial"
    refuses nginx
fi
postgres=
for folder in /usr/lib/postgresql/*/bin; do
    postgres=$folder
done
if has "$postgres/initdb" && [[ $(id -u) != 0 ]]; then
    port=$(free_port)
    policy postgres '[network]' "bind = [\"127.0.0.1:$port\", \"[::1]:*\", \"127.0.0.1:0\", \"unix:./data/*\"]"
    under postgres "$postgres/initdb" -D "$here/data/cluster" -A trust --no-sync >initdb.out 2>&1 || problem "initdb: $(tail -n 3 initdb.out)"
    ! grep 'denied:' initdb.out || problem "initdb: a denial"
    (under postgres "$postgres/postgres" -D "$here/data/cluster" -p "$port" -k "$here/data" -c listen_addresses=127.0.0.1 >postgres.out 2>&1) &
    server=$!
    answers "$port"
    # It refuses connections until it has started up.
    for _ in $(seq 300); do
        ! "$postgres/pg_isready" -q -h 127.0.0.1 -p "$port" || break
        sleep 0.1
    done
    expect_equal "postgres" 42 "$("$postgres/psql" -h 127.0.0.1 -p "$port" -d postgres -Atc 'select 6 * 7')"
    "$postgres/pg_ctl" -D "$here/data/cluster" -m fast -t 500 stop >/dev/null
    wait "$server" || true
    ! grep 'denied:' postgres.out || problem "postgres: a denial"
    refuses postgres
fi
conclude
