/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control commands whose parameters point at arrays of the caller's: one handler, and a table of
 * where the pointers and the counts are, and what the bounds are.
 */
#include <errno.h>
#include <string.h>

#include "abi/ctrl-debug.h"
#include "abi/ctrl0000.h"
#include "abi/ctrl0080.h"
#include "abi/ctrl2080-bus.h"
#include "abi/ctrl2080-gpu.h"
#include "abi/status.h"
#include "cuse-server/proxy/control.h"

enum { POINTERS_MAX = 2 };

/*
 * ArrayRule: how a kind of command is handled.
 * @count_at: offset of the count, an NvU32
 * @pointers_at: offsets of the pointers; each array has that many elements (its square with
 * @square)
 * @element: bytes of an element
 * @bytes_max: of one array; more, or none at all, is refused
 * @null_ok: a null pointer is passed on, whatever the count
 * @empty_is_null: with a count of 0 the host gets a null pointer
 * @by_errno: a bound is refused with EINVAL instead of a status
 */
typedef struct {
    AbiHandler handler;
    size_t count_at;
    size_t pointers_at[POINTERS_MAX];
    unsigned n_pointers;
    size_t element;
    uint64_t bytes_max;
    GuestAccess access;
    bool square;
    bool null_ok;
    bool empty_is_null;
    bool by_errno;
} ArrayRule;

/* The driver's own bound of an array (src/nvidia/inc/kernel/rmapi/param_copy.h, RMAPI_PARAM_COPY_MAX_PARAMS_SIZE). */
#define MEBIBYTE UINT64_C(0x100000)

/* It has none for what a debugger reads: there it is what a call can carry, with room for its structs. */
#define DEBUG_READ_BYTES_MAX (GUEST_CALL_BYTES_MAX - MEBIBYTE)

#define COUNT(STRUCT, FIELD)   .count_at = offsetof(STRUCT, FIELD)
#define POINTER(STRUCT, FIELD) .pointers_at = {offsetof(STRUCT, FIELD)}, .n_pointers = 1
#define POINTERS(STRUCT, FIRST, SECOND) \
    .pointers_at = {offsetof(STRUCT, FIRST), offsetof(STRUCT, SECOND)}, .n_pointers = 2

/* Where several structs share a handler they begin alike; one of them stands for all. */
static const ArrayRule rules[] = {
    {HANDLER_ctrl_info_list, COUNT(NV2080_CTRL_BUS_GET_INFO_PARAMS, busInfoListSize),
     POINTER(NV2080_CTRL_BUS_GET_INFO_PARAMS, busInfoList), .element = 8, .bytes_max = MEBIBYTE,
     .access = GUEST_INOUT, .empty_is_null = true},
    {HANDLER_ctrl_u32_list, COUNT(NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS, numClasses),
     POINTER(NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS, classList), .element = 4, .bytes_max = MEBIBYTE,
     .access = GUEST_INOUT, .null_ok = true},
    {HANDLER_ctrl_exec_reg_ops, COUNT(NV2080_CTRL_GPU_EXEC_REG_OPS_PARAMS, regOpCount),
     POINTER(NV2080_CTRL_GPU_EXEC_REG_OPS_PARAMS, regOps), .element = 32, .bytes_max = MEBIBYTE,
     .access = GUEST_INOUT, .null_ok = true},
    {HANDLER_ctrl_get_caps, COUNT(NV0080_CTRL_FB_GET_CAPS_PARAMS, capsTblSize),
     POINTER(NV0080_CTRL_FB_GET_CAPS_PARAMS, capsTbl), .element = 1, .bytes_max = MEBIBYTE,
     .access = GUEST_OUT},
    {HANDLER_ctrl_debug_read_memory, COUNT(NV83DE_CTRL_DEBUG_READ_MEMORY_PARAMS, length),
     POINTER(NV83DE_CTRL_DEBUG_READ_MEMORY_PARAMS, buffer), .element = 1,
     .bytes_max = DEBUG_READ_BYTES_MAX, .access = GUEST_OUT, .null_ok = true,
     .empty_is_null = true},
    {HANDLER_ctrl_fifo_get_channellist, COUNT(NV0080_CTRL_FIFO_GET_CHANNELLIST_PARAMS, numChannels),
     POINTERS(NV0080_CTRL_FIFO_GET_CHANNELLIST_PARAMS, pChannelHandleList, pChannelList),
     .element = 4, .bytes_max = MEBIBYTE, .access = GUEST_INOUT, .by_errno = true},
    {HANDLER_ctrl_get_p2p_caps, COUNT(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS, gpuCount),
     POINTER(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS, busPeerIds), .element = 4,
     .bytes_max = MEBIBYTE, .access = GUEST_OUT, .square = true, .null_ok = true},
    {HANDLER_ctrl_get_p2p_caps_egm, COUNT(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS_V550, gpuCount),
     POINTERS(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS_V550, busPeerIds, busEgmPeerIds), .element = 4,
     .bytes_max = MEBIBYTE, .access = GUEST_OUT, .square = true, .null_ok = true},
};

static const ArrayRule *find_rule(AbiHandler handler)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (rules[i].handler == handler) {
            return &rules[i];
        }
    }
    g_assert_not_reached(); /* the dispatcher's table names us for these handlers alone */
}

/* The size of each array. Returns false if it is out of bounds. */
static bool array_bytes(const ArrayRule *rule, NvU32 count, size_t *bytes)
{
    uint64_t elements = rule->square ? (uint64_t)count * count : count;

    /* 2^32 squared fits; times an element it need not. */
    if (elements == 0 || elements > rule->bytes_max / rule->element) {
        return false;
    }
    *bytes = elements * rule->element;
    return true;
}

/* Where the pointer to an array is. */
static NvP64 *pointer_at(const ArrayRule *rule, unsigned i, void *params)
{
    return (NvP64 *)((char *)params + rule->pointers_at[i]);
}

/*
 * Ask for one array. Returns false if it is refused: @req says so.
 * @array: set to the private copy, or NULL if the host gets none
 */
static bool map_array(Request *req, const ArrayRule *rule, unsigned i, NVOS54_PARAMETERS *guest,
                      void *params, void **array)
{
    NvP64 address = *pointer_at(rule, i, params);
    NvU32 count;
    size_t bytes;

    *array = NULL;
    memcpy(&count, (const char *)params + rule->count_at, sizeof count);
    if ((address == 0 && rule->null_ok) || (count == 0 && rule->empty_is_null)) {
        return true;
    }
    if (!array_bytes(rule, count, &bytes)) {
        if (rule->by_errno) {
            request_refuse(req, EINVAL, REFUSAL_TOO_LARGE);
        } else {
            request_refuse_status(req, &guest->status, NV_ERR_INVALID_ARGUMENT, REFUSAL_TOO_LARGE);
        }
        return false;
    }
    *array = guest_map(req, address, bytes, rule->access);
    return true;
}

RequestResult control_arrays(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    const ArrayRule *rule = find_rule(entry->handler);
    void *arrays[POINTERS_MAX] = {NULL};
    bool refused;
    void *params = control_map_params(req, guest, entry->layout->size, &refused);

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    for (unsigned i = 0; i < rule->n_pointers; i++) {
        if (!map_array(req, rule, i, guest, params, &arrays[i])) {
            return REQUEST_DONE;
        }
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    for (unsigned i = 0; i < rule->n_pointers; i++) {
        request_swap_pointer(req, pointer_at(rule, i, params), arrays[i]);
    }
    control_call_host(req, entry, guest, params);
    return REQUEST_DONE;
}
