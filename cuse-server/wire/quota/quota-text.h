/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas as people write them: sizes like "20G", and lists of sizes for GPUs like "0=20G,1=max". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/device.h"
#include "cuse-server/wire/quota/quota.h"

enum { QUOTA_MINORS = NV_MINOR_DEVICE_NUMBER_REGULAR_MAX + 1 };

/**
 * QuotaList: limits of GPU memory, in bytes or QUOTA_UNLIMITED. It contains no pointers, because it is also sent in messages.
 * @others: the limit of the GPUs that have none of their own; @has_others: 1 if there is such a limit, else 0
 * @own: the limit of the GPU with this device minor; @has_own: 1 if the GPU has a limit of its own, else 0
 */
typedef struct {
    uint64_t others;
    uint64_t own[QUOTA_MINORS];
    uint8_t has_own[QUOTA_MINORS];
    uint8_t has_others;
} QuotaList;

/**
 * quota_size_parse: read a size.
 * @text: "max", or a positive whole number with the unit K, M, G or T (1024, 1024 * 1024 ...), which an "i" may follow. A number
 *     without a unit is refused: people mean bytes, MiB or GiB by it
 * @bytes: set to the size, or to QUOTA_UNLIMITED for "max"; at most INT64_MAX
 */
bool quota_size_parse(const char *text, uint64_t *bytes, GError **error);

/** quota_size_check: check a size. Returns false with @error if quota_size_parse() refuses it. */
bool quota_size_check(const char *text, GError **error);

/** quota_size_format: (transfer full): write a size exactly, as quota_size_parse() reads it. @bytes: a multiple of 1024, or
 * QUOTA_UNLIMITED. A part of 1024 bytes is left out. */
char *quota_size_format(uint64_t bytes);

/**
 * quota_list_parse: read a list of limits, joined by commas. An item MINOR=SIZE is for the GPU with this device minor; a SIZE
 * alone is for all GPUs that are not named.
 */
bool quota_list_parse(const char *text, QuotaList *list, GError **error);

/** quota_list_format: (transfer full): write a list as quota_list_parse() reads it. Returns "" for an empty list. */
char *quota_list_format(const QuotaList *list);

/** quota_list_find: find the limit of a GPU. Returns false if the list has none for it. */
bool quota_list_find(const QuotaList *list, unsigned minor_no, uint64_t *bytes);

/** quota_lower: the lower one of two limits. */
uint64_t quota_lower(uint64_t a, uint64_t b);

/** quota_list_lower: lower the limits in @list to those in @other. A GPU without a limit in one list gets that of the other. */
void quota_list_lower(QuotaList *list, const QuotaList *other);

/** quota_list_stray: find a GPU that the list names, but that is not among @devices. Returns its minor; -1: there is none. */
int quota_list_stray(const QuotaList *list, const Device *devices, unsigned n_devices);

/** managed_memory_parse: read "free" or "refuse". Returns false with @error for other words. */
bool managed_memory_parse(const char *text, ManagedMemory *managed, GError **error);

/** managed_memory_check: check a word. Returns false with @error if managed_memory_parse() refuses it. */
bool managed_memory_check(const char *text, GError **error);

/** managed_memory_name: the word for @managed. */
const char *managed_memory_name(ManagedMemory managed);
