#include "commands.h"
#include "front.h"

#include "../../loader/command/escape.h"

#include <stdio.h>

static const char *plural(size_t number)
{
    return number == 1 ? "" : "s";
}

int check_policy(const char *file, char **rest)
{
    struct policy_model model;
    struct policy_image image;

    (void)rest;
    take_policy(file, &model, &image);
    write_escaped(stdout, file);
    printf(" is a policy: %zu rule%s for paths, %zu for sockets, %zu for system calls; %zu bytes "
           "compiled\n",
           model.path_count, plural(model.path_count), model.peer_count, model.call_rule_count,
           image.size);
    return 0;
}

int print_policy(const char *file, char **rest)
{
    struct policy_model model;
    struct policy_image image;

    (void)rest;
    take_policy(file, &model, &image);
    policy_print(stdout, &model);
    return 0;
}
