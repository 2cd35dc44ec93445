# A root caller builds and tests as somebody else: root would hide permission errors, and would leave files behind that
# the next caller cannot write.
# shellcheck shell=bash

# Sets test_uid and test_gid: the user named by ENDORUN_TEST_USER, or the owner of the checkout, or nobody.
choose_user()
{
    local user=${ENDORUN_TEST_USER:-}
    if [[ -z $user ]]; then
        user=$(stat --format=%u "$checkout")
        [[ $user != 0 ]] || user=nobody
    fi
    if [[ $user =~ ^[0-9]+$ ]]; then
        test_uid=$user
        test_gid=$(stat --format=%g "$checkout")
        [[ $(stat --format=%u "$checkout") == "$user" ]] || test_gid=$user
    else
        test_uid=$(id -u "$user") || die "no user '$user'; set ENDORUN_TEST_USER to an unprivileged one"
        test_gid=$(id -g "$user")
    fi
    [[ $test_uid != 0 ]] || die "the user '$user' is root; set ENDORUN_TEST_USER to an unprivileged one"
}

# as_user COMMAND...: in the user's name, with an environment of its own, where ENDORUN_BY_ROOT says who called.
# Privileges may still be gained by set-uid files, as some tests do.
as_user()
{
    local environment=(
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        HOME="$build/home" LANG=C.UTF-8 TERM="${TERM:-dumb}" ENDORUN_BUILD="$build" ENDORUN_BY_ROOT=1
    )
    [[ -z ${CI:-} ]] || environment+=(CI="$CI")
    env -i "${environment[@]}" \
        setpriv --reuid "$test_uid" --regid "$test_gid" --clear-groups --inh-caps=-all -- "$@"
}

# Gives the build folder to the user. A file with several links is left alone: it may be somebody else's elsewhere.
own_build_folder()
{
    mkdir -p "$build/home"
    find "$build" -xdev ! -uid "$test_uid" \( ! -type f -o -links 1 \) \
        -exec chown --no-dereference "$test_uid:$test_gid" {} +
}

user_can_read_checkout()
{
    local unreadable
    unreadable=$(cd / && as_user find "$checkout" -path "$build" -prune -o -path "$checkout/.git" -prune -o \
        ! -readable -print -quit 2>/dev/null) && [[ -z $unreadable ]]
}

# A checkout in a folder closed to the user (such as /root) is copied to an open one, and built and tested there; the
# copy is removed at the end.
copy_checkout()
{
    local copy
    copy=$(mktemp -d /var/tmp/endorun.XXXXXX)
    # shellcheck disable=SC2064 # the path of now
    trap "rm -rf '$copy'" EXIT
    say "user $test_uid cannot read $checkout: working in the copy $copy"
    tar -C "$checkout" --exclude=./build --exclude='./build-*' --exclude=./.git -cf - . |
        tar -C "$copy" -xf - --no-same-owner
    chmod -R a+rX "$copy"
    use_checkout "$copy" "$copy/build"
}

# Prepares for as_user: user, checkout and build folder.
prepare_user()
{
    choose_user
    user_can_read_checkout || copy_checkout
    own_build_folder
    cd "$checkout" || die "$checkout: cannot be entered"
    as_user test -w "$build" || die "user $test_uid cannot reach the build folder $build; set ENDORUN_BUILD to another"
}
