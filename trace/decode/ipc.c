#include "fields.h"

#include <inttypes.h>

#define COMMAND_STAT 2U /* IPC_STAT */

static void write_permissions(struct decoder *decoder, const uint8_t *bytes)
{
    fputs("uid=", decoder->out);
    write_id(decoder->out, u32_at(bytes, 4));
    fputs(", gid=", decoder->out);
    write_id(decoder->out, u32_at(bytes, 8));
    fputs(", mode=", decoder->out);
    write_mode(decoder->out, u32_at(bytes, 20));
    fprintf(decoder->out, ", key=%" PRId32 ", cuid=", (int32_t)u32_at(bytes, 0));
    write_id(decoder->out, u32_at(bytes, 12));
    fputs(", cgid=", decoder->out);
    write_id(decoder->out, u32_at(bytes, 16));
}

/* What comes behind the permissions, which take 48 bytes. */
static const struct field segment_fields[] = {
    {"shm_segsz", FIELD_UNSIGNED, 8, 48, 0}, {"shm_cpid", FIELD_SIGNED, 4, 80, 0},
    {"shm_lpid", FIELD_SIGNED, 4, 84, 0},    {"shm_nattch", FIELD_UNSIGNED, 8, 88, 0},
    {"shm_atime", FIELD_SIGNED, 8, 56, 0},   {"shm_dtime", FIELD_SIGNED, 8, 64, 0},
    {"shm_ctime", FIELD_SIGNED, 8, 72, 0},
};
static const struct field semaphore_fields[] = {{"sem_otime", FIELD_SIGNED, 8, 48, 0},
                                                {"sem_ctime", FIELD_SIGNED, 8, 64, 0},
                                                {"sem_nsems", FIELD_UNSIGNED, 8, 80, 0}};
static const struct field queue_fields[] = {
    {"msg_stime", FIELD_SIGNED, 8, 48, 0},    {"msg_rtime", FIELD_SIGNED, 8, 56, 0},
    {"msg_ctime", FIELD_SIGNED, 8, 64, 0},    {"msg_qnum", FIELD_UNSIGNED, 8, 80, 0},
    {"msg_qbytes", FIELD_UNSIGNED, 8, 88, 0}, {"msg_lspid", FIELD_SIGNED, 4, 96, 0},
    {"msg_lrpid", FIELD_SIGNED, 4, 100, 0},
};

static void write_state(struct decoder *decoder, const char *name, const struct field *fields,
                        size_t count, const uint8_t *bytes)
{
    fprintf(decoder->out, "{%s={", name);
    write_permissions(decoder, bytes);
    fputc('}', decoder->out);
    for (size_t i = 0; i < count; i++) {
        fprintf(decoder->out, ", %s=", fields[i].name);
        write_field(decoder, &fields[i], bytes);
    }
    fputc('}', decoder->out);
}

bool write_ipc_argument(struct decoder *decoder, uint64_t value)
{
    uint8_t bytes[112];
    uint32_t number = decoder->call->number;
    uint32_t command = (uint32_t)decoder->call->arguments[number == CALL_semctl ? 2 : 1];
    if (number == CALL_semctl && command == 16) { /* SETVAL */
        write_hex(decoder->out, value);
        return true;
    }
    decoder->memory = &decoder->call->after;
    if (value == 0 || command != COMMAND_STAT || !has_result(decoder) ||
        !read_all(decoder, value, bytes, sizeof bytes)) {
        write_pointer(decoder, value);
        return true;
    }
    if (number == CALL_shmctl) {
        write_state(decoder, "shm_perm", FIELDS_OF(segment_fields), bytes);
    } else if (number == CALL_semctl) {
        write_state(decoder, "sem_perm", FIELDS_OF(semaphore_fields), bytes);
    } else {
        write_state(decoder, "msg_perm", FIELDS_OF(queue_fields), bytes);
    }
    return true;
}
