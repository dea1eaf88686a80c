/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/handler.h"

#include <glib.h>

#include "version-tree/abi-entry.h"

static const struct {
    AbiKind kind;
    const char *name;
    const char *summary;
} handlers[N_ABI_HANDLERS] = {
#define ABI_HANDLER_TEXT(KIND, NAME, TEXT) [HANDLER_##NAME] = {ABI_##KIND, #NAME, TEXT},
    ABI_HANDLERS(ABI_HANDLER_TEXT)
#undef ABI_HANDLER_TEXT
};

const char *abi_handler_name(AbiHandler handler)
{
    g_return_val_if_fail(handler < N_ABI_HANDLERS, NULL);
    return handlers[handler].name;
}

const char *abi_handler_summary(AbiHandler handler)
{
    g_return_val_if_fail(handler < N_ABI_HANDLERS, NULL);
    return handlers[handler].summary;
}

AbiKind abi_handler_kind(AbiHandler handler)
{
    g_return_val_if_fail(handler < N_ABI_HANDLERS, N_ABI_KINDS);
    return handlers[handler].kind;
}

const char *abi_kind_name(AbiKind kind)
{
    static const char *const names[N_ABI_KINDS] = {"frontend", "uvm", "control", "alloc"};

    g_return_val_if_fail(kind < N_ABI_KINDS, NULL);
    return names[kind];
}
