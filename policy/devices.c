/*
 * A whitelist, since new devices come with every kernel. Those in it move bytes by copies to and
 * from the caller's memory, with the caller's rights, and map no pages but fresh ones. Not in it:
 *   - what lets a guest, an enclave, a card or another process at memory (KVM, vhost, VFIO, SGX,
 *     RDMA, GPU, udmabuf, userfaultfd), or is memory (mem, port);
 *   - block devices: one may hold the swap that the monitor's pages are in;
 *   - sound, video, input, and all that needs a look at each driver.
 */
#include "devices.h"

#define FORMAT_BITS      0170000U
#define CHARACTER_DEVICE 0020000U
#define BLOCK_DEVICE     0060000U

/* Documentation/admin-guide/devices.txt. */
static const struct {
    uint32_t majors[2], minors[2]; /* from, to */
} harmless[] = {
    {{1, 1}, {3, 3}},              /* null */
    {{1, 1}, {5, 5}},              /* zero; shared, it maps as shmem */
    {{1, 1}, {7, 9}},              /* full, random, urandom */
    {{1, 1}, {11, 11}},            /* kmsg: lines of text */
    {{4, 4}, {0, UINT32_MAX}},     /* tty0 and on, ttyS0 and on */
    {{5, 5}, {0, 2}},              /* tty, console, ptmx */
    {{10, 10}, {200, 200}},        /* net/tun: packets, by read and write */
    {{10, 10}, {229, 229}},        /* fuse: requests and answers, the same; to mount takes rights */
    {{10, 10}, {235, 235}},        /* autofs: of no use without the right to mount */
    {{136, 143}, {0, UINT32_MAX}}, /* pts/N */
    {{229, 229}, {0, UINT32_MAX}}, /* hvc0 and on: the console of guests */
};

static bool is_between(uint32_t number, const uint32_t range[2])
{
    return range[0] <= number && number <= range[1];
}

bool device_is_harmless(uint32_t mode, uint64_t rdev)
{
    /* new_encode_dev(), include/linux/kdev_t.h */
    uint32_t major = (uint32_t)(rdev >> 8) & 0xfffU;
    uint32_t minor = (uint32_t)(rdev & 0xffU) | ((uint32_t)(rdev >> 12) & 0xfff00U);
    if ((mode & FORMAT_BITS) == BLOCK_DEVICE) {
        return false;
    }
    bool found = (mode & FORMAT_BITS) != CHARACTER_DEVICE;
    for (uint32_t i = 0; i < sizeof harmless / sizeof harmless[0] && !found; i++) {
        found = is_between(major, harmless[i].majors) && is_between(minor, harmless[i].minors);
    }
    return found;
}
