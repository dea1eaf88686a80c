/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ABI of the driver version that the module plays, from the project's own version tree.
 *
 * Parameter structs are accessed by the driver's member names, at the offsets that they have in that
 * version: a caller that uses another version's struct gets an answer that shows it.
 */
#pragma once

#include "version-tree/abi-entry.h"

/** abi_select: play this version ("580.95.05"): take its release, or the nearest older one of its series. Returns: 0; -EINVAL if
 * @version cannot be parsed, -ENOENT if the series is unknown. */
int abi_select(const char *version);

/** abi_major: major number of the selected version. */
unsigned int abi_major(void);

/** abi_find: the entry of a number, or NULL if the version has none. */
const AbiEntry *abi_find(AbiKind kind, u32 number);

/** abi_entries: call @visit for every entry of a kind, until it returns false. */
void abi_entries(AbiKind kind, bool (*visit)(const AbiEntry *entry, void *data), void *data);

/** abi_shape: the shape that a struct (given in its first one, or NULL) has in this version. */
const AbiLayout *abi_shape(const AbiLayout *layout);

/** struct params: a parameter struct in kernel memory, and its layout. */
struct params {
    const AbiLayout *layout;
    void *data;
};

/** params_has: whether the struct has a member of this (possibly dotted) name. */
bool params_has(const struct params *params, const char *name);

/** params_get, params_put: the value of a member; of an array, element @index. An unknown name is a fault of the module, and
 * causes a warning. */
u64 params_get_at(const struct params *params, const char *name, u32 index);
void params_put_at(const struct params *params, const char *name, u32 index, u64 value);
#define params_get(PARAMS, NAME)        params_get_at(PARAMS, NAME, 0)
#define params_put(PARAMS, NAME, VALUE) params_put_at(PARAMS, NAME, 0, VALUE)

/** params_array: address of a member; @size is set to its whole size in bytes. */
void *params_array(const struct params *params, const char *name, u32 *size);

/** params_length: how many elements an array member has in this version. */
u32 params_length(const struct params *params, const char *name);

/** status_name: the driver's name of a status, or "?". */
const char *status_name(u32 status);
