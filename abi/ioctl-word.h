/* SPDX-License-Identifier: Apache-2.0 */
/* One command word of an ioctl, or several words that differ in some bits. */
#pragma once

#include <stdint.h>

/**
 * IoctlWord: all words w with (w & @mask) == @word.
 * @name: the driver's or the kernel's name of the ioctl; a static string
 */
typedef struct {
    const char *name;
    uint32_t word;
    uint32_t mask;
} IoctlWord;

/** IOCTL_WORD_EXACT: the @mask for a single word. */
#define IOCTL_WORD_EXACT UINT32_MAX
