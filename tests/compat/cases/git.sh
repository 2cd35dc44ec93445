# shellcheck shell=bash disable=SC2034
case_program="git"
case_exercises="init, commit of 500 files, branches, merge with conflict, rebase, stash, gc, fsck, clone by path, file:// and git://, hooks, bundle, worktree, bisect run; all commit IDs"
case_needs=(git:git)
case_timeout=120

work() {
    under bash "$PROGRAMS/git_work.sh" "$(amount 500 50)" "$(amount 20 2)"
    # The same objects over a daemon, which runs under endorun alone.
    local port
    port=$(free_port)
    start daemon git daemon --reuseaddr --listen=127.0.0.1 --port="$port" --export-all --base-path="$PWD" "$PWD/repo"
    wait_until 60 port_answers "$port"
    git clone -q "git://127.0.0.1:$port/repo" from-daemon
    git -C from-daemon log -1 --format=%H
    git -C from-daemon fsck --full 2>/dev/null
    stop "$started_pid" TERM
}
