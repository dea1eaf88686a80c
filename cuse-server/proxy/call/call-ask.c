/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a guest's ioctl at the host, in one of several ways. No other file in this directory does so. */
#include <errno.h>
#include <string.h>

#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/call/call-work.h"
#include "cuse-server/proxy/call/driver-block.h"
#include "cuse-server/proxy/proxy.h"

/* Put the guest's values back, and note the host's answer, which is 0 or an errno. Returns true for 0. */
static bool answered(Call *call, int error)
{
    Request *req = call->work->req;

    request_restore(req);
    req->error = error;
    req->event.error = error;
    req->write_back = error ? 0 : WRITE_BACK_ALL;
    call->work->got_errno = error != 0;
    return error == 0;
}

/* Add the parameters to the buffers. @params: @size bytes: Call.params, a copy of it, or its replacement; not NULL */
static void add_params(HostCall *host, const Call *call, void *params, size_t size)
{
    const CallWork *work = call->work;

    host->buffers[host->n_buffers++] = (HostBuffer){
        .at = params,
        .size = size,
        .copy = work->scoped.params == call->params ? call->params : NULL,
        .offset = (size_t)((const char *)work->params_at - (const char *)work->host_argument)};
}

/* Add an array to the buffers. The pointer to the array is in the argument, or in the parameters that the argument points to. */
static void add_array(HostCall *host, const Call *call, const CallArray *array)
{
    const CallWork *work = call->work;
    const char *at = (const char *)array->at;
    const char *argument = work->host_argument;
    const bool in_argument = argument && at >= argument && at < argument + work->host_size;

    host->buffers[host->n_buffers++] =
        (HostBuffer){.at = array->copy,
                     .size = array->size,
                     .copy = array->copy,
                     .from = work->host_argument && !in_argument ? 1 : 0,
                     .offset = (size_t)(at - (in_argument ? argument : (char *)call->params))};
}

/* Make the ioctl. @params: @size bytes that the driver gets as the parameters; NULL: none. Returns 0 or an errno. */
static int ioctl_with(Call *call, void *params, size_t size)
{
    const CallWork *work = call->work;
    Host *host = work->req->proxy->host;
    HostCall asked;

    if (work->params_at) {
        request_swap_pointer(work->req, work->params_at, params);
    }
    if (work->host_argument) {
        host_call_begin(&asked, work->req->file->fd, work->command, work->host_argument,
                        work->host_size);
    } else {
        host_call_begin(&asked, work->req->file->fd, work->command, params, size);
        asked.buffers[0].copy = call->params;
    }
    if (work->params_at && params) {
        add_params(&asked, call, params, size);
    }
    for (unsigned i = 0; i < work->n_arrays; i++) {
        if (work->arrays[i].copy) {
            add_array(&asked, call, &work->arrays[i]);
        }
    }
    return host->ops->ioctl(host, &asked);
}

static bool ask_host(Call *call)
{
    const CallWork *work = call->work;
    void *params = work->scoped.params;

    if (!work->unsized || !params) {
        return answered(call, ioctl_with(call, params, call->params_size));
    }
    const size_t size = call->entry->layout->size;
    void *block = driver_block(params, size);
    const int error = block ? ioctl_with(call, block, size) : ENOMEM;
    if (block) {
        memcpy(params, block, size);
    }
    return answered(call, error);
}

static int ioctl_in_guest(const Call *call)
{
    const Request *req = call->work->req;
    Host *host = req->proxy->host;
    HostCall asked;

    host_call_begin(&asked, req->file->fd, call->work->command, call->argument,
                    call->argument_size);
    return host->ops->ioctl_in_guest(host, req->tid, &asked);
}

static bool was_not_made(int error)
{
    return error == EOPNOTSUPP || error == EBUSY;
}

static bool ask_in_guest(Call *call)
{
    const int error = ioctl_in_guest(call);

    return was_not_made(error) ? call_refuse(call, error, REFUSAL_NEEDS_CALLER)
                               : answered(call, error);
}

/* What is added to the flags of UVM_INITIALIZE. With quotas, a program's ordinary pages must not move into GPU memory: nobody sees
 * them move, so they could not count. All releases in the table accept the flag (uvm_types.h, UVM_INIT_FLAGS_MASK). */
static NvU64 flags_to_add(const Proxy *proxy)
{
    return proxy->budgets.by_gpu || proxy->managed == MANAGED_REFUSE ? UVM_INIT_FLAGS_DISABLE_HMM
                                                                     : 0;
}

/*
 * Make UVM_INITIALIZE, which ties the file to the address space of the calling task (kernel-open/nvidia-uvm/uvm_va_space_mm.c,
 * uvm_va_space_mm_register). That must be the guest's address space, so the call is made inside the guest. If the instance
 * is configured not to do this (Proxy.share_uvm), the guest itself asked for sharing, or no call can be made inside the guest,
 * the worker makes the call with the flag for many processes: the file is then tied to no address space, and the GPU cannot
 * reach pageable memory. The guest does not see that flags were added.
 */
static bool ask_in_guest_or_shared(Call *call)
{
    const Proxy *proxy = call->work->req->proxy;
    UVM_INITIALIZE_PARAMS *params = call->params;
    const NvU64 flags = params->flags | flags_to_add(proxy);
    const NvU64 shared = flags | UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE;

    call_swap(call, &params->flags, &flags, sizeof flags);
    if (shared != flags && !proxy->share_uvm) {
        const int error = ioctl_in_guest(call);
        if (!was_not_made(error)) {
            return answered(call, error);
        }
    }
    call_swap(call, &params->flags, &shared, sizeof shared);
    return ask_host(call);
}

/* Find the device that represents dma-bufs. Returns its index, or -1 if the instance has no such device (capability rdma). */
static int dma_buf_device(const Proxy *proxy)
{
    for (unsigned i = 0; i < proxy->n_devices; i++) {
        if (proxy->devices[i].kind == DEVICE_DMA_BUF) {
            return (int)i;
        }
    }
    return -1;
}

/* Open a file of the instance in the guest, to which hand_out() then gives @host_fd. Returns 0 or an errno. */
static int make_file(const Request *req, int host_fd, int32_t *guest_fd, uint32_t *id)
{
    Host *host = req->proxy->host;
    const int device = dma_buf_device(req->proxy);
    int error = device < 0 ? ENODEV : host->ops->follow(host, host_fd);

    return error ? error : host->ops->install(host, req->tid, (unsigned)device, guest_fd, id);
}

/* Give the guest a file that owns @host_fd (transfer full, also on error), which becomes Call.target. Returns 0 or an errno. */
static int hand_out(Call *call, int host_fd, int32_t *guest_fd)
{
    const Request *req = call->work->req;
    Host *host = req->proxy->host;
    uint32_t id = 0;
    int error = make_file(req, host_fd, guest_fd, &id);
    g_autoptr(NvFile) file = error ? NULL : nv_file_table_get(req->proxy->files, id);

    /* The guest may have closed its file already. */
    if (!file || file->device->kind != DEVICE_DMA_BUF || !nv_file_adopt(file, host_fd)) {
        host_close(host, host_fd);
    } else {
        call->target = g_steal_pointer(&file);
    }
    return error;
}

/*
 * Make a call in which the driver may create a file. The driver installs the file in the calling process, which is the worker,
 * and the file stays there. The guest gets a file of the instance instead, which it can only close, or name in the same call
 * again. If the guest named a file, its descriptor was translated, and no file is created.
 */
static bool ask_for_file(Call *call)
{
    const AbiMember *member = &call->work->members->all[call->work->members->begin[ABI_ROLE_FD]];
    int32_t *fd = abi_place_at(call->params, &member->place, 0);
    const int32_t asked = *fd;

    if (asked >= 0 && !call_take_target(call)) {
        return false;
    }
    if (!ask_host(call) || asked >= 0) {
        return call->work->req->error == 0;
    }
    const int32_t made = *fd;
    *fd = asked;
    if (made < 0 || *call_status(call) != NV_OK) {
        return true;
    }
    const int error = hand_out(call, made, fd);
    return !error ||
           call_refuse(call, error, error == ENFILE ? REFUSAL_LIMIT : REFUSAL_NEEDS_CALLER);
}

bool call_ask(Call *call)
{
    static bool (*const ways[])(Call *) = {
        [ASK_HOST] = ask_host,
        [ASK_IN_GUEST] = ask_in_guest,
        [ASK_IN_GUEST_OR_SHARED] = ask_in_guest_or_shared,
        [ASK_FOR_FILE] = ask_for_file,
    };

    return ways[call->work->effect->way](call);
}
