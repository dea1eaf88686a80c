/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/host-commands.h"

#include "abi/nvos.h"
#include "cuse-server/proxy/call/frontend-word.h"
#include "cuse-server/proxy/effects/effects.h"

#define ANY_SIZE (~(uint32_t)(_IOC_SIZEMASK << _IOC_SIZESHIFT))

/* The ioctls that gpu-scope.c makes by itself: it allocates a client of its own, and queries the driver with it. */
static const struct {
    uint32_t number;
    const char *name;
    size_t size; /* 0: any */
} scope_commands[] = {
    {NV_ESC_RM_ALLOC, "NV_ESC_RM_ALLOC", sizeof(NVOS64_PARAMETERS)},
    {NV_ESC_RM_CONTROL, "NV_ESC_RM_CONTROL", sizeof(NVOS54_PARAMETERS)},
    {NV_ESC_CARD_INFO, "NV_ESC_CARD_INFO", 0},
};

static void add(GArray *commands, const char *name, uint32_t word, uint32_t mask)
{
    const IoctlWord command = {name, word, mask};

    for (guint i = 0; i < commands->len; i++) {
        if (g_array_index(commands, IoctlWord, i).word == word) {
            return;
        }
    }
    g_array_append_val(commands, command);
}

static void add_frontend(GArray *commands, const char *name, uint32_t number, size_t size)
{
    add(commands, name, frontend_command(number, size), size ? IOCTL_WORD_EXACT : ANY_SIZE);
}

static void add_entry(GArray *commands, const AbiEntry *entry)
{
    if (entry->handler == HANDLER_numa_info) { /* is never forwarded */
        return;
    }
    const Effect *effect = effect_of(entry->handler);
    if (entry->kind == ABI_UVM) {
        add(commands, entry->name, entry->number, IOCTL_WORD_EXACT);
    } else if (effect && effect->argument == ARGUMENT_ARRAY) {
        add_frontend(commands, entry->name, entry->number, 0);
    } else if (entry->layout) { /* the shorter form is forwarded as the longer one */
        add_frontend(commands, entry->name, entry->number, entry->layout->size);
    }
}

static int compare(gconstpointer a, gconstpointer b)
{
    const IoctlWord *x = a;
    const IoctlWord *y = b;

    return (x->word > y->word) - (x->word < y->word);
}

GArray *host_commands(const DriverAbi *abi, NvCaps caps, bool scope_gpus)
{
    static const AbiKind kinds[] = {ABI_FRONTEND, ABI_UVM};
    GArray *commands = g_array_new(FALSE, FALSE, sizeof(IoctlWord));

    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, kinds[k], &n);
        for (size_t i = 0; i < n; i++) {
            if (entries[i].caps & caps) {
                add_entry(commands, &entries[i]);
            }
        }
    }
    for (size_t i = 0; scope_gpus && i < G_N_ELEMENTS(scope_commands); i++) {
        add_frontend(commands, scope_commands[i].name, scope_commands[i].number,
                     scope_commands[i].size);
    }
    g_array_sort(commands, compare);
    return commands;
}

bool host_commands_have(const GArray *commands, uint32_t command)
{
    for (guint i = 0; i < commands->len; i++) {
        const IoctlWord *known = &g_array_index(commands, IoctlWord, i);
        if ((command & known->mask) == known->word) {
            return true;
        }
    }
    return false;
}
