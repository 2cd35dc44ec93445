/*
 * P8: the kernel takes the number from EAX alone and the option from EDI. Other upper halves, and
 * numbers whose low bits are those of a known call, must not miss the rules.
 */
#include "attack.h"

int main(void)
{
    call_code *call = unseen_call();
    static const uint64_t upper[] = {0, 1UL << 32, 0x80000000UL << 32, 0xffffffffUL << 32,
                                     0xdeadbeefUL << 32};
    long result = 0;
    for (size_t i = 0; i < sizeof upper / sizeof upper[0]; i++) {
        uint64_t number = upper[i] | PROBE_CALL, option = upper[i] | PROBE_WRITE;
        long rewritten = raw(number, option, 0, 0, 0, 0);
        long unseen = call((long)option, 0, 0, 0, 0, 0, (long)number);
        CHECK(rewritten == unseen && (i == 0 || rewritten == result),
              "upper half %zu: %ld and %ld, before %ld", i, rewritten, unseen, result);
        result = rewritten;
    }
    /* The table ends, and its index is shorter than a number. */
    static const long none[] = {
        -1,      -2,         (long)0x80000000, 0x7fffffff, 0x10000 | PROBE_CALL,
        0x10000, 0xffff0000, 335 + 50,         5000,       0x8000 | PROBE_CALL};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        CHECK_EQ(raw(none[i], PROBE_WRITE, 0, 0, 0, 0), -ENOSYS, "no such call");
        CHECK_EQ(call(PROBE_WRITE, 0, 0, 0, 0, 0, none[i]), -ENOSYS, "no such call");
    }
    judge_probe(result);
}
