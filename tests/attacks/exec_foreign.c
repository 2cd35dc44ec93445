/* P3: a 32-bit program, whose calls have other numbers. */
#include "executed.h"

static void execute(void)
{
    execl(helper("probe32"), "probe32", (char *)NULL);
    _exit(errno == ENOEXEC ? ANSWER_BASE : 1);
}

int main(void)
{
    long answer = probe_answer(in_child(execute));
    if (answer == NOT_EXECUTED) {
        not_reached("ENOEXEC");
    }
    judge_probe(answer);
}
