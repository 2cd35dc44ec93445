#include <string.h>
#include <unistd.h>

#include "analyser/arguments.h"
#include "analyser_process.h"
#include "embedded.h"
#include "memfd.h"
#include "message.h"

#define ANALYSER_NAME "endorun-analyser"

void analyser_process_print(const char *file, bool json)
{
    char *argv[] = {"endorun", json ? ANALYSER_JSON : ANALYSER_TEXT, (char *)file, NULL};
    int fd = memfd_open_executable(ANALYSER_NAME, embedded_analyser, embedded_analyser_end);

    if (fd < 0)
        memfd_die("the analyser", fd);
    int error = memfd_execute(fd, argv, environ);
    die(STATUS_SETUP, "cannot execute the analyser: %s", strerror(-error));
}

void analyser_process_plan(const char *cache_directory)
{
    char *argv[] = {"endorun", ANALYSER_PLAN, (char *)cache_directory, NULL};
    int fd = memfd_open_executable(ANALYSER_NAME, embedded_analyser, embedded_analyser_end);

    if (fd >= 0)
        memfd_execute(fd, argv, environ);
    _exit(1);
}
