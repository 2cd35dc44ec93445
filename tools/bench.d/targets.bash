# shellcheck shell=bash
# The numbers to reach. Sourced by tools/bench; judged by report.awk, which compares the median over
# the rounds of the ratio or difference within one round. They are reported and never decide the
# exit status.

record_targets() {
    # target MEASURE CONFIGURATION AGAINST KIND LIMIT UNIT
    record target null endorun floor-range ratio-max 1.06 x
    record target null endorun-selector floor-selector ratio-max 1.06 x
    record target path_getppid endorun-pkey - value-max 50 instructions
    record target path_clock_gettime endorun-pkey - value-max 70 instructions
    record target entries_mmap_1m endorun-pkey native difference-max 2 entries
    record target scaling_2_threads endorun native ratio-max 1.05 x
    record target decide_rules native - value-max 2 x
    record target open_read_close endorun-policy native ratio-max 2 x
    record target redis_get endorun-policy native ratio-min 0.94 x
    record target redis_set endorun-policy native ratio-min 0.94 x
    record target nginx_1k endorun-policy native ratio-min 0.94 x
    record target nginx_64k endorun-policy native ratio-min 0.94 x
    record target null endorun-trace native ratio-max 2.5 x
    record target gcc_large endorun-trace native ratio-max 1.15 x
    record target redis_get endorun-trace-none native ratio-min 0.94 x
    record target redis_set endorun-trace-none native ratio-min 0.94 x
    record target read1 endorun native ratio-max 1.3 x
    record target write1 endorun native ratio-max 1.3 x
    record target true_warm endorun native difference-max 1.5 ms
    record target vfork_exec endorun native ratio-max 1.6 x
    record target redis_get endorun native ratio-min 0.95 x
    record target redis_set endorun native ratio-min 0.95 x
    record target sqlite_bulk endorun native ratio-max 1.03 x
    record target sqlite_commits endorun native ratio-max 1.03 x
    record target gcc endorun native ratio-max 1.03 x
    record target memory_sleep_rss endorun native difference-max 1024 KiB
    record target memory_bash_rss endorun native difference-max 1024 KiB
    record target memory_python_rss endorun native difference-max 1024 KiB
}
