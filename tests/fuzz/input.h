/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzer's input, taken piece by piece, and structs of the driver that are filled from it according to the tables. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/layout.h"

/** Input: the rest of the input; zeroes when it is used up. */
typedef struct {
    const uint8_t *data;
    size_t size;
} Input;

void input_take(Input *input, void *to, size_t n);
uint8_t input_byte(Input *input);

/** input_handle: a handle from a small pool, so that calls meet each other's objects. */
uint32_t input_handle(Input *input);

/**
 * input_struct: fill a struct, member by member according to its role: handles from the pool, pointers into the guest's memory,
 * descriptors that may be open, small counts; and sometimes any value.
 * @bytes: @layout->size bytes
 */
void input_struct(Input *input, const AbiLayout *layout, uint8_t *bytes);
