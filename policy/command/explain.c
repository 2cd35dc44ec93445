/* `endorun policy explain`: for each rule what can hold it here, the kernel or the monitor alone.
 */
#include "commands.h"

#include "explanation.h"
#include "isolation.h"

#include "../../loader/command/escape.h"

#include <stdio.h>

struct counts {
    size_t rules, left; /* of them, those that the monitor has to hold */
};

void print_explained_rule(FILE *out, const struct explained_rule *rule)
{
    write_escaped(out, rule->origin.file != NULL ? rule->origin.file : "default");
    if (rule->origin.line != 0)
        fprintf(out, ":%u:%u", rule->origin.line, rule->origin.column);
    fprintf(out, ": %s", rule->key);
    if (rule->written != NULL) {
        fputs(": ", out);
        write_escaped(out, rule->written);
    }
    fprintf(out, "\n    %s%s%s%s\n", rule->kernel != NULL ? rule->kernel : "",
            rule->kernel && rule->because ? ", and " : "",
            rule->because != NULL ? "the monitor: " : "",
            rule->because != NULL ? rule->because : "");
}

static void print_rule(void *context, const struct explained_rule *rule)
{
    struct counts *counts = context;

    counts->rules++;
    counts->left += rule->because != NULL;
    print_explained_rule(stdout, rule);
}

int explain_policy(const char *file, char **rest)
{
    struct explanation explanation;
    struct counts counts = {0, 0};
    const struct pkey_support keys = probe_pkey_support();

    (void)rest;
    explain_file(file, &explanation);
    explanation_visit(&explanation, print_rule, &counts);
    printf("\n%zu of %zu rules need the monitor, in part or alone", counts.left, counts.rules);
    printf(keys.cpu && keys.kernel ? "; protection keys keep the program from changing it.\n"
                                   : "; without protection keys the program could change it.\n");
    if (explanation.landlock_abi == 0)
        puts("This kernel has no Landlock, or it is switched off.");
    return 0;
}
