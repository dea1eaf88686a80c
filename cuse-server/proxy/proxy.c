/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/proxy.h"

#include <errno.h>
#include <poll.h>

#include "abi/control/ctrl2080-perf.h"
#include "cuse-server/proxy/call/pipeline.h"
#include "cuse-server/proxy/objects/mapping.h"

/* The driver's poll clears the events that it reports, whether the caller asked for them or not. So ask for all of them. */
#define POLL_EVERYTHING \
    (POLLIN | POLLPRI | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM | POLLRDHUP)

/* Each release looks at closed files until it has found this many that the driver still has. The number is more than
 * one, so that files that the driver has released do not pile up. */
enum { LOOKS_PER_RELEASE = 8 };

/* The driver frees a file's clients when it releases the file. Do the same in the tree. */
static void released(uint32_t id, unsigned places, gpointer data)
{
    object_tree_let_go(data, places);
    object_tree_close(data, id);
}

void proxy_init(Proxy *proxy, const DriverAbi *abi, NvCaps caps, const Device *devices,
                unsigned n_devices, const ProxyLimits *limits, Host *host)
{
    *proxy = (Proxy){
        .abi = abi,
        .caps = caps,
        .devices = devices,
        .n_devices = n_devices,
        .host = host,
        .objects = object_tree_new(&limits->objects),
    };
    budgets_init(&proxy->budgets, NULL, false);
    proxy->files = nv_file_table_new(limits->files, released, proxy->objects);
}

void proxy_set_quota(Proxy *proxy, const InstanceQuota *quota, const QuotaPage *page)
{
    budgets_init(&proxy->budgets, page, quota->by_gpu);
    proxy->managed = quota->managed;
    if (page) {
        proxy->shares =
            time_shares_new(page, proxy->files, proxy->devices, proxy->n_devices, proxy->host);
        time_shares_apply(proxy->shares); /* the instance may be paused from the start */
    }
}

void proxy_count_time(Proxy *proxy, const GpuTimeOps *ops, gpointer data)
{
    const AbiEntry *entry = driver_abi_lookup(
        proxy->abi, ABI_CONTROL, NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2);

    if (proxy->shares && entry && entry->layout) {
        time_shares_count(proxy->shares, entry->layout->size, ops, data);
    }
}

bool proxy_apply_shares(Proxy *proxy)
{
    return !proxy->shares || time_shares_apply(proxy->shares);
}

static MemoryUse use_of(const Budget *budget)
{
    return (MemoryUse){.used = budget_used(budget), .peak = atomic_load(&budget->peak)};
}

void proxy_memory_use(const Proxy *proxy, InstanceUse *use)
{
    const Budgets *budgets = &proxy->budgets;

    *use = (InstanceUse){.any_gpu = use_of(&budgets->any_gpu), .pinned = use_of(&budgets->pinned)};
    for (unsigned i = 0; budgets->by_gpu && i < QUOTA_GPUS_MAX; i++) {
        use->gpus[i] = use_of(&budgets->gpus[i]);
    }
}

void proxy_scope_gpus(Proxy *proxy)
{
    proxy->scope = gpu_scope_new(proxy->devices, proxy->n_devices, proxy->host);
}

void proxy_clear(Proxy *proxy)
{
    time_shares_stop(proxy->shares);
    gpu_scope_free(proxy->scope);
    nv_file_table_free(proxy->files);
    object_tree_free(proxy->objects);
    time_shares_free(proxy->shares);
}

static void tap_begin(const Proxy *proxy)
{
    if (proxy->tap) {
        proxy->tap->ops->begin(proxy->tap);
    }
}

/* The driver may have released closed files by now; nothing notifies the proxy of that. So look before giving up. */
static bool file_has_room(Proxy *proxy)
{
    if (nv_file_table_has_room(proxy->files)) {
        return true;
    }
    nv_file_table_settle_all(proxy->files);
    return nv_file_table_has_room(proxy->files);
}

static int open_file(Proxy *proxy, uint32_t id, unsigned device, int flags, NvFile **file)
{
    int fd;

    if (id == 0 || !file_has_room(proxy)) {
        return ENFILE;
    }
    if (!device_has_node(&proxy->devices[device])) { /* call-ask.c adds the host file later */
        *file = nv_file_table_add(proxy->files, id, &proxy->devices[device], proxy->host, -1);
        return 0;
    }
    fd = proxy->host->ops->open(proxy->host, device, flags);
    if (fd < 0) {
        return -fd;
    }
    *file = nv_file_table_add(proxy->files, id, &proxy->devices[device], proxy->host, fd);
    proxy->host->ops->watch(proxy->host, fd, id);
    return 0;
}

int proxy_open(Proxy *proxy, unsigned device, int flags, NvFile **file)
{
    return proxy_open_as(proxy, nv_file_table_new_id(proxy->files), device, flags, file);
}

int proxy_open_as(Proxy *proxy, uint32_t id, unsigned device, int flags, NvFile **file)
{
    tap_begin(proxy);
    int error = open_file(proxy, id, device, flags, file);
    if (proxy->tap && proxy->tap->ops->opened) {
        proxy->tap->ops->opened(proxy->tap, device, flags, error ? 0 : (*file)->id, error);
    }
    return error;
}

unsigned proxy_poll(NvFile *file, unsigned events, PollWaiter *waiter)
{
    Host *host = file->host;
    unsigned wanted = events | POLLERR | POLLHUP; /* as poll(2) */
    unsigned ready;

    /* Add the waiter before looking, so that an event in between wakes it. */
    if (waiter) {
        poll_state_wait(&file->poll, waiter);
    }
    ready = poll_state_take(&file->poll, wanted);
    const int fd = nv_file_fd(file);
    if (!ready && fd >= 0) {
        unsigned found = host->ops->poll(host, fd, POLL_EVERYTHING);
        poll_state_keep(&file->poll, found & ~wanted);
        ready = found & wanted;
    }
    return ready;
}

void proxy_file_event(Proxy *proxy, uint32_t file_id, unsigned events)
{
    g_autoptr(NvFile) file = nv_file_table_get(proxy->files, file_id);

    if (file) {
        poll_state_event(&file->poll, events);
    }
}

/* Switch on the channels that closing a file may end. Returns (transfer full): these channels, or NULL. */
static GPtrArray *yield_channels(const Proxy *proxy, uint32_t file_id)
{
    if (!proxy->shares || !time_shares_switch(proxy->shares)) {
        return NULL;
    }
    GPtrArray *list = channels_of_file(time_shares_channels(proxy->shares), file_id);
    time_shares_yield(proxy->shares, list);
    return list;
}

/* Switch off those of the channels that still exist: a closed file may be mapped, or may have been only that of nvidia-uvm. */
static void take_channels_back(const Proxy *proxy, GPtrArray *list)
{
    if (list) {
        time_shares_take_back(proxy->shares, list);
        g_ptr_array_unref(list);
    }
    if (proxy->shares) {
        time_shares_settle(proxy->shares);
    }
}

void proxy_release(Proxy *proxy, uint32_t file_id)
{
    NvFile *file = nv_file_table_remove(proxy->files, file_id);

    tap_begin(proxy);
    GPtrArray *channels = yield_channels(proxy, file_id);
    if (file) {
        nv_file_unref(file);
    }
    nv_file_table_settle(proxy->files, LOOKS_PER_RELEASE);
    take_channels_back(proxy, channels);
    if (proxy->tap && proxy->tap->ops->released) {
        proxy->tap->ops->released(proxy->tap, file_id);
    }
}

bool proxy_has_room(Proxy *proxy, unsigned objects, bool client)
{
    if (object_tree_has_room(proxy->objects, objects, client)) {
        return true;
    }
    nv_file_table_settle_all(proxy->files); /* drops what was made through released files */
    return object_tree_has_room(proxy->objects, objects, client);
}

int proxy_map(Proxy *proxy, const NvFile *file, uint64_t length, uint64_t offset, Refusal *refusal)
{
    int error = mapping_check(file, length, offset);

    *refusal = error ? REFUSAL_MAP : REFUSAL_NONE;
    if (!error && proxy->managed == MANAGED_REFUSE && mapping_is_managed(file, length, offset)) {
        error = ENOMEM;
        *refusal = REFUSAL_QUOTA;
    }
    if (proxy->tap && proxy->tap->ops->mapped) {
        proxy->tap->ops->mapped(proxy->tap, file->id, length, offset, error);
    }
    return error;
}

static CallKind kind_of_device(DeviceKind kind)
{
    switch (kind) {
    case DEVICE_FRONTEND:
        return CALL_FRONTEND;
    case DEVICE_UVM:
        return CALL_UVM;
    case DEVICE_UVM_TOOLS:
    case DEVICE_OPEN_ONLY:
    case DEVICE_DMA_BUF:
        break;
    }
    return CALL_OTHER;
}

void proxy_begin(Request *req)
{
    req->committed = false;
    req->error = 0;
    req->write_back = WRITE_BACK_ALL;
    req->event = (CallEvent){
        .device = req->file->device->name,
        .number = req->command,
        .status = CALL_NO_STATUS,
        .kind = kind_of_device(req->file->device->kind),
        .tid = req->tid,
    };
}

static RequestResult run(Request *req)
{
    proxy_begin(req);
    switch (req->file->device->kind) {
    case DEVICE_FRONTEND:
    case DEVICE_UVM:
        return pipeline_run(req);
    case DEVICE_UVM_TOOLS:
        break;
    case DEVICE_OPEN_ONLY:
    case DEVICE_DMA_BUF:
        return request_refuse(req, ENOTTY, REFUSAL_UNKNOWN_IOCTL);
    }
    return request_refuse(req, EINVAL, REFUSAL_UNKNOWN_IOCTL);
}

RequestResult proxy_ioctl(Request *req)
{
    ProxyTap *tap = req->proxy->tap;

    /* A call may drop the last reference to a file after the guest has closed it. Account for such files now. */
    nv_file_table_settle(req->proxy->files, 0);
    if (!tap) {
        return run(req);
    }
    GuestMemory *memory = req->memory;
    tap->ops->begin(tap);
    req->memory = tap->ops->memory(tap, memory);
    RequestResult result = run(req);
    req->memory = memory;
    tap->ops->leave(tap);
    return result;
}

void proxy_answered(Request *req)
{
    ProxyTap *tap = req->proxy->tap;

    if (tap && tap->ops->answered) {
        tap->ops->answered(tap, req);
    }
}
