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
    read_policy(file, &model);
    const size_t paths = model.path_count, peers = model.peer_count;
    const size_t calls = model.call_rule_count;

    compile_policy(&model, &image);
    write_escaped(stdout, file);
    printf(" is a policy: %zu rule%s for paths, %zu for sockets, %zu for system calls; %zu bytes "
           "compiled\n",
           paths, plural(paths), peers, calls, image.size);
    return 0;
}

int print_policy(const char *file, char **rest)
{
    struct policy_model model;

    (void)rest;
    read_policy(file, &model);
    policy_print(stdout, &model);
    return 0;
}
