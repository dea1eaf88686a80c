/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands about access from one GPU, or from a third party, to another's memory. */
#include "control/control.h"

/* The value for pairs without a peer id: a GPU has none for itself. */
#define INVALID_PEER        0xffffffff
#define P2P_CAPS_READ_WRITE 0x3

#define PUT(NAME, VALUE) params_put(&control->params, NAME, VALUE)
#define GET(NAME)        ((u32)params_get(&control->params, NAME))

static bool ids_are_valid(struct control *control, const char *name, u32 n)
{
    u32 i;

    if (n == 0 || n > params_length(&control->params, name))
        return false;
    for (i = 0; i < n; i++)
        if (!gpu_by_id((u32)params_get_at(&control->params, name, i)))
            return false;
    return true;
}

static void put_bus_peer_ids(u32 *ids, u32 n, u32 stride)
{
    u32 a, b;

    for (a = 0; a < n; a++)
        for (b = 0; b < n; b++)
            ids[a * stride + b] = a == b ? INVALID_PEER : (a + b) % 8;
}

static void put_p2p_caps(struct control *control)
{
    PUT("p2pCaps", P2P_CAPS_READ_WRITE);
    PUT("p2pOptimalReadCEs", 0x1);
    PUT("p2pOptimalWriteCEs", 0x2);
}

static u32 get_p2p_caps(struct control *control)
{
    u32 i, n = GET("gpuCount");

    if (!ids_are_valid(control, "gpuIds", n))
        return NV_ERR_INVALID_ARGUMENT;
    put_p2p_caps(control);
    for (i = 0; i < control->n_lists; i++)
        if (control->lists[i].data)
            put_bus_peer_ids(control->lists[i].data, n, n);
    return NV_OK;
}

static u32 get_p2p_caps_v2(struct control *control)
{
    u32 size, n = GET("gpuCount");

    if (!ids_are_valid(control, "gpuIds", n))
        return NV_ERR_INVALID_ARGUMENT;
    put_p2p_caps(control);
    put_bus_peer_ids(params_array(&control->params, "busPeerIds", &size), n, n);
    return NV_OK;
}

static u32 get_p2p_caps_matrix(struct control *control)
{
    u32 a, b, n_a = GET("grpACount"), n_b = GET("grpBCount");

    if (!ids_are_valid(control, "gpuIdGrpA", n_a) ||
        (n_b && !ids_are_valid(control, "gpuIdGrpB", n_b)))
        return NV_ERR_INVALID_ARGUMENT;
    for (a = 0; a < n_a; a++)
        for (b = 0; b < (n_b ? n_b : n_a); b++) {
            u32 at = a * 8 + b;

            params_put_at(&control->params, "p2pCaps", at, P2P_CAPS_READ_WRITE);
            params_put_at(&control->params, "a2bOptimalReadCes", at, 0x1);
            params_put_at(&control->params, "a2bOptimalWriteCes", at, 0x2);
            params_put_at(&control->params, "b2aOptimalReadCes", at, 0x4);
            params_put_at(&control->params, "b2aOptimalWriteCes", at, 0x8);
        }
    return NV_OK;
}

/* --- third-party P2P. The object goes with its address space; memory is only remembered. */

static u32 register_va_space(struct control *control)
{
    struct rm_object *space;
    u32 status =
        rm_object_get(control->client, GET("hVASpace"), RM_VASPACE, NV_ERR_INVALID_OBJECT, &space);

    if (status != NV_OK)
        return status;
    PUT("vaSpaceToken", 0x7000000000000000ULL + space->handle);
    return rm_object_needs(control->object, space);
}

static u32 *registered_slot(struct control *control, u32 handle)
{
    u32 i;

    for (i = 0; i < ARRAY_SIZE(control->object->registered); i++)
        if (control->object->registered[i] == handle)
            return &control->object->registered[i];
    return NULL;
}

static u32 register_vidmem(struct control *control)
{
    struct rm_object *memory;
    u64 end;
    u32 *slot;
    u32 status =
        rm_object_get(control->client, GET("hMemory"), RM_MEMORY, NV_ERR_INVALID_OBJECT, &memory);

    if (status != NV_OK)
        return status;
    if (check_add_overflow(params_get(&control->params, "offset"),
                           params_get(&control->params, "size"), &end) ||
        !memory->memory || end > memory->memory->length)
        return NV_ERR_INVALID_ARGUMENT;
    slot = registered_slot(control, 0);
    if (!slot)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    *slot = memory->handle;
    return NV_OK;
}

static u32 unregister_vidmem(struct control *control)
{
    u32 *slot = GET("hMemory") ? registered_slot(control, GET("hMemory")) : NULL;

    if (!slot)
        return NV_ERR_OBJECT_NOT_FOUND;
    *slot = 0;
    return NV_OK;
}

static const struct {
    u32 command;
    control_function *function;
} functions[] = {
    {NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS, get_p2p_caps},
    {NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_V2, get_p2p_caps_v2},
    {NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_MATRIX, get_p2p_caps_matrix},
    {NV503C_CTRL_CMD_REGISTER_VA_SPACE, register_va_space},
    {NV503C_CTRL_CMD_REGISTER_VIDMEM, register_vidmem},
    {NV503C_CTRL_CMD_UNREGISTER_VIDMEM, unregister_vidmem},
};

control_function *control_p2p_find(u32 command)
{
    u32 i;

    for (i = 0; i < ARRAY_SIZE(functions); i++)
        if (functions[i].command == command)
            return functions[i].function;
    return NULL;
}
