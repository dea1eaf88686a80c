/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/client-handles.h"

#include <string.h>

#include "abi/class.h"
#include "abi/ctrl-memory.h"
#include "abi/ctrl2080-gpu.h"
#include "abi/ctrl2080-gr.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/params.h"

/* The driver's handles of clients are 0xc1d00000 and up (src/nvidia/inc/libraries/resserv/rs_server.h). */
#define NO_CLIENT  1U
#define NO_ADDRESS UINT64_MAX

/*
 * HandleRule: a member that names clients.
 * @scope: INSTANCE: any client of the instance; PROCESS: one that the calling process allocated
 *
 * Left out: the client that a call is made in, which must have been allocated through the caller's file
 * (src/nvidia/src/kernel/rmapi/client.c, rmclientValidate_IMPL); hClientSrc of NV_ESC_RM_DUP_OBJECT,
 * which has a handler; hClient of UVM_UNREGISTER_CHANNEL, a key into what the UVM file itself registered.
 */
typedef struct {
    AbiKind kind;
    uint32_t number;
    const char *member;
    enum { INSTANCE, PROCESS } scope;
} HandleRule;

static const HandleRule rules[] = {
    {ABI_FRONTEND, NV_ESC_ALLOC_OS_EVENT, "hClient", INSTANCE},
    {ABI_FRONTEND, NV_ESC_FREE_OS_EVENT, "hClient", INSTANCE},
    {ABI_FRONTEND, NV_ESC_EXPORT_TO_DMABUF_FD, "hClient", INSTANCE},
    {ABI_FRONTEND, NV_ESC_RM_IDLE_CHANNELS, "hClient", INSTANCE},
    {ABI_FRONTEND, NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO, "hClient", INSTANCE},
    {ABI_CONTROL, NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS, "hClientList", INSTANCE},
    {ABI_CONTROL, NV2080_CTRL_CMD_GPU_EXEC_REG_OPS, "hClientTarget", INSTANCE},
    {ABI_CONTROL, NV2080_CTRL_CMD_GR_CTXSW_ZCULL_BIND, "hClient", INSTANCE},
    {ABI_CONTROL, NV_SEMAPHORE_SURFACE_CTRL_CMD_BIND_CHANNEL, "hClient", INSTANCE},
    {ABI_ALLOC, NV01_EVENT_OS_EVENT, "hParentClient", INSTANCE},
    {ABI_ALLOC, NV01_DEVICE_0, "hClientShare", INSTANCE},
    {ABI_ALLOC, NV01_DEVICE_0, "hTargetClient", INSTANCE},
    {ABI_ALLOC, GT200_DEBUGGER, "hDebuggerClient_Obsolete", INSTANCE},
    {ABI_ALLOC, GT200_DEBUGGER, "hAppClient", INSTANCE},
    {ABI_ALLOC, MAXWELL_PROFILER_DEVICE, "hClientTarget", INSTANCE},
    {ABI_ALLOC, NV_CONFIDENTIAL_COMPUTE, "hClient", INSTANCE},
    {ABI_UVM, UVM_REGISTER_GPU, "hClient", PROCESS},
    {ABI_UVM, UVM_REGISTER_GPU_VASPACE, "hClient", PROCESS},
    {ABI_UVM, UVM_REGISTER_CHANNEL, "hClient", PROCESS},
    {ABI_UVM, UVM_MAP_EXTERNAL_ALLOCATION, "hClient", PROCESS},
};

/*
 * Mappings are found by their address among those of the calling process
 * (src/nvidia/src/kernel/rmapi/rs_utils.c, serverutilMappingFilterCurrentUserProc;
 * src/nvidia/arch/nvalloc/unix/src/osapi.c, RmUpdateDeviceMappingInfo), and only the process that
 * allocated a client can have some in it (osapi.c, rm_create_mmap_context).
 */
static const struct {
    uint32_t number;
    const char *address;
} mappings[] = {
    {NV_ESC_RM_UNMAP_MEMORY, "pLinearAddress"},
    {NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO, "pOldCpuAddress"},
};

static bool is_callers(Request *req, const GuestProcess *owner)
{
    const GuestProcess *caller = request_process(req);

    return caller && caller->id == owner->id;
}

static bool may_name(Request *req, NvHandle handle, bool process)
{
    GuestProcess owner;

    return handle == 0 || (object_tree_process(req->proxy->objects, handle, &owner) &&
                           (!process || is_callers(req, &owner)));
}

/* The members are a handle or an array of handles, aligned as such. */
static void swap_handles(Request *req, NvHandle *handles, size_t n, bool process)
{
    g_autofree NvHandle *host = g_memdup2(handles, n * sizeof *handles);
    bool differ = false;

    for (size_t i = 0; i < n; i++) {
        if (!may_name(req, handles[i], process)) {
            host[i] = NO_CLIENT;
            differ = true;
        }
    }
    if (differ) {
        request_swap(req, handles, host, n * sizeof *handles);
    }
}

void client_handles_swap_list(Request *req, NvHandle *handles, size_t n)
{
    swap_handles(req, handles, n, false);
}

static bool is_about(const HandleRule *rule, const AbiEntry *entry)
{
    return rule->number == entry->number && rule->kind == entry->kind;
}

bool client_handles_in(const AbiEntry *entry)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (is_about(&rules[i], entry) && params_find(entry->layout, rules[i].member)) {
            return true;
        }
    }
    return false;
}

static void swap_address(Request *req, const AbiEntry *entry, void *params, const char *member)
{
    const uint64_t none = NO_ADDRESS;
    NvHandle client = params_get_u32(params, params_field(entry->layout, "hClient"));
    GuestProcess owner;

    if (object_tree_process(req->proxy->objects, client, &owner) && !is_callers(req, &owner)) {
        const AbiField *field = params_field(entry->layout, member);
        request_swap(req, (char *)params + field->offset, &none, sizeof none);
    }
}

void client_handles_swap(Request *req, const AbiEntry *entry, void *params)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        /* A struct need not have the member in all its shapes. */
        const AbiField *field =
            is_about(&rules[i], entry) ? params_find(entry->layout, rules[i].member) : NULL;
        if (field) {
            swap_handles(req, (NvHandle *)((char *)params + field->offset),
                         field->size / sizeof(NvHandle), rules[i].scope == PROCESS);
        }
    }
    for (size_t i = 0; entry->kind == ABI_FRONTEND && i < G_N_ELEMENTS(mappings); i++) {
        if (mappings[i].number == entry->number) {
            swap_address(req, entry, params, mappings[i].address);
        }
    }
}
