# shellcheck shell=bash disable=SC2034
case_program="sed"
case_exercises="in-place edits of many files, scripts with branches and hold space, w and e commands, large input"
case_needs=(sed:sed)
case_timeout=60

work() {
    under bash "$PROGRAMS/sed_edits.sh"
}
