# shellcheck shell=bash disable=SC2034
case_program="sudo, ping"
case_exercises="a set-user-ID file and one with file capabilities run without their privilege, with one warning; natively, a tracer has the same effect"
case_needs=(sudo:sudo ping:iputils-ping strace:strace)
case_timeout=60

# usage: unprivileged NAME COMMAND...
# Prints the command's own messages and status, and how many warnings of endorun's name it and its loss.
unprivileged() {
    local name=$1 status=0 warning
    shift
    warning="^endorun(\[[0-9]+\])?: .*/$name.*(set-user-ID|set-group-ID|set-uid|setuid|capabilit)"
    if [[ $LEG == native ]]; then
        # The kernel ignores both kinds of privilege when a traced program is executed.
        strace -f -qq -e trace=none -o /dev/null "$@" 2>messages || status=$?
        printf 'endorun: %s: set-user-ID or capabilities ignored\n' "/usr/bin/$name" >>messages
    else
        under "$@" 2>messages || status=$?
    fi
    printf '%s: status %d, warnings %d\n' "$name" "$status" "$(grep -cE "$warning" messages)"
    grep -vE "$warning" messages || true
}

work() {
    [[ $(id -u) -ne 0 ]] || {
        printf 'this case needs an unprivileged user\n' >&2
        return 1
    }
    unprivileged sudo sudo -n true
    unprivileged ping ping -c 1 -W 60 127.0.0.1
    # Started by a program under endorun: the same.
    unprivileged sudo sh -c 'sudo -n id -u; exit $?'
}
