/*
 * P7: another thread changes the address of a socket, or the header of a message, while the call is
 * made. Goal: a message arrives where the policy lets nothing be sent.
 */
#include "policy.h"
#include <sys/socket.h>
#include <sys/un.h>

#define NAME_LENGTH 20 /* of both names, with the NUL before them */

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static socklen_t name_size(void)
{
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + NAME_LENGTH);
}

static int receiver(const char *name)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    memcpy(own.sun_path + 1, name, NAME_LENGTH - 1);
    while (bind(fd, (struct sockaddr *)&own, name_size()) != 0) {
        CHECK(errno == EADDRINUSE, "a socket is not bound: %m");
        sleep_ms(10); /* another run of this has the names, which both take in one order */
    }
    return fd;
}

static void *flip(void *argument)
{
    for (;;) {
        memcpy(address.sun_path + 1, "endorun-attack-shut", NAME_LENGTH - 1);
        __asm__ volatile("pause" ::: "memory"); /* both are stored */
        memcpy(address.sun_path + 1, "endorun-attack-open", NAME_LENGTH - 1);
        __asm__ volatile("pause" ::: "memory");
    }
    return argument;
}

static void send_once(unsigned i)
{
    struct iovec vector = {"x", 1};
    struct mmsghdr message = {{&address, name_size(), &vector, 1, NULL, 0, 0}, 0};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    switch (i % 4) {
    case 0:
        sendto(fd, "x", 1, 0, (struct sockaddr *)&address, name_size());
        break;
    case 1:
        sendmsg(fd, &message.msg_hdr, 0);
        break;
    case 2:
        sendmmsg(fd, &message, 1, 0);
        break;
    default:
        if (connect(fd, (struct sockaddr *)&address, name_size()) == 0)
            send(fd, "x", 1, 0);
        break;
    }
    close(fd);
}

int main(void)
{
    pthread_t thread;
    char byte;
    unsigned arrivals = 0;
    int open_end = receiver("endorun-attack-open"), shut_end = receiver("endorun-attack-shut");
    long long end = race_end();

    memcpy(address.sun_path + 1, "endorun-attack-open", NAME_LENGTH - 1);
    CHECK(pthread_create(&thread, NULL, flip, NULL) == 0, "no thread");
    for (unsigned i = 0; monotonic_ns() < end || arrivals == 0; i++) {
        send_once(i);
        while (recv(open_end, &byte, 1, 0) == 1)
            arrivals++;
        if (recv(shut_end, &byte, 1, 0) == 1)
            reached();
    }
    not_reached("none-seen");
}
