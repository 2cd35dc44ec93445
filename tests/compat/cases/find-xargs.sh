# shellcheck shell=bash disable=SC2034
case_program="find, xargs"
case_exercises="find | xargs -0 -P4 over 600 files, -exec +, -execdir, -delete, xargs exit statuses and SIGUSR1 handling"
case_needs=(find:findutils xargs:findutils)
case_timeout=60

work() {
    under bash "$PROGRAMS/find_xargs.sh"
}
