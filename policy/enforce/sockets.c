/*
 * Sockets: their families, and the addresses that they are connected, bound, or sent to. An address
 * is copied once, decided on, and the copy is what the kernel gets.
 */
#include "manage.h"

#include "../../monitor/exec.h"
#include "../../monitor/process.h"
#include "../../monitor/support.h"
#include "../../monitor/syscall.h"
#include "../decide.h"
#include "denial.h"

#define ADDRESS_MAX   128U /* struct sockaddr_storage: the kernel takes no longer one */
#define UNIX_PATH_MAX 108U
#define UNIX_PATH_AT  2U /* offsetof(struct sockaddr_un, sun_path) */

enum { AF_UNSPEC_ = 0, AF_INET_ = 2, AF_INET6_ = 10 };

/* An address as the program gave it, or as it is to be. */
struct address {
    uint8_t bytes[ADDRESS_MAX];
    uint32_t size;
};

/* struct mmsghdr */
struct kernel_mmsghdr {
    struct kernel_msghdr header;
    uint64_t length; /* 32 bits, and padding */
};

bool is_about_sockets(uint32_t number)
{
    switch (number) {
    case __NR_socket:
    case __NR_socketpair:
    case __NR_connect:
    case __NR_bind:
    case __NR_listen:
    case __NR_sendto:
    case __NR_sendmsg:
    case __NR_sendmmsg:
        return true;
    default:
        return false;
    }
}

/* ---- addresses ---- */

static long copy_address(struct address *address, uint64_t from, uint64_t size)
{
    if ((int32_t)size < 0 || (uint32_t)size > ADDRESS_MAX) {
        return -EINVAL;
    }
    memset(address->bytes, 0, sizeof address->bytes);
    address->size = (uint32_t)size;
    return copy_from_user(address->bytes, user_pointer(from), address->size);
}

static uint16_t family_of(const struct address *address)
{
    uint16_t family = AF_UNSPEC_;
    if (address->size >= sizeof family) {
        memcpy(&family, address->bytes, sizeof family);
    }
    return family;
}

static uint16_t port_of(const struct address *address)
{
    return (uint16_t)(address->bytes[2] << 8 | address->bytes[3]);
}

/* Addresses of IPv4 and IPv6: struct sockaddr_in, struct sockaddr_in6. */
static void read_internet(const struct address *address, struct endorun_peer *peer)
{
    bool is_ipv6 = family_of(address) == AF_INET6_;
    peer->kind = is_ipv6 ? ENDORUN_PEER_IPV6 : ENDORUN_PEER_IPV4;
    peer->port = port_of(address);
    memcpy(peer->address, address->bytes + (is_ipv6 ? 8 : 4), is_ipv6 ? 16 : 4);
}

static long decide_on_peer(const struct inquiry *inquiry, enum endorun_network_access access,
                           const struct endorun_peer *peer)
{
    struct endorun_verdict verdict = decide_peer(policy_in_use, access, peer);
    if (verdict.action == ENDORUN_ACTION_ALLOW) {
        return 0;
    }
    return deny_peer(inquiry, access, peer, &verdict);
}

/* ---- sockets with a path ---- */

/* The socket, or the folder where it is to be, is held while the call is made. */
struct socket_errand {
    const struct inquiry *inquiry;
    enum endorun_network_access access;
    struct address *address;
    long (*make)(void *context);
    void *context;
    bool is_in_child;
    bool is_made; /* `result` is the call's */
    long result;
};

static bool has_path(const struct address *address)
{
    return family_of(address) == AF_UNIX && address->size > UNIX_PATH_AT &&
           address->bytes[UNIX_PATH_AT] != 0;
}

static void read_path(const struct address *address, char path[UNIX_PATH_MAX + 1])
{
    uint32_t size = address->size - UNIX_PATH_AT;
    memcpy(path, address->bytes + UNIX_PATH_AT, size < UNIX_PATH_MAX ? size : UNIX_PATH_MAX);
    path[size < UNIX_PATH_MAX ? size : UNIX_PATH_MAX] = 0;
}

/* A socket is found by what its path leads to; a new one by the folder that it is to stand in. */
static long hold_socket(const struct socket_errand *errand, char *path, char *name)
{
    bool is_new = errand->access == ENDORUN_NETWORK_BIND;
    size_t at = strlen(path);
    while (is_new && at > 0 && path[at - 1] != '/') {
        at--;
    }
    char folder[UNIX_PATH_MAX + 2] = ".";
    if (is_new && at > 0) {
        memcpy(folder, path, at);
        folder[at] = 0;
    }
    long held = SYS4(__NR_openat, AT_FDCWD, is_new ? folder : path,
                     O_PATH | O_CLOEXEC | (is_new ? O_DIRECTORY : 0), 0);
    if (held < 0) {
        return held;
    }
    long result = !object_name((int)held, name)                     ? -EACCES
                  : is_new && !name_append_element(name, path + at) ? -ENAMETOOLONG
                                                                    : 0;
    if (result != 0) {
        SYS1(__NR_close, held);
        return result;
    }
    return held;
}

static long decide_on_socket(const struct socket_errand *errand, const char *name)
{
    const struct endorun_peer peer = {
        .kind = ENDORUN_PEER_PATH, .name = name, .length = (uint32_t)strlen(name)};
    long result = 0;
    if (policy_has_paths()) { /* first: what is hidden is not there, whatever [network] says */
        bool is_new = errand->access == ENDORUN_NETWORK_BIND;
        result = object_decide(errand->inquiry, is_new ? PATH_ACCESS(WRITE) : PATH_ACCESS(LOOK),
                               name, 0);
    }
    return result == 0 ? decide_on_peer(errand->inquiry, errand->access, &peer) : result;
}

static void write_path(struct address *address, const char *path)
{
    char *at = (char *)address->bytes + UNIX_PATH_AT;
    at[0] = 0;
    append_string(at, UNIX_PATH_MAX, path);
    address->size = (uint32_t)(UNIX_PATH_AT + strlen(at) + 1);
}

/*
 * The kernel gets the descriptor's link. Not from a child: who accepts the connection is told which
 * process has made it. The thread then uses the name that was decided on, which others could give
 * to another socket meanwhile, if they may write there.
 */
static void connect_held(struct socket_errand *errand, long held, const char *name)
{
    char link[64] = "";
    if (errand->is_in_child) {
        if (strlen(name) < UNIX_PATH_MAX) {
            write_path(errand->address, name);
        } else {
            errand->result = -ENAMETOOLONG; /* what was written could lead elsewhere by then */
        }
        return;
    }
    append_string(link, sizeof link, own_descriptors());
    append_number(link, sizeof link, (uint64_t)held);
    write_path(errand->address, link);
    errand->result = errand->make(errand->context);
    errand->is_made = true;
}

static void find_socket(void *argument)
{
    struct socket_errand *errand = argument;
    char path[UNIX_PATH_MAX + 1], name[PATH_MAX_BYTES];
    read_path(errand->address, path);
    long held = hold_socket(errand, path, name);
    if (held >= 0) {
        errand->result = decide_on_socket(errand, name);
    } else {
        errand->result = policy_has_paths()
                             ? object_decide_on_failure(errand->inquiry, AT_FDCWD, path, held)
                             : held;
    }
    if (errand->result == 0 && errand->access == ENDORUN_NETWORK_CONNECT) {
        connect_held(errand, held, name);
    }
    if (held >= 0) {
        SYS1(__NR_close, held);
    }
}

/*
 * Decides on the address and makes the call by `make`. A new socket keeps the name that the program
 * gave it, which others read from it: it is made as it is written.
 */
static long use_address(const struct inquiry *inquiry, enum endorun_network_access access,
                        struct address *address, long (*make)(void *context), void *context)
{
    struct endorun_peer peer = {0};
    uint16_t family = family_of(address);
    if (family == AF_UNIX && address->size > UNIX_PATH_AT + UNIX_PATH_MAX) {
        return -EINVAL;
    }
    if (has_path(address)) {
        struct socket_errand errand = {
            .inquiry = inquiry,
            .access = access,
            .address = address,
            .make = make,
            .context = context,
            .is_in_child = current_thread()->shares_descriptors,
            .result = -EAGAIN, /* stays so when no child can be had */
        };
        with_private_descriptors(find_socket, &errand);
        return errand.result == 0 && !errand.is_made ? make(context) : errand.result;
    }
    if (family == AF_UNIX && address->size > UNIX_PATH_AT) {
        peer.kind = ENDORUN_PEER_ABSTRACT;
        peer.name = (const char *)address->bytes + UNIX_PATH_AT + 1;
        peer.length = address->size - UNIX_PATH_AT - 1;
    } else if (family == AF_UNIX && access == ENDORUN_NETWORK_BIND) {
        peer.kind = ENDORUN_PEER_ABSTRACT; /* of a name that the kernel makes up */
        peer.name = "";
    } else if (family == AF_INET_ || family == AF_INET6_ ||
               (family == AF_UNSPEC_ && inquiry->number != __NR_connect)) {
        read_internet(address, &peer); /* AF_UNSPEC is IPv4 for bind(2) and for UDP */
    } else {
        return make(context); /* it ends a connection, or its family says it all */
    }
    long result = decide_on_peer(inquiry, access, &peer);
    return result == 0 ? make(context) : result;
}

/* ---- calls with one address ---- */

struct plain_call {
    long number;
    unsigned long arguments[6];
    struct address *address;
    struct thread *thread;
    unsigned at; /* which argument is the address; the next one is its size */
};

static long make_plain(void *context)
{
    struct plain_call *plain = context;
    uint8_t *copy = shared_pages_of(plain->thread)->arguments;
    memcpy(copy, plain->address->bytes, plain->address->size);
    plain->arguments[plain->at] = (unsigned long)copy;
    plain->arguments[plain->at + 1] = plain->address->size;
    return window_syscall(plain->number, plain->arguments);
}

static long use_plain(struct thread *thread, const struct user_registers *call,
                      const struct inquiry *inquiry, unsigned at)
{
    struct address address;
    struct plain_call plain = {
        .number = (long)inquiry->number,
        .arguments = {call->rdi, call->rsi, call->rdx, call->r10, call->r8, call->r9},
        .address = &address,
        .thread = thread,
        .at = at,
    };
    bool binds = inquiry->number == __NR_bind;
    long result = copy_address(&address, plain.arguments[at], plain.arguments[at + 1]);
    return result < 0 ? result
                      : use_address(inquiry, binds ? ENDORUN_NETWORK_BIND : ENDORUN_NETWORK_CONNECT,
                                    &address, make_plain, &plain);
}

/* ---- messages ---- */

#define CONTROL_MAX 2048U /* of what goes along with a message */

struct message {
    struct thread *thread;
    uint8_t control[CONTROL_MAX] __attribute__((aligned(8)));
    struct kernel_msghdr header;
    struct address address;
    unsigned long fd, flags;
};

/* The header and the address are copies; what they lead to beyond is the program's. */
static long make_message(void *context)
{
    struct message *message = context;
    struct {
        struct kernel_msghdr header;
        uint8_t address[ADDRESS_MAX];
        uint8_t control[CONTROL_MAX] __attribute__((aligned(8)));
    } *copy = (void *)shared_pages_of(message->thread)->arguments;
    memcpy(copy->address, message->address.bytes, message->address.size);
    copy->header = message->header;
    if (message->header.control_length != 0) {
        memcpy(copy->control, message->control, message->header.control_length);
        copy->header.control = (uint64_t)copy->control;
    }
    if (message->header.name != 0) {
        copy->header.name = (uint64_t)copy->address;
        copy->header.name_length = message->address.size;
    }
    const unsigned long arguments[6] = {message->fd, (unsigned long)&copy->header, message->flags};
    return window_syscall(__NR_sendmsg, arguments);
}

/*
 * What sends a packet elsewhere than its address says: source routes, and the destinations of SCTP.
 * struct cmsghdr, <linux/socket.h>.
 */
static bool redirects(const struct message *message)
{
    struct {
        uint64_t length;
        int32_t level, type;
    } item;
    uint64_t size = message->header.control_length;
    for (uint64_t at = 0; at + sizeof item <= size;) {
        memcpy(&item, message->control + at, sizeof item);
        if ((item.level == 0 && item.type == 7) || /* IP_RETOPTS */
            (item.level == 41 && (item.type == 57 || item.type == 5 || item.type == 9)) ||
            item.level == 132) { /* IPV6_RTHDR, IPV6_2292RTHDR, IPV6_NEXTHOP; SOL_SCTP */
            return true;
        }
        if (item.length < sizeof item || item.length > size - at) {
            return false; /* as the kernel: it will say so */
        }
        at += round_up(item.length, 8);
    }
    return false;
}

static long send_message(const struct inquiry *inquiry, struct message *message, uint64_t from)
{
    if (copy_from_user(&message->header, user_pointer(from), sizeof message->header) != 0) {
        return -EFAULT;
    }
    if (message->header.control == 0) {
        message->header.control_length = 0;
    }
    if (message->header.control_length > CONTROL_MAX) {
        return -ENOBUFS;
    }
    if (copy_from_user(message->control, user_pointer(message->header.control),
                       message->header.control_length) != 0) {
        return -EFAULT;
    }
    if (redirects(message)) {
        return -EPERM;
    }
    uint32_t size = (uint32_t)message->header.name_length;
    if (message->header.name == 0 || size == 0) {
        message->header.name = 0;
        message->address.size = 0;
        return make_message(message);
    }
    if ((int32_t)size < 0) {
        return -EINVAL;
    }
    size = size < ADDRESS_MAX ? size : ADDRESS_MAX; /* as __copy_msghdr(), net/socket.c */
    long result = copy_address(&message->address, message->header.name, size);
    return result < 0 ? result
                      : use_address(inquiry, ENDORUN_NETWORK_CONNECT, &message->address,
                                    make_message, message);
}

/* Until one fails; what was sent before counts. */
static long send_messages(const struct inquiry *inquiry, struct message *message, uint64_t from,
                          uint32_t count)
{
    const uint64_t length_at = offsetof(struct kernel_mmsghdr, length);
    uint32_t done = 0;
    long result = 0;
    for (; done < count && done < UIO_MAXIOV; done++) {
        uint64_t at = from + done * sizeof(struct kernel_mmsghdr);
        result = send_message(inquiry, message, at);
        uint32_t sent = (uint32_t)result;
        if (result >= 0) {
            result = copy_to_user(user_pointer(at + length_at), &sent, sizeof sent);
        }
        if (result < 0) {
            break;
        }
    }
    return done > 0 ? (long)done : result;
}

/* ---- calls without an address ---- */

static long decide_on_family(const struct user_registers *call, const struct inquiry *inquiry)
{
    struct endorun_verdict verdict = decide_family(policy_in_use, (int)call->rdi);
    if (verdict.action == ENDORUN_ACTION_ALLOW) {
        return CALL_FORWARD;
    }
    long result = deny_family(inquiry, (int)call->rdi, &verdict);
    return result == 0 ? CALL_FORWARD : result;
}

/* A socket without an address is bound to any, and some port: inet_autobind(). */
static long decide_on_listen(const struct user_registers *call, const struct inquiry *inquiry)
{
    struct address address = {.size = 0};
    struct endorun_peer peer = {0};
    int32_t size = sizeof address.bytes;
    if (SYS3(__NR_getsockname, call->rdi, address.bytes, &size) < 0) {
        return CALL_FORWARD; /* the kernel will say why */
    }
    address.size = (uint32_t)size;
    uint16_t family = family_of(&address);
    if ((family != AF_INET_ && family != AF_INET6_) || port_of(&address) != 0) {
        return CALL_FORWARD; /* bound, and decided on then */
    }
    read_internet(&address, &peer);
    long result = decide_on_peer(inquiry, ENDORUN_NETWORK_BIND, &peer);
    return result == 0 ? CALL_FORWARD : result;
}

long manage_sockets(struct thread *thread, const struct user_registers *call,
                    const struct inquiry *inquiry)
{
    struct message message;
    message.thread = thread;
    message.fd = call->rdi;
    message.flags = call->rdx;
    switch (inquiry->number) {
    case __NR_socket:
    case __NR_socketpair:
        return decide_on_family(call, inquiry);
    case __NR_listen:
        return decide_on_listen(call, inquiry);
    case __NR_connect:
    case __NR_bind:
        return use_plain(thread, call, inquiry, 1);
    case __NR_sendto:
        return call->r8 == 0 || (uint32_t)call->r9 == 0 ? CALL_FORWARD
                                                        : use_plain(thread, call, inquiry, 4);
    case __NR_sendmsg:
        return send_message(inquiry, &message, call->rsi);
    default:
        message.flags = call->r10;
        return send_messages(inquiry, &message, call->rsi, (uint32_t)call->rdx);
    }
}
