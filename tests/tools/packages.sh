#!/bin/bash
# The package handling of tools/: what is missing is named in one line to who is not root, and nothing else happens.
# It runs with a package database of its own making.
set -euo pipefail

root=$(realpath "$(dirname "$(realpath "$0")")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "$*" >&2
    exit 1
}

# Stand-ins for the two commands: what is installed is in $work/installed; apt-get only notes that it was called.
mkdir "$work/bin"
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/bash
cat "$(dirname "$0")/../installed"
END
cat >"$work/bin/apt-get" <<'END'
#!/bin/bash
echo "$*" >>"$(dirname "$0")/../called"
END
printf '#!/bin/bash\necho 1000\n' >"$work/bin/id"
chmod +x "$work"/bin/*

# install_missing USE...: as tools/test calls it, as a user who is not root
install_missing()
{
    PATH=$work/bin:$PATH bash -c '. "$1/tools/lib/common.bash"; . "$1/tools/lib/packages.bash"; shift; install_missing "$@"' \
        tools/test "$root" "$@"
}

listed()
{
    # shellcheck source=../../tools/lib/common.bash
    . "$root/tools/lib/common.bash"
    # shellcheck source=../../tools/lib/packages.bash
    . "$root/tools/lib/packages.bash"
    packages_for "$@"
}

# Known to dpkg but not installed counts as missing; each name is asked for once.
listed build test | sed 's/$/ install ok installed/' >"$work/installed"
install_missing build test || fail "nothing is missing, yet it says so"
sed -i 's/^gdb .*/gdb deinstall ok config-files/; /^cmake /d' "$work/installed"
if install_missing build test 2>"$work/said"; then
    fail "two packages are missing, yet it goes on"
fi
[[ $(tail -n 1 "$work/said") == *"apt-get install --yes --no-install-recommends cmake gdb" ]] ||
    fail "wrong line: $(<"$work/said")"
if install_missing build 2>"$work/said"; then
    fail "cmake is missing for the build, yet it goes on"
fi
[[ $(tail -n 1 "$work/said") == *" cmake" ]] || fail "asks for more than the build needs: $(<"$work/said")"
[[ ! -e $work/called ]] || fail "apt-get was called without root: $(<"$work/called")"

# The list itself: every line has a known use.
! sed 's/#.*//' "$root/tools/packages" | awk 'NF && ($1 !~ /^(build|test|full)$/ || NF < 2)' | grep . ||
    fail "tools/packages: the lines above have no use or no package"
