#include "decoder.h"

#include <inttypes.h>

#define SIGNAL_COUNT   64U
#define REAL_TIME      32U
#define SIGINFO_SIZE   128U
#define SIGNAL_CHILD   17
#define SIGNAL_SYSCALL 31

void decode_signal_name(FILE *out, uint64_t number)
{
    const char *name = value_name(SET_signal, number);
    if (name != NULL) {
        fputs(name, out);
    } else if (number > REAL_TIME && number <= SIGNAL_COUNT) {
        fprintf(out, "SIGRT_%" PRIu64, number - REAL_TIME);
    } else {
        write_decimal(out, (int32_t)number);
    }
}

static void write_short_signal(FILE *out, unsigned number)
{
    const char *name = value_name(SET_signal, number);
    if (name != NULL) {
        fputs(name + 3, out); /* without SIG */
    } else {
        fprintf(out, "RT_%u", number - REAL_TIME);
    }
}

/* When most are in it, those that are not. */
static void write_mask(FILE *out, uint64_t mask)
{
    bool is_inverted = __builtin_popcountll(mask) >= (int)(SIGNAL_COUNT * 2 / 3);
    const char *separator = "";
    fputs(is_inverted ? "~[" : "[", out);
    for (unsigned number = 1; number <= SIGNAL_COUNT; number++) {
        if ((mask >> (number - 1) & 1) != (is_inverted ? 1U : 0U)) {
            fputs(separator, out);
            write_short_signal(out, number);
            separator = " ";
        }
    }
    fputc(']', out);
}

void write_signal_mask(struct decoder *decoder, const uint8_t *bytes)
{
    write_mask(decoder->out, u64_at(bytes, 0));
}

void write_signal_set(struct decoder *decoder, uint64_t address, uint64_t size)
{
    if (size != sizeof(uint64_t)) {
        write_pointer(decoder, address);
    } else {
        write_at(decoder, address, sizeof(uint64_t), write_signal_mask);
    }
}

static void write_handler(struct decoder *decoder, uint64_t handler)
{
    if (handler > 1) {
        write_hex(decoder->out, handler);
    } else {
        fputs(handler == 0 ? "SIG_DFL" : "SIG_IGN", decoder->out);
    }
}

void write_sigaction(struct decoder *decoder, const uint8_t *bytes)
{
    uint64_t flags = u64_at(bytes, 8);
    fputs("{sa_handler=", decoder->out);
    write_handler(decoder, u64_at(bytes, 0));
    fputs(", sa_mask=", decoder->out);
    write_mask(decoder->out, u64_at(bytes, 24));
    fputs(", sa_flags=", decoder->out);
    write_values(decoder->out, SET_sigaction_flags, flags);
    if ((flags & 0x04000000) != 0) { /* SA_RESTORER */
        fputs(", sa_restorer=", decoder->out);
        write_pointer(decoder, u64_at(bytes, 16));
    }
    fputc('}', decoder->out);
}

void write_stack(struct decoder *decoder, const uint8_t *bytes)
{
    fputs("{ss_sp=", decoder->out);
    write_pointer(decoder, u64_at(bytes, 0));
    fputs(", ss_flags=", decoder->out);
    write_values(decoder->out, SET_stack_flags, u32_at(bytes, 8));
    fprintf(decoder->out, ", ss_size=%" PRIu64 "}", u64_at(bytes, 16));
}

void write_sigevent(struct decoder *decoder, const uint8_t *bytes)
{
    uint32_t notify = u32_at(bytes, 12);
    fputs("{", decoder->out);
    if (u64_at(bytes, 0) != 0) {
        fprintf(decoder->out,
                "sigev_value={sival_int=%" PRId32 ", sival_ptr=", (int32_t)u32_at(bytes, 0));
        write_pointer(decoder, u64_at(bytes, 0));
        fputs("}, ", decoder->out);
    }
    fputs("sigev_signo=", decoder->out);
    decode_signal_name(decoder->out, u32_at(bytes, 8));
    fputs(", sigev_notify=", decoder->out);
    write_value(decoder->out, SET_sigev_notify, notify);
    if (notify == 4) { /* SIGEV_THREAD_ID */
        fprintf(decoder->out, ", sigev_notify_thread_id=%" PRId32, (int32_t)u32_at(bytes, 16));
    }
    fputc('}', decoder->out);
}

static void write_code(FILE *out, uint32_t signal, uint32_t code)
{
    static const struct {
        uint8_t signal;
        uint16_t set;
    } sets[] = {{4, SET_sigill_code},   {5, SET_sigtrap_code},
                {7, SET_sigbus_code},   {8, SET_sigfpe_code},
                {11, SET_sigsegv_code}, {SIGNAL_CHILD, SET_sigchld_code},
                {29, SET_sigpoll_code}, {SIGNAL_SYSCALL, SET_sigsys_code}};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (sets[i].signal == signal && value_name(sets[i].set, code) != NULL &&
            value_name(SET_sigcode, code) == NULL) {
            fputs(value_name(sets[i].set, code), out);
            return;
        }
    }
    if (value_name(SET_sigcode, code) != NULL) {
        fputs(value_name(SET_sigcode, code), out);
    } else {
        write_hex(out, code);
    }
}

/* In hundredths of a second, as the kernel tells them. */
static void write_clock(FILE *out, const char *name, uint64_t ticks)
{
    fprintf(out, ", %s=%" PRIu64, name, ticks);
    if (ticks != 0) {
        fprintf(out, " /* %" PRIu64 ".%02" PRIu64 " s */", ticks / 100, ticks % 100);
    }
}

static void write_sender(FILE *out, const uint8_t *bytes)
{
    fprintf(out, ", si_pid=%" PRId32 ", si_uid=", (int32_t)u32_at(bytes, 16));
    write_id(out, u32_at(bytes, 20));
}

static void write_child(FILE *out, const uint8_t *bytes, uint32_t code)
{
    write_sender(out, bytes);
    fputs(", si_status=", out);
    if (code == 1) { /* CLD_EXITED */
        write_decimal(out, (int32_t)u32_at(bytes, 24));
    } else {
        decode_signal_name(out, u32_at(bytes, 24));
    }
    write_clock(out, "si_utime", u64_at(bytes, 32));
    write_clock(out, "si_stime", u64_at(bytes, 40));
}

static void write_payload(struct decoder *decoder, const uint8_t *bytes)
{
    fprintf(decoder->out, ", si_int=%" PRId32 ", si_ptr=", (int32_t)u32_at(bytes, 24));
    write_pointer(decoder, u64_at(bytes, 24));
}

static void write_fault(struct decoder *decoder, const uint8_t *bytes, uint32_t signal,
                        uint32_t code)
{
    fputs(", si_addr=", decoder->out);
    write_pointer(decoder, u64_at(bytes, 16));
    if (signal == 11 && code == 4) { /* SEGV_PKUERR */
        fprintf(decoder->out, ", si_pkey=%" PRIu32, u32_at(bytes, 32));
    }
}

static void write_refused_call(struct decoder *decoder, const uint8_t *bytes)
{
    const char *name = decode_call_name(u32_at(bytes, 24));
    fputs(", si_call_addr=", decoder->out);
    write_pointer(decoder, u64_at(bytes, 16));
    if (name[0] != '\0') {
        fprintf(decoder->out, ", si_syscall=__NR_%s", name);
    } else {
        fprintf(decoder->out, ", si_syscall=%" PRIu32, u32_at(bytes, 24));
    }
    uint32_t machine = u32_at(bytes, 28);
    if (machine == 0xc000003e) {
        fputs(", si_arch=AUDIT_ARCH_X86_64", decoder->out);
    } else {
        fprintf(decoder->out, ", si_arch=%#" PRIx32, machine);
    }
}

/* Which fields are valid follows from the signal, and from who sent it. */
static void write_details(struct decoder *decoder, const uint8_t *bytes)
{
    uint32_t signal = u32_at(bytes, 0), code = u32_at(bytes, 8);
    bool is_sent = (int32_t)code <= 0;
    bool is_fault = signal == 4 || signal == 5 || signal == 7 || signal == 8 || signal == 11;
    if (code == 0x80) { /* SI_KERNEL */
        if (is_fault) {
            write_fault(decoder, bytes, signal, code);
        }
    } else if (code == UINT32_MAX - 1) { /* SI_TIMER */
        fprintf(decoder->out, ", si_timerid=%#" PRIx32 ", si_overrun=%" PRId32, u32_at(bytes, 16),
                (int32_t)u32_at(bytes, 20));
        write_payload(decoder, bytes);
    } else if (is_sent) {
        write_sender(decoder->out, bytes);
        if (code != 0 && (code != (uint32_t)-6 || u64_at(bytes, 24) != 0)) { /* SI_TKILL */
            write_payload(decoder, bytes);
        }
    } else if (signal == SIGNAL_CHILD) {
        write_child(decoder->out, bytes, code);
    } else if (is_fault) {
        write_fault(decoder, bytes, signal, code);
    } else if (signal == SIGNAL_SYSCALL) {
        write_refused_call(decoder, bytes);
    } else if (signal == 29) { /* SIGIO */
        fprintf(decoder->out, ", si_band=%" PRId64 ", si_fd=%" PRId32, (int64_t)u64_at(bytes, 16),
                (int32_t)u32_at(bytes, 24));
    }
}

void write_siginfo(struct decoder *decoder, const uint8_t *bytes)
{
    uint32_t signal = u32_at(bytes, 0), error = u32_at(bytes, 4);
    if (signal == 0) {
        fputs("{}", decoder->out);
        return;
    }
    fputs("{si_signo=", decoder->out);
    decode_signal_name(decoder->out, signal);
    fputs(", si_code=", decoder->out);
    write_code(decoder->out, signal, u32_at(bytes, 8));
    if (error != 0) {
        fprintf(decoder->out, ", si_errno=%" PRId32, (int32_t)error);
    }
    write_details(decoder, bytes);
    fputc('}', decoder->out);
}

void decode_siginfo(FILE *out, const uint8_t siginfo[SIGINFO_SIZE])
{
    static const struct decoding plain = {.string_limit = 32};
    static const struct recorded_call none;
    struct decoder decoder = {out, &plain, &none, NULL, &none.before};
    decode_signal_name(out, u32_at(siginfo, 0));
    fputc(' ', out);
    write_siginfo(&decoder, siginfo);
}

void write_wait_status(FILE *out, uint32_t status)
{
    uint32_t signal = status & 0x7f, code = status >> 8 & 0xff;
    if (status == 0xffff) {
        fputs("{WIFCONTINUED(s)}", out);
    } else if ((status & 0xff) == 0x7f) {
        fputs("{WIFSTOPPED(s) && WSTOPSIG(s) == ", out);
        decode_signal_name(out, code & 0x7f);
        fputs((code & 0x80) != 0 ? " | 0x80}" : "}", out);
    } else if (signal == 0) {
        fprintf(out, "{WIFEXITED(s) && WEXITSTATUS(s) == %" PRIu32 "}", code);
    } else {
        fputs("{WIFSIGNALED(s) && WTERMSIG(s) == ", out);
        decode_signal_name(out, signal);
        fputs((status & 0x80) != 0 ? " && WCOREDUMP(s)}" : "}", out);
    }
}
