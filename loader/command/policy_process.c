#include <string.h>
#include <unistd.h>

#include "embedded.h"
#include "memfd.h"
#include "message.h"
#include "policy_process.h"

void policy_process_run(char **operands)
{
    int fd = memfd_open_executable("endorun-policy", embedded_policy, embedded_policy_end);

    if (fd < 0)
        memfd_die("the policy compiler", fd);
    int error = memfd_execute(fd, operands, environ);
    die(STATUS_SETUP, "cannot execute the policy compiler: %s", strerror(-error));
}
