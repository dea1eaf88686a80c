/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recognises the ioctl() words that can be the driver's. The broker gives out a caller's memory only for such a word
 * (broker/identity/caller-memory.h). Framebuffers use the same type as the frontend. Hardly any other driver uses UVM's
 * numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "abi/nv-ioctl.h"
#include "abi/uvm.h"

/* ioctl() uses only the low 32 bits of the word. */
#define DRIVER_WORD_MASK UINT64_C(0xffffffff)
#define DRIVER_TYPE_MASK ((uint64_t)_IOC_TYPEMASK << _IOC_TYPESHIFT)
#define UVM_PLAIN_MASK   UINT64_C(0x7f) /* no plain number is above */
#define UVM_LINUX_MASK   UINT64_C(3)    /* UVM_INITIALIZE and UVM_DEINITIALIZE differ in these */

/** driver_word: can this be a word of the driver's? */
static inline bool driver_word(uint32_t word)
{
    return (word & DRIVER_TYPE_MASK) == (uint64_t)NV_IOCTL_MAGIC << _IOC_TYPESHIFT ||
           (word & ~UVM_PLAIN_MASK) == 0 ||
           (word & ~UVM_LINUX_MASK) == (UVM_INITIALIZE & ~UVM_LINUX_MASK);
}
