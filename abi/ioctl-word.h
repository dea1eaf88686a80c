/* SPDX-License-Identifier: Apache-2.0 */
/* An ioctl's command word, or several that differ in some bits. */
#pragma once

#include <stdint.h>

/**
 * IoctlWord: the words w with (w & @mask) == @word.
 * @name: the driver's or the kernel's name of it; static
 */
typedef struct {
    const char *name;
    uint32_t word;
    uint32_t mask;
} IoctlWord;

/** IOCTL_WORD_EXACT: @mask of a single word. */
#define IOCTL_WORD_EXACT UINT32_MAX
