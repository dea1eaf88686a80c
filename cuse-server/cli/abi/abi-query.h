/* SPDX-License-Identifier: Apache-2.0 */
/* What `nvcuse abi` was asked, and its actions: a file each. */
#pragma once

#include <json-glib/json-glib.h>

#include "cuse-server/cli/options/driver-options.h"
#include "version-tree/driver-abi.h"

typedef enum { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, N_FORMATS } Format;

/**
 * AbiQuery: as parsed.
 * @operands: the action's own, as many as it takes, NULL for those left out
 * @kind: N_ABI_KINDS for all kinds
 */
typedef struct {
    const char *const *operands;
    DriverOptions driver;
    AbiKind kind;
    Format format;
} AbiQuery;

/** abi_query_open: the ABI that --driver asks for, or NULL with a message on standard error. */
DriverAbi *abi_query_open(const AbiQuery *query);

/** abi_structs_of: "NVOS21_PARAMETERS;NVOS64_PARAMETERS", or "" if there is no struct. The caller
 * frees it. */
char *abi_structs_of(const AbiEntry *entry);

/** abi_print_layout: a struct's rows; @json is the array they go into, for that format alone. */
void abi_print_layout(const AbiLayout *layout, Format format, JsonBuilder *json);

/* The actions. Each returns an exit code, and has said on standard error what went wrong. */
int abi_list(const AbiQuery *query);
int abi_layout(const AbiQuery *query);
int abi_show(const AbiQuery *query);
int abi_diff(const AbiQuery *query);
