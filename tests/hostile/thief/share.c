/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest sees of a GPU's memory, and gets of it. */
#include <stdlib.h>

#include "tests/hostile/thief/thief.h"

#define PIECE (2UL << 20)

enum { PIECES_MAX = 4096, KIB_PER_MIB = 1024 };

/* What CUDA and nvidia-smi ask for: all memory, what programs can have of it, and what is free of that. */
enum { TOTAL_RAM_SIZE = 0x08, HEAP_SIZE = 0x09, HEAP_FREE = 0x16 };
static const NvU32 indices[] = {TOTAL_RAM_SIZE, HEAP_SIZE, HEAP_FREE};
enum { N_INDICES = sizeof indices / sizeof indices[0] };

static void show(const char *name, int64_t result, const NV2080_CTRL_FB_INFO *info)
{
    say("%s: %s, all %u MiB, can be had %u, free %u", name, status(result),
        info[0].data / KIB_PER_MIB, info[1].data / KIB_PER_MIB, info[2].data / KIB_PER_MIB);
}

/* By the older command, whose list is elsewhere, and by the newer one. */
static void show_sizes(const Tree *t)
{
    NV2080_CTRL_FB_INFO list[N_INDICES] = {0};
    Params old = control_params(NV2080_CTRL_CMD_FB_GET_INFO);
    Params new = control_params(NV2080_CTRL_CMD_FB_GET_INFO_V2);
    NV2080_CTRL_FB_INFO *inside = params_at(&new, "fbInfoList");

    for (size_t i = 0; i < N_INDICES; i++) {
        list[i].index = inside[i].index = indices[i];
    }
    params_put(&old, "fbInfoListSize", 0, N_INDICES);
    params_put(&old, "fbInfoList", 0, (uintptr_t)list);
    params_put(&new, "fbInfoListSize", 0, N_INDICES);
    show(
        "list",
        rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_FB_GET_INFO, old.data, old.size),
        list);
    show("inside",
         rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_FB_GET_INFO_V2, new.data,
                    new.size),
         inside);
    params_free(&old);
    params_free(&new);
}

void show_share(void)
{
    Tree t = tree();
    NvHandle handle = H_LAST;
    int64_t result;

    show_sizes(&t);
    do {
        result = memory_new(&t, ++handle, NV01_MEMORY_LOCAL_USER, PIECE);
    } while (result == 0 && handle < H_LAST + PIECES_MAX);
    say("got %lu MiB, then %s", (handle - 1 - H_LAST) * (PIECE >> 20), status(result));
    rm_free(t.ctl, t.client, H_LAST + 1);
    show_sizes(&t);
    tree_close(&t);
}
