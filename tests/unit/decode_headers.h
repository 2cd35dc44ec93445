/* What the system's headers say of the named values; those of the C library and those of the kernel
 * cannot be had at once. */
#ifndef DECODE_HEADERS_H
#define DECODE_HEADERS_H

#include <stddef.h>
#include <stdint.h>

typedef void take_value(const char *name, int64_t value);

void tell_library_values(take_value *take);
void tell_kernel_values(take_value *take);
void tell_device_values(take_value *take);

#endif
