/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ioctl() words that can be the driver's: what a caller's memory is given out for (broker/identity/caller-memory.h).
 * Framebuffers share the frontend's type; UVM's numbers are hardly anybody else's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "abi/nv-ioctl.h"
#include "abi/uvm.h"

/* ioctl() looks at 32 bits. */
#define DRIVER_WORD_MASK UINT64_C(0xffffffff)
#define DRIVER_TYPE_MASK ((uint64_t)_IOC_TYPEMASK << _IOC_TYPESHIFT)
#define UVM_PLAIN_MASK   UINT64_C(0x7f) /* all plain numbers are below */
#define UVM_LINUX_MASK   UINT64_C(3)    /* in which UVM_INITIALIZE and UVM_DEINITIALIZE differ */

/** driver_word: is this one of them? */
static inline bool driver_word(uint32_t word)
{
    return (word & DRIVER_TYPE_MASK) == (uint64_t)NV_IOCTL_MAGIC << _IOC_TYPESHIFT ||
           (word & ~UVM_PLAIN_MASK) == 0 ||
           (word & ~UVM_LINUX_MASK) == (UVM_INITIALIZE & ~UVM_LINUX_MASK);
}
