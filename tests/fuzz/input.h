/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzer's input, taken piece by piece; and structs of the driver made of it by their tables. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/layout.h"

/** Input: what is left of it; zeroes when it is used up. */
typedef struct {
    const uint8_t *data;
    size_t size;
} Input;

void input_take(Input *input, void *to, size_t n);
uint8_t input_byte(Input *input);

/** input_handle: a handle of a small pool, so that calls meet each other's objects. */
uint32_t input_handle(Input *input);

/**
 * input_struct: fill a struct, member by member as its role says: handles from the pool, pointers into the guest's
 * memory, descriptors that may be open, counts that are small; and now and then what nobody expects.
 * @bytes: @layout->size bytes
 */
void input_struct(Input *input, const AbiLayout *layout, uint8_t *bytes);
