# Installs the Debian packages that tools/packages lists.
# shellcheck shell=bash

# The packages for the uses given (build, test, full), without repetition.
packages_for()
{
    local wanted=" $* " use names name
    local -A seen=()
    while read -r use names; do
        if [[ -n $use && $wanted == *" $use "* ]]; then
            for name in $names; do
                [[ -n ${seen[$name]:-} ]] || echo "$name"
                seen[$name]=1
            done
        fi
    done < <(sed 's/#.*//' "$checkout/tools/packages")
}

# Those of the packages given that are not installed.
missing_packages()
{
    local name status
    local -A installed=()
    while read -r name status; do
        [[ $status != "install ok installed" ]] || installed[$name]=1
    done < <(dpkg-query --show --showformat '${Package} ${Status}\n' "$@" 2>/dev/null || true)
    for name in "$@"; do
        [[ -n ${installed[$name]:-} ]] || echo "$name"
    done
}

# Packages of servers start them when they are installed; this file tells Debian's scripts not to. A machine that has
# one has a policy of its own, which stays.
without_services()
(
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    "$@"
)

apt_install()
{
    DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends "$@"
}

# Makes sure that the packages for the uses given are there. The package lists are read anew only when the present ones
# don't know a package, or know one that the archive has replaced.
install_missing()
{
    local missing
    mapfile -t missing < <(packages_for "$@")
    mapfile -t missing < <(missing_packages "${missing[@]}")
    ((${#missing[@]} > 0)) || return 0
    if [[ $(id -u) != 0 ]]; then
        echo "$program: packages are missing. As root, run:" >&2
        echo "apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    say "installing ${#missing[@]} packages: ${missing[*]}"
    if ! apt_install --simulate install "${missing[@]}" >/dev/null 2>&1; then
        apt-get update
    elif without_services apt_install install "${missing[@]}"; then
        return 0
    else
        apt-get update
    fi
    without_services apt_install install "${missing[@]}" || die "apt-get could not install the packages, see above"
}
