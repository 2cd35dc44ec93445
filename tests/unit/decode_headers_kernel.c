/* The values that the headers of the kernel define. */
#include "decode_headers.h"

#include <linux/fcntl.h>
#include <asm/prctl.h>
#include <asm/termbits.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/fiemap.h>
#include <linux/falloc.h>
#include <linux/fadvise.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/kcmp.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <linux/memfd.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/personality.h>
#include <linux/ptrace.h>
#include <linux/quota.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <linux/userfaultfd.h>
#include <linux/io_uring.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/ioprio.h>
#include <linux/nsfs.h>
#include <linux/prctl.h>
#include <linux/kexec.h>
#include <asm/mman.h>
#include <asm/signal.h>
#include <linux/fsverity.h>
#include <linux/fscrypt.h>
#include <asm/ldt.h>

#define NAMED(name) take(#name, (int64_t)(name));

void tell_kernel_values(take_value *take)
{
#include "decode_value_names.inc"
}
