/*
 * Which devices a program may open that is to reach no memory but by its own loads and stores: pure
 * functions, for whoever enforces.
 */
#ifndef ENDORUN_POLICY_DEVICES_H
#define ENDORUN_POLICY_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

/* Of a file with this st_mode and st_rdev. What is no device passes. */
bool device_is_harmless(uint32_t mode, uint64_t rdev);

#endif
