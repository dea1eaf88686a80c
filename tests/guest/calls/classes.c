/* SPDX-License-Identifier: Apache-2.0 */
/* Allocate every class of this driver, below an object that may have it; one section for each handler. */
#include <stdio.h>

#include "tests/guest/rm.h"

enum { H_GROUP = 0x5c000100, H_SHARE, H_CHANNEL, H_EACH };

/* Try the objects below which this one may be, from the bottom of the tree to its top. */
static void try_class(const Tree *t, const AbiEntry *entry)
{
    const NvHandle parents[] = {H_CHANNEL, H_GROUP, H_SUBDEVICE, H_DEVICE, t->client};
    static const char *const names[] = {"channel", "group", "subdevice", "device", "client"};
    int64_t result = NV_ERR_INVALID_OBJECT_PARENT;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(parents) && result == NV_ERR_INVALID_OBJECT_PARENT; i++) {
        Params params = class_params(entry->number);

        if (params_has(&params, "size") && params_has(&params, "rangeLo")) {
            params_put(&params, "size", 0, 4096);
        }
        if (entry->handler == HANDLER_alloc_channel) {
            params_put(&params, "gpFifoEntries", 0, 16);
            params_put(&params, "hVASpace", 0, H_VASPACE);
        }
        result = rm_alloc(t->ctl, t->client, parents[i], H_EACH, entry->number, params.data);
        params_free(&params);
    }
    say("%s in %s: %s", entry->name, names[i - 1], status(result));
    if (result == 0) {
        say("  free: %s", status(rm_free(t->ctl, t->client, H_EACH)));
    }
}

/* Clients contain all other objects; another program tests events. */
static bool is_elsewhere(AbiHandler handler)
{
    return handler == HANDLER_alloc_root_client || handler == HANDLER_alloc_event_os_event;
}

static void try_handler(const Tree *t, AbiHandler handler)
{
    size_t n;
    const AbiEntry *entries = driver_abi_entries(abi(), ABI_ALLOC, &n);
    bool begun = false;

    for (size_t i = 0; i < n; i++) {
        if (entries[i].handler != handler || is_elsewhere(handler) ||
            !(entries[i].caps & (NV_CAP_COMPUTE | NV_CAP_UTILITY))) {
            continue;
        }
        if (!begun) {
            section(abi_handler_name(handler));
            begun = true;
        }
        try_class(t, &entries[i]);
    }
}

static void make(const Tree *t, const char *name, NvHandle parent, NvHandle object, NvU32 class)
{
    Params params = class_params(class);

    if (class == AMPERE_CHANNEL_GPFIFO_A) {
        params_put(&params, "gpFifoEntries", 0, 16);
        params_put(&params, "hContextShare", 0, H_SHARE);
    } else if (class != FERMI_VASPACE_A) {
        params_put(&params, "hVASpace", 0, H_VASPACE);
    }
    say("%s: %s", name, status(rm_alloc(t->ctl, t->client, parent, object, class, params.data)));
    params_free(&params);
}

static void idle(const Tree *t)
{
    NvU32 clients[] = {t->client}, devices[] = {H_DEVICE}, channels[] = {H_CHANNEL};
    NVOS30_PARAMETERS args = {.numChannels = 1,
                              .phClients = (uintptr_t)clients,
                              .phDevices = (uintptr_t)devices,
                              .phChannels = (uintptr_t)channels};

    say("idle: %s", status(ioctl_status(t->ctl, NV_ESC_RM_IDLE_CHANNELS, &args, sizeof args,
                                        offsetof(NVOS30_PARAMETERS, status))));
}

int main(void)
{
    Tree t = tree();

    section("channel");
    make(&t, "space", H_DEVICE, H_VASPACE, FERMI_VASPACE_A);
    make(&t, "group", H_DEVICE, H_GROUP, KEPLER_CHANNEL_GROUP_A);
    make(&t, "share", H_GROUP, H_SHARE, FERMI_CONTEXT_SHARE_A);
    make(&t, "channel", H_GROUP, H_CHANNEL, AMPERE_CHANNEL_GPFIFO_A);
    section("idle-channels");
    idle(&t);
    for (unsigned handler = 0; handler < N_ABI_HANDLERS; handler++) {
        try_handler(&t, (AbiHandler)handler);
    }
    section("free");
    say("space: %s", status(rm_free(t.ctl, t.client, H_VASPACE)));
    say("channel went with it: %s", rm_alloc(t.ctl, t.client, H_CHANNEL, H_EACH, AMPERE_COMPUTE_A,
                                             NULL) == NV_ERR_OBJECT_NOT_FOUND
                                        ? "yes"
                                        : "no");
    tree_close(&t);
    return 0;
}
