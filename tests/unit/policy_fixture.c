#include "policy_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct policy_origin fixture_origin(size_t line)
{
    return (struct policy_origin){FIXTURE_FILE, (unsigned)line, 3};
}

const struct endorun_policy_header *fixture_compile(const struct policy_model *model)
{
    struct policy_image image;
    char error[POLICY_ERROR_SIZE] = "";
    /* Not by assertions, which cost a system call each: some tests make many thousand policies. */
    if (policy_compile(model, &image, error) != 0) {
        ck_abort_msg("%s", error);
    }
    if (!policy_check(image.bytes, image.size)) {
        ck_abort_msg("the image is refused");
    }
    return image.bytes;
}

void fixture_release(const struct endorun_policy_header *policy)
{
    struct policy_image image = {(void *)(uintptr_t)policy, policy->size};
    policy_image_release(&image);
}

unsigned fixture_line(const struct endorun_policy_header *policy,
                      const struct endorun_verdict *verdict)
{
    const struct endorun_policy_rule *rule = policy_rule(policy, verdict->rule);
    if (verdict->rule != 0 && strcmp(policy_text(policy, rule->file), FIXTURE_FILE) != 0) {
        ck_abort_msg("rule %u is of no file of the test", verdict->rule);
    }
    return rule->line;
}
