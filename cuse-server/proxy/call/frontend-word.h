/* SPDX-License-Identifier: Apache-2.0 */
/* Words of ioctls on /dev/nvidiactl and /dev/nvidiaN. */
#pragma once

#include <sys/ioctl.h>

#include "abi/nv-ioctl.h"

/**
 * frontend_command: make the ioctl word for the host's frontend driver, which looks only at the number
 * and the size.
 * @size: of the argument, at most 16383 bytes
 */
static inline uint32_t frontend_command(uint32_t number, size_t size)
{
    return NV_FRONTEND_WORD(number, size);
}

/** frontend_size: the argument size in a frontend ioctl word. */
static inline size_t frontend_size(uint32_t command)
{
    return _IOC_SIZE(command);
}
