/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what the kernel reports about a thread in lines "NAME:\tVALUE ...": /proc/PID/status, or a pidfd's fdinfo. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * proc_status_number: read a number from a line.
 * @status: the whole text
 * @index: which number of the line to read, from 0
 * Returns: false if there is no such line or number.
 */
bool proc_status_number(const char *status, const char *name, unsigned index, int base,
                        uint64_t *value);
