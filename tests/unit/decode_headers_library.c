/* The values that the headers of the C library define. */
#include "decode_headers.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sys/statvfs.h>
#include <sys/ptrace.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <termios.h>
#include <sys/swap.h>
#include <sys/mount.h>

/* Of a structure that only the kernel's headers have. */
#undef TCGETS2
#undef TCSETS2
#undef TCSETSW2
#undef TCSETSF2

#define NAMED(name) take(#name, (int64_t)(name));

void tell_library_values(take_value *take)
{
#include "decode_value_names.inc"
}
