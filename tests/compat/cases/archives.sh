# shellcheck shell=bash disable=SC2034
case_program="tar, gzip, bzip2, xz, zstd"
case_exercises="round trips of a tree with links, sparse and large files; compressors as tar's children and in pipes; xz -T2 and zstd -T2 threads; damaged archives"
case_needs=(tar:tar gzip:gzip bzip2:bzip2 xz:xz-utils zstd:zstd)
case_timeout=60

work() {
    under bash "$PROGRAMS/archive_round_trips.sh"
}
