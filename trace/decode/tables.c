#include "fields.h"

/* Where the structures have nothing but fields. */
static const struct field cachestat_fields[] = {
    {"nr_cache", FIELD_UNSIGNED, 8, 0, 0},
    {"nr_dirty", FIELD_UNSIGNED, 8, 8, 0},
    {"nr_writeback", FIELD_UNSIGNED, 8, 16, 0},
    {"nr_evicted", FIELD_UNSIGNED, 8, 24, 0},
    {"nr_recently_evicted", FIELD_UNSIGNED, 8, 32, 0},
};
static const struct field cachestat_range_fields[] = {
    {"off", FIELD_UNSIGNED, 8, 0, 0},
    {"len", FIELD_UNSIGNED, 8, 8, 0},
};
static const struct field cap_header_fields[] = {
    {"version", FIELD_VALUE, 4, 0, SET_capability_version},
    {"pid", FIELD_SIGNED, 4, 4, 0},
};
static const struct field file_attr_fields[] = {
    {"fa_xflags", FIELD_HEX, 8, 0, 0},           {"fa_extsize", FIELD_UNSIGNED, 4, 8, 0},
    {"fa_nextents", FIELD_UNSIGNED, 4, 12, 0},   {"fa_projid", FIELD_UNSIGNED, 4, 16, 0},
    {"fa_cowextsize", FIELD_UNSIGNED, 4, 20, 0},
};
static const struct field futex_waitv_fields[] = {
    {"val", FIELD_HEX, 8, 0, 0},
    {"uaddr", FIELD_POINTER, 8, 8, 0},
    {"flags", FIELD_FLAGS, 4, 16, SET_futex2},
};
static const struct field io_event_fields[] = {
    {"data", FIELD_HEX, 8, 0, 0},
    {"obj", FIELD_POINTER, 8, 8, 0},
    {"res", FIELD_SIGNED, 8, 16, 0},
    {"res2", FIELD_SIGNED, 8, 24, 0},
};
static const struct field io_uring_params_fields[] = {
    {"sq_entries", FIELD_UNSIGNED, 4, 0, 0},
    {"cq_entries", FIELD_UNSIGNED, 4, 4, 0},
    {"flags", FIELD_HEX, 4, 8, 0},
    {"sq_thread_cpu", FIELD_UNSIGNED, 4, 12, 0},
    {"sq_thread_idle", FIELD_UNSIGNED, 4, 16, 0},
    {"features", FIELD_HEX, 4, 20, 0},
};
static const struct field iocb_fields[] = {
    {"aio_data", FIELD_HEX, 8, 0, 0},        {"aio_lio_opcode", FIELD_UNSIGNED, 2, 16, 0},
    {"aio_reqprio", FIELD_SIGNED, 2, 18, 0}, {"aio_fildes", FIELD_DESCRIPTOR, 4, 20, 0},
    {"aio_buf", FIELD_POINTER, 8, 24, 0},    {"aio_nbytes", FIELD_UNSIGNED, 8, 32, 0},
    {"aio_offset", FIELD_SIGNED, 8, 40, 0},
};
static const struct field kexec_segment_fields[] = {
    {"buf", FIELD_POINTER, 8, 0, 0},
    {"bufsz", FIELD_UNSIGNED, 8, 8, 0},
    {"mem", FIELD_POINTER, 8, 16, 0},
    {"memsz", FIELD_UNSIGNED, 8, 24, 0},
};
static const struct field landlock_ruleset_attr_fields[] = {
    {"handled_access_fs", FIELD_FLAGS, 8, 0, SET_handled_fs},
    {"handled_access_net", FIELD_FLAGS, 8, 8, SET_handled_net},
    {"scoped", FIELD_HEX, 8, 16, 0},
};
static const struct field lsm_ctx_fields[] = {
    {"id", FIELD_UNSIGNED, 8, 0, 0},
    {"flags", FIELD_HEX, 8, 8, 0},
    {"len", FIELD_UNSIGNED, 8, 16, 0},
    {"ctx_len", FIELD_UNSIGNED, 8, 24, 0},
};
static const struct field mnt_id_req_fields[] = {
    {"size", FIELD_UNSIGNED, 4, 0, 0},
    {"mnt_id", FIELD_HEX, 8, 8, 0},
    {"param", FIELD_HEX, 8, 16, 0},
};
static const struct field mount_attr_fields[] = {
    {"attr_set", FIELD_FLAGS, 8, 0, SET_mount_attr},
    {"attr_clr", FIELD_FLAGS, 8, 8, SET_mount_attr},
    {"propagation", FIELD_FLAGS, 8, 16, SET_mount},
    {"userns_fd", FIELD_DESCRIPTOR, 4, 24, 0},
};
static const struct field mq_attr_fields[] = {
    {"mq_flags", FIELD_FLAGS, 8, 0, SET_new_descriptor},
    {"mq_maxmsg", FIELD_SIGNED, 8, 8, 0},
    {"mq_msgsize", FIELD_SIGNED, 8, 16, 0},
    {"mq_curmsgs", FIELD_SIGNED, 8, 24, 0},
};
static const struct field ns_id_req_fields[] = {
    {"size", FIELD_UNSIGNED, 4, 0, 0},
    {"ns_id", FIELD_HEX, 8, 8, 0},
    {"ns_type", FIELD_FLAGS, 4, 16, SET_clone},
};
static const struct field perf_event_attr_fields[] = {
    {"type", FIELD_UNSIGNED, 4, 0, 0},    {"size", FIELD_HEX, 4, 4, 0},
    {"config", FIELD_HEX, 8, 8, 0},       {"sample_period", FIELD_UNSIGNED, 8, 16, 0},
    {"sample_type", FIELD_HEX, 8, 24, 0}, {"read_format", FIELD_HEX, 8, 32, 0},
};
static const struct field sched_attr_fields[] = {
    {"size", FIELD_UNSIGNED, 4, 0, 0},
    {"sched_policy", FIELD_VALUE, 4, 4, SET_sched_policy},
    {"sched_flags", FIELD_FLAGS, 8, 8, SET_sched_flags},
    {"sched_nice", FIELD_SIGNED, 4, 16, 0},
    {"sched_priority", FIELD_UNSIGNED, 4, 20, 0},
    {"sched_runtime", FIELD_UNSIGNED, 8, 24, 0},
    {"sched_deadline", FIELD_UNSIGNED, 8, 32, 0},
    {"sched_period", FIELD_UNSIGNED, 8, 40, 0},
};
static const struct field sembuf_fields[] = {
    {"sem_num", FIELD_UNSIGNED, 2, 0, 0},
    {"sem_op", FIELD_SIGNED, 2, 2, 0},
    {"sem_flg", FIELD_FLAGS, 2, 4, SET_sem_flags},
};
static const struct field statmount_fields[] = {
    {"size", FIELD_UNSIGNED, 4, 0, 0},
    {"mask", FIELD_HEX, 8, 8, 0},
};
static const struct field timex_fields[] = {
    {"modes", FIELD_HEX, 4, 0, 0},         {"offset", FIELD_SIGNED, 8, 8, 0},
    {"freq", FIELD_SIGNED, 8, 16, 0},      {"maxerror", FIELD_SIGNED, 8, 24, 0},
    {"esterror", FIELD_SIGNED, 8, 32, 0},  {"status", FIELD_HEX, 4, 40, 0},
    {"constant", FIELD_SIGNED, 8, 48, 0},  {"precision", FIELD_SIGNED, 8, 56, 0},
    {"tolerance", FIELD_SIGNED, 8, 64, 0}, {"time", FIELD_TIMEVAL, 16, 72, 0},
    {"tick", FIELD_SIGNED, 8, 88, 0},
};
static const struct field timezone_fields[] = {
    {"tz_minuteswest", FIELD_SIGNED, 4, 0, 0},
    {"tz_dsttime", FIELD_SIGNED, 4, 4, 0},
};
static const struct field tms_fields[] = {
    {"tms_utime", FIELD_SIGNED, 8, 0, 0},
    {"tms_stime", FIELD_SIGNED, 8, 8, 0},
    {"tms_cutime", FIELD_SIGNED, 8, 16, 0},
    {"tms_cstime", FIELD_SIGNED, 8, 24, 0},
};
static const struct field ustat_fields[] = {
    {"f_tfree", FIELD_SIGNED, 4, 0, 0},
    {"f_tinode", FIELD_UNSIGNED, 8, 8, 0},
};
static const struct field utimbuf_fields[] = {
    {"actime", FIELD_SIGNED, 8, 0, 0},
    {"modtime", FIELD_SIGNED, 8, 8, 0},
};
static const struct field utsname_fields[] = {
    {"sysname", FIELD_TEXT, 65, 0, 0},
    {"nodename", FIELD_TEXT, 65, 65, 0},
};
static const struct field xattr_args_fields[] = {
    {"value", FIELD_POINTER, 8, 0, 0},
    {"size", FIELD_UNSIGNED, 4, 8, 0},
    {"flags", FIELD_FLAGS, 4, 12, SET_xattr},
};

static const struct table {
    const struct field *fields;
    uint8_t count;
    bool is_cut; /* the structure has further fields */
} tables[ENDORUN_TYPE_LIMIT] = {
#define TABLE(type, is_cut)                                                                        \
    [ENDORUN_TYPE_##type] = {type##_fields, sizeof type##_fields / sizeof type##_fields[0], is_cut}
    TABLE(cachestat, false),      TABLE(cachestat_range, false),
    TABLE(cap_header, false),     TABLE(file_attr, false),
    TABLE(futex_waitv, false),    TABLE(io_event, false),
    TABLE(io_uring_params, true), TABLE(iocb, true),
    TABLE(kexec_segment, false),  TABLE(landlock_ruleset_attr, false),
    TABLE(lsm_ctx, false),        TABLE(mnt_id_req, false),
    TABLE(mount_attr, false),     TABLE(mq_attr, false),
    TABLE(ns_id_req, false),      TABLE(perf_event_attr, true),
    TABLE(sched_attr, false),     TABLE(sembuf, false),
    TABLE(statmount, true),       TABLE(timex, true),
    TABLE(timezone, false),       TABLE(tms, false),
    TABLE(ustat, false),          TABLE(utimbuf, false),
    TABLE(utsname, true),         TABLE(xattr_args, false),
#undef TABLE
};

bool write_by_table(struct decoder *decoder, unsigned type, const uint8_t *bytes, size_t size)
{
    if (type >= ENDORUN_TYPE_LIMIT || tables[type].count == 0) {
        return false;
    }
    write_fields(decoder, tables[type].fields, tables[type].count, bytes, size,
                 tables[type].is_cut);
    return true;
}
