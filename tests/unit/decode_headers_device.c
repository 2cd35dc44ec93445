/* The values that the headers of the kernel's devices define. */
#include "decode_headers.h"

#include <linux/fcntl.h>
#include <asm/termbits.h>
#include <linux/fs.h>
#include <linux/fiemap.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <asm/socket.h>
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <linux/loop.h>
#include <linux/if_tun.h>
#include <linux/input.h>
#include <linux/watchdog.h>
#include <linux/kvm.h>
#include <linux/hdreg.h>
#include <linux/cdrom.h>
#include <scsi/sg.h>
#include <linux/i2c.h>
#include <linux/btrfs.h>
#include <linux/uinput.h>
#include <linux/uhid.h>
#include <linux/i2c-dev.h>
#include <linux/fb.h>

#define NAMED(name) take(#name, (int64_t)(name));

void tell_device_values(take_value *take)
{
#include "decode_value_names.inc"
}
