#include <string.h>
#include <unistd.h>

#include "embedded.h"
#include "memfd.h"
#include "message.h"
#include "report_process.h"

void report_process_run(char **operands)
{
    int fd = memfd_open_executable("endorun-report", embedded_report, embedded_report_end);

    if (fd < 0)
        memfd_die("the report", fd);
    int error = memfd_execute(fd, operands, environ);
    die(STATUS_SETUP, "cannot execute the report: %s", strerror(-error));
}
