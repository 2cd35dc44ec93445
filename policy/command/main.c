/*
 * `endorun policy`: an executable of its own, static, which is embedded in the command and started
 * by it alone. So the reader of TOML costs a run without a policy nothing.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "front.h"
#include "implied.h"
#include "locate.h"
#include "message.h"
#include "nearest.h"
#include "policy_process.h"

struct policy_command {
    const char *name;
    const char *operands; /* behind the name */
    unsigned operand_count;
    int (*run)(const char *file, char **rest);
    const char *help; /* NULL: the launcher's, neither listed nor suggested */
};

static const struct policy_command commands[] = {
    {"check", "FILE", 1, check_policy,
     "say whether FILE is a policy, or all that is wrong with it"},
    {"print", "FILE", 1, print_policy,
     "write the policy as one file: includes, variables and defaults put in"},
    {"explain", "FILE", 1, explain_policy,
     "say of each rule what can hold it on this machine: the kernel, or the monitor alone"},
    {"test", "FILE CALL", 2, test_policy,
     "say what the policy makes of a system call, and by which line; status 1 when it is denied"},
    {PREPARE_COMMAND, "FILE FD CACHE COMMAND COMPLAIN KEYS", 6, prepare_policy, NULL},
    {LEARN_COMMAND, "RECORDS POLICY GENERALISE", 3, learn_policy, NULL},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

void read_policy(const char *file, struct policy_model *model)
{
    static struct arena memory; /* what the surroundings have */
    static struct policy_errors errors;
    struct policy_surroundings surroundings = policy_own_surroundings(&memory);

    if (policy_read(file, &surroundings, model, &errors))
        return;
    policy_errors_print(stderr, &errors);
    die(STATUS_SETUP, "%s is no policy", file);
}

void compile_policy(struct policy_model *model, struct policy_image *image)
{
    char error[POLICY_ERROR_SIZE];

    if (!policy_locate(model) || !policy_imply(model))
        die(STATUS_SETUP, "no memory left");
    if (policy_compile(model, image, error) != 0)
        die(STATUS_SETUP, "%s", error);
}

static void usage(FILE *out)
{
    fputs("usage: endorun policy COMMAND FILE ...\n\n"
          "FILE is a policy file, or @NAME, a built-in profile.\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].help != NULL)
            fprintf(out, "  %s %s\n    %s\n", commands[i].name, commands[i].operands,
                    commands[i].help);
}

static const struct policy_command *find_command(const char *name)
{
    struct nearest nearest = nearest_to(name, strlen(name));

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
        if (commands[i].help != NULL)
            nearest_offer(&nearest, commands[i].name);
    }
    die(STATUS_SETUP, "policy: unknown command '%s'; the nearest known one is '%s'", name,
        nearest.name);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        die(STATUS_SETUP, "policy: no command was given; `endorun policy --help` shows them");
    if (strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        finish_standard_output();
        return 0;
    }
    const struct policy_command *command = find_command(argv[1]);

    if ((unsigned)argc - 2 != command->operand_count)
        die(STATUS_SETUP, "policy %s takes %s", command->name, command->operands);
    int status = command->run(argv[2], argv + 3);

    finish_standard_output();
    return status;
}
