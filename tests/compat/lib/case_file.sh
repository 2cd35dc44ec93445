# shellcheck shell=bash
# Reading case files. Sourced by run; a case file only assigns case_* and defines functions.

case_names() {
    local file
    for file in "$cases_dir"/*.sh; do
        basename "$file" .sh
    done
}

# Sets the case_* variables of one case, starting from the defaults.
load_case() {
    case_program=
    case_exercises=
    case_needs=()
    case_timeout=60
    case_full=
    # case_serial is for CMakeLists.txt: the case keeps both processors busy.
    case_known_failure=
    # shellcheck disable=SC1090
    . "$cases_dir/$1.sh"
    [[ -n $case_program && -n $case_exercises ]] ||
        die "$cases_dir/$1.sh: case_program and case_exercises must be set"
    case_timeout=$((case_timeout * time_scale))
    ((${#case_needs[@]})) || die "$cases_dir/$1.sh: case_needs must name what it runs"
}

# One line for each need that is not met. A need is COMMAND:PACKAGE or /FILE:PACKAGE.
missing_needs() {
    local need what package
    for need in "${case_needs[@]}"; do
        what=${need%%:*}
        package=${need##*:}
        if [[ $what == /* ]]; then
            [[ -e $what ]] || printf '%s is missing: apt-get install %s\n' "$what" "$package"
        elif ! PATH=$CASE_PATH command -v -- "$what" >/dev/null; then
            printf '%s is missing: apt-get install %s\n' "$what" "$package"
        fi
    done
}

# Version of the package that the case is about: the first one named.
case_version() {
    local package=${case_needs[0]##*:} version
    # shellcheck disable=SC2016 # dpkg-query expands it
    version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) || version=
    printf '%s %s\n' "$package" "${version:-(version unknown)}"
}
