#include "families.h"

#include "../../loader/command/nearest.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Of two names for one number the first is the one that is written. */
static const struct {
    const char *name;
    int family;
} families[] = {
    {"unix", AF_UNIX},
    {"local", AF_LOCAL},
    {"inet", AF_INET},
    {"inet6", AF_INET6},
    {"netlink", AF_NETLINK},
    {"packet", AF_PACKET},
    {"alg", AF_ALG},
    {"appletalk", AF_APPLETALK},
    {"atmpvc", AF_ATMPVC},
    {"atmsvc", AF_ATMSVC},
    {"ax25", AF_AX25},
    {"bluetooth", AF_BLUETOOTH},
    {"bridge", AF_BRIDGE},
    {"caif", AF_CAIF},
    {"can", AF_CAN},
    {"decnet", AF_DECnet},
    {"econet", AF_ECONET},
    {"ib", AF_IB},
    {"ieee802154", AF_IEEE802154},
    {"ipx", AF_IPX},
    {"irda", AF_IRDA},
    {"isdn", AF_ISDN},
    {"iucv", AF_IUCV},
    {"kcm", AF_KCM},
    {"key", AF_KEY},
    {"llc", AF_LLC},
    {"mctp", AF_MCTP},
    {"mpls", AF_MPLS},
    {"netbeui", AF_NETBEUI},
    {"netrom", AF_NETROM},
    {"nfc", AF_NFC},
    {"phonet", AF_PHONET},
    {"pppox", AF_PPPOX},
    {"qipcrtr", AF_QIPCRTR},
    {"rds", AF_RDS},
    {"rose", AF_ROSE},
    {"rxrpc", AF_RXRPC},
    {"security", AF_SECURITY},
    {"smc", AF_SMC},
    {"sna", AF_SNA},
    {"tipc", AF_TIPC},
    {"vsock", AF_VSOCK},
    {"wanpipe", AF_WANPIPE},
    {"x25", AF_X25},
    {"xdp", AF_XDP},
};

#define FAMILY_COUNT (sizeof families / sizeof families[0])

_Static_assert(AF_MAX <= 64, "the families of a model are a bit set");

int family_number(const char *name)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (strcmp(families[i].name, name) == 0)
            return families[i].family;
    return -1;
}

const char *family_name(int family)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (families[i].family == family)
            return families[i].name;
    return NULL;
}

const char *family_nearest(const char *name)
{
    struct nearest nearest = nearest_to(name, strlen(name));

    for (size_t i = 0; i < FAMILY_COUNT; i++)
        nearest_offer(&nearest, families[i].name);
    return nearest.name;
}
