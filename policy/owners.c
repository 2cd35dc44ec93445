#include "owners.h"
#include "../monitor/abi.h"

bool owners_are_true(uint64_t type)
{
    static const uint32_t known[] = {EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,
                                     OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC,      SQUASHFS_MAGIC,
                                     EROFS_SUPER_MAGIC_V1,  F2FS_SUPER_MAGIC, ISOFS_SUPER_MAGIC,
                                     RAMFS_MAGIC,           ZFS_SUPER_MAGIC};
    for (uint32_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (type == known[i]) {
            return true;
        }
    }
    return false;
}
