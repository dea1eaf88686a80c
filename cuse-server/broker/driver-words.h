/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ioctl() words that can be the driver's: what a guest's filter sends to the listener, with the transport
 * notify (container/open-filter.c), and what a caller's memory is given out for (broker/caller-memory.h). Framebuffers share the
 * frontend's type; UVM's numbers are hardly anybody else's.
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

/** DRIVER_WORDS: X(MASK, VALUE) for each kind of them: those for which (word & MASK) == VALUE. */
#define DRIVER_WORDS(X)                                             \
    X(DRIVER_TYPE_MASK, (uint64_t)NV_IOCTL_MAGIC << _IOC_TYPESHIFT) \
    X(DRIVER_WORD_MASK & ~UVM_PLAIN_MASK, 0)                        \
    X(DRIVER_WORD_MASK & ~UVM_LINUX_MASK, UVM_INITIALIZE & ~UVM_LINUX_MASK)

/** driver_word: is this one of them? */
static inline bool driver_word(uint32_t word)
{
#define DRIVER_WORD_IS(MASK, VALUE) || (word & (MASK)) == (VALUE)
    return false DRIVER_WORDS(DRIVER_WORD_IS);
#undef DRIVER_WORD_IS
}
