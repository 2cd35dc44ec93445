#!/bin/bash
# install.sh FOLDER: installs the package that lies in FOLDER, with what it depends on, into a new Debian of the machine's release
# that has the essential packages and apt alone; uses it there, and removes it: nothing may be left. mmdebstrap makes the new
# system from the machine's own sources, in a mount namespace of its own, and removes it at the end.
#
# It takes root, or an unprivileged user who has user namespaces with further user IDs (/etc/subuid). Root of a container may
# be forbidden to mount: then there is no /proc in the new system, and the program is run from outside.
set -euo pipefail

fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# ---------------------------------------------------------------- inside, called by mmdebstrap

# in_root COMMAND...: with the environment of a new login
in_root()
{
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

# endorun ARGUMENT...: the installed one. It keeps no plans, as it has no home: they would be left.
endorun()
{
    if [[ -e $root/proc/self ]]; then
        in_root endorun "$@"
    else
        env -i PATH=/usr/bin "$root/usr/bin/endorun" "$@"
    fi
}

# All files, with what makes them what they are, but for what apt, dpkg and the dynamic linker write down anew each time.
list_files()
{
    (cd "$root" && find . -xdev \( -path ./var/cache -o -path ./var/log -o -path ./var/lib/apt -o -path ./tmp -o \
        -path ./var/lib/dpkg/status -o -path ./var/lib/dpkg/status-old -o -path './var/lib/dpkg/lock*' -o \
        -path ./etc/ld.so.cache -o -path ./var/lib/dpkg/triggers \) -prune -o -printf '%p %y %m %u %g %l\n' | sort)
}

list_packages()
{
    # shellcheck disable=SC2016 # dpkg-query expands it
    in_root dpkg-query --show --showformat '${Package} ${Version} ${Status}\n'
}

use()
{
    local file
    [[ $(endorun --version) == "$version" ]] || fail "--version: $(endorun --version)"
    endorun /bin/true || fail "endorun /bin/true: status $?"
    [[ $(endorun /bin/sh -c 'echo said; exit 7'; echo $?) == $'said\n7' ]] || fail "a shell does not run as without endorun"
    endorun --check >/dev/null || fail "--check: status $?"
    endorun policy check @base >/dev/null || fail "policy check @base: status $?"
    # By the libraries that the package depends on.
    [[ -n $(endorun --analyze=/bin/true) ]] || fail "--analyze finds no system calls in /bin/true"
    for file in man/man1/endorun.1.gz bash-completion/completions/endorun zsh/vendor-completions/_endorun \
        doc/endorun/copyright doc/endorun/changelog.gz doc/endorun/policy.md; do
        [[ -s $root/usr/share/$file ]] || fail "/usr/share/$file is not there"
    done
    gzip -t "$root/usr/share/man/man1/endorun.1.gz" || fail "the manual page is damaged"
}

inside()
{
    root=$1
    local packages files left
    packages=$(list_packages)
    files=$(list_files)
    [[ -e $root/proc/self ]] || echo "no /proc in the new system, as nothing can be mounted: endorun runs from outside"
    in_root apt-get --yes --no-install-recommends install /tmp/endorun.deb || fail "apt-get does not install it"
    use
    in_root dpkg --purge endorun || fail "dpkg does not remove it"
    [[ -z $(in_root dpkg --list 'endorun*' 2>/dev/null) ]] || fail "dpkg still knows it: $(in_root dpkg --list 'endorun*')"
    left=$(find "$root" -xdev -path "$root/tmp" -prune -o -iname '*endorun*' -print)
    [[ -z $left ]] || fail "files are left: $left"
    # What came with it goes as well, and then all is as before.
    in_root apt-get --yes --purge autoremove || fail "apt-get does not remove what came with it"
    diff <(echo "$packages") <(list_packages) || fail "other packages (>) than before (<)"
    diff <(echo "$files") <(list_files) || fail "other files (>) than before (<)"
}

# ---------------------------------------------------------------- outside

# The files in which the machine's sources of this release stand.
sources()
{
    # shellcheck disable=SC2016 # apt-get expands it
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SOURCESENTRY)' 'Created-By: Packages' |
        awk -v release="$1" 'index($1, release) == 1 && $2 == "main" { sub(/:[0-9]+$/, "", $3); print $3 }' | sort -u
}

# Ways to the archive that the machine's apt has been told.
proxies()
{
    apt-config dump --format '%F "%v";%n' Acquire::http::Proxy Acquire::https::Proxy | grep -v '""' || true
}

skip()
{
    echo "SKIPPED: $*" >&2
    exit 77
}

choose_mode()
{
    mode=root
    [[ $(id -u) != 0 ]] || return 0
    mode=unshare
    grep -qE "^($(id -un)|$(id -u)):" /etc/subuid || skip "user $(id -un) has no further user IDs in /etc/subuid; root needs none"
    unshare --user true 2>/dev/null || skip "no user namespaces here; root needs none"
}

outside()
{
    local package=$1 codename proxy sources options=()
    choose_mode
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mapfile -t sources < <(sources "$codename")
    ((${#sources[@]} > 0)) || fail "the machine has no sources of $codename"
    while IFS= read -r proxy; do
        options+=(--aptopt="$proxy")
    done < <(proxies)
    # As text, since the user whom mmdebstrap runs it as may have no way to this file.
    INSIDE=$(declare -f in_root endorun list_files list_packages use inside fail)
    export INSIDE version
    # shellcheck disable=SC2016 # the hook's shell expands it
    mmdebstrap --quiet --mode="$mode" --variant=apt --dpkgopt=force-unsafe-io "${options[@]}" \
        --customize-hook="upload $package /tmp/endorun.deb" \
        --customize-hook='exec bash -euo pipefail -c "$INSIDE; inside \"\$1\"" - "$1"' \
        "$codename" /dev/null "${sources[@]}"
}

packages=("$1"/*.deb)
version=$("$ENDORUN" --version)
outside "$(realpath "${packages[0]}")"
