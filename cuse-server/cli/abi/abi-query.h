/* SPDX-License-Identifier: Apache-2.0 */
/* The query of `nvcuse abi`, and its actions. Each action has its own file. */
#pragma once

#include <json-glib/json-glib.h>

#include "cuse-server/cli/options/driver-options.h"
#include "version-tree/driver-abi.h"

typedef enum { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, N_FORMATS } Format;

/**
 * AbiQuery: the parsed command line.
 * @operands: the action's operands, as many as it takes; NULL for those that were left out
 * @kind: N_ABI_KINDS for all kinds
 */
typedef struct {
    const char *const *operands;
    DriverOptions driver;
    AbiKind kind;
    Format format;
} AbiQuery;

/** abi_query_open: make the ABI that --driver asks for. Returns NULL after a message on standard error. */
DriverAbi *abi_query_open(const AbiQuery *query);

/** abi_structs_of: name an entry's structs: "NVOS21_PARAMETERS;NVOS64_PARAMETERS", or "" if there is no struct. The caller
 * frees it. */
char *abi_structs_of(const AbiEntry *entry);

/** abi_print_layout: print a struct's rows. @json: the array to add them to, only for FORMAT_JSON */
void abi_print_layout(const AbiLayout *layout, Format format, JsonBuilder *json);

/* The actions. Each returns an exit code. If it fails, it has printed the reason on standard error. */
int abi_list(const AbiQuery *query);
int abi_layout(const AbiQuery *query);
int abi_show(const AbiQuery *query);
int abi_diff(const AbiQuery *query);
