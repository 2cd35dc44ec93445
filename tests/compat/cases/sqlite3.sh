# shellcheck shell=bash disable=SC2034
case_program="sqlite3"
case_exercises="100,000 inserts, index, integrity check, VACUUM, backup, WAL with one writing and two reading processes, rollback of a killed writer"
case_needs=(sqlite3:sqlite3)
case_timeout=90

work() {
    under bash "$PROGRAMS/sqlite_work.sh" "$(amount 100000 20000)" "$(amount 1500 300)"
}
