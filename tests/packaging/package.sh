#!/bin/bash
# package.sh BUILD FOLDER: makes the Debian package of a build in FOLDER, and has lintian look at it. What lintian finds is an
# error, unless packaging/lintian-overrides has it with its reason.
set -euo pipefail

build=$1 folder=$2

fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

rm -rf "$folder"
mkdir "$folder"
cpack --config "$build/CPackConfig.cmake" -B "$folder" >"$folder/said" 2>&1 || {
    cat "$folder/said"
    fail "cpack"
}
packages=("$folder"/*.deb)
[[ ${#packages[@]} == 1 && -e ${packages[0]} ]] || fail "not one package: ${packages[*]}"
package=${packages[0]}
version=$("$build/loader/command/endorun" --version)
# shellcheck disable=SC2016 # dpkg-deb expands it
[[ "$(dpkg-deb --show --showformat '${Package} ${Version}' "$package")" == "$version" ]] ||
    fail "the package is not that of $version"

# --allow-root, which others have no use for, keeps lintian from a remark about root.
lintian --allow-root --display-info --tag-display-limit 0 "$package" >"$folder/said" || [[ $? == 2 ]] || fail "lintian"
! grep -E '^[^N]: .*: unused-override |^[^INO]: ' "$folder/said" || fail "lintian, see above"

# What it consists of, and no more.
while IFS= read -r path; do
    case $path in
    ./usr/bin/endorun | ./usr/share/man/man1/endorun.1.gz) ;;
    ./usr/share/bash-completion/completions/endorun | ./usr/share/zsh/vendor-completions/_endorun) ;;
    ./usr/share/doc/endorun/* | ./usr/share/lintian/overrides/endorun) ;;
    *) fail "$path does not belong into the package" ;;
    esac
done < <(dpkg-deb --fsys-tarfile "$package" | tar -tf - | grep -v '/$')
