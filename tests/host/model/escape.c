/* SPDX-License-Identifier: GPL-2.0-only */
/* ioctls of nvidiactl and nvidiaN: which numbers each node accepts, and with which sizes. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rm/rm.h"

/* Numbers that containers may not use, so that the project's tables do not name them. */
#define NV_ESC_RM_GET_EVENT_DATA 0x52
#define NV_ESC_IOCTL_XFER_CMD    0xd3

/* struct nv_ioctl_xfer: the long form of an ioctl. */
struct nv_ioctl_xfer {
    u32 command;
    u32 size;
    u64 argument;
};
#define XFER_SIZE_MAX 16384

/* NVOS41_PARAMETERS */
#define EVENT_DATA_SIZE 16

enum node { NODE_CTL = 1, NODE_GPU = 2, NODE_BOTH = 3 };

struct escape {
    unsigned int nr;
    enum node node;
    int (*handler)(struct nv_call *call);
    u32 size;         /* if the version tree has no struct */
    bool any_size;    /* the handler checks it */
    const char *name; /* if the version tree has none */
};

static const struct escape escapes[] = {
    /* Objects are allocated on nvidiactl, except those that deliver to the file: nv_rm_alloc checks that. */
    {NV_ESC_RM_ALLOC, NODE_BOTH, nv_rm_alloc},
    {NV_ESC_RM_ALLOC_MEMORY, NODE_GPU, nv_rm_alloc_memory},
    {NV_ESC_RM_FREE, NODE_CTL, nv_rm_free},
    {NV_ESC_RM_CONTROL, NODE_CTL, nv_rm_control},
    {NV_ESC_RM_DUP_OBJECT, NODE_CTL, nv_rm_dup_object},
    {NV_ESC_RM_SHARE, NODE_CTL, nv_rm_share},
    {NV_ESC_RM_IDLE_CHANNELS, NODE_CTL, nv_rm_idle_channels},
    {NV_ESC_RM_VID_HEAP_CONTROL, NODE_CTL, nv_rm_vid_heap_control},
    {NV_ESC_RM_MAP_MEMORY, NODE_CTL, nv_rm_map_memory},
    {NV_ESC_RM_UNMAP_MEMORY, NODE_CTL, nv_rm_unmap_memory},
    {NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO, NODE_CTL, nv_rm_update_mapping},
    {NV_ESC_RM_ALLOC_CONTEXT_DMA2, NODE_CTL, nv_rm_alloc_context_dma2},
    {NV_ESC_RM_MAP_MEMORY_DMA, NODE_CTL, nv_rm_map_memory_dma},
    {NV_ESC_RM_UNMAP_MEMORY_DMA, NODE_CTL, nv_rm_unmap_memory_dma},
    {NV_ESC_RM_GET_EVENT_DATA, NODE_BOTH, nv_rm_get_event_data, EVENT_DATA_SIZE, false,
     "NV_ESC_RM_GET_EVENT_DATA"},
    {NV_ESC_CARD_INFO, NODE_CTL, nv_card_info, 0, true},
    {NV_ESC_REGISTER_FD, NODE_BOTH, nv_register_fd},
    {NV_ESC_ALLOC_OS_EVENT, NODE_BOTH, nv_alloc_os_event},
    {NV_ESC_FREE_OS_EVENT, NODE_BOTH, nv_free_os_event},
    {NV_ESC_CHECK_VERSION_STR, NODE_CTL, nv_check_version},
    {NV_ESC_ATTACH_GPUS_TO_FD, NODE_CTL, nv_attach_gpus, 0, true},
    {NV_ESC_SYS_PARAMS, NODE_CTL, nv_sys_params},
    {NV_ESC_NUMA_INFO, NODE_GPU, nv_numa_info, 0, true},
    {NV_ESC_EXPORT_TO_DMABUF_FD, NODE_GPU, nv_export_dma_buf},
    {NV_ESC_WAIT_OPEN_COMPLETE, NODE_BOTH, nv_wait_open_complete},
};

static const struct escape *escape_find(unsigned int nr)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(escapes); i++)
        if (escapes[i].nr == nr)
            return &escapes[i];
    return NULL;
}

/* Set the call's struct according to number and size. Returns: whether the driver accepts them. */
static bool argument_fits(struct nv_call *call, const struct escape *escape, const AbiEntry *entry)
{
    if (!entry && !escape->name)
        return false; /* this version does not have the number yet */
    call->params.layout = entry ? abi_shape(entry->layout) : NULL;
    if (escape->any_size)
        return true;
    if (escape->size)
        return call->size == escape->size;
    if (entry->short_layout && call->size == entry->short_layout->size) {
        call->params.layout = entry->short_layout;
        return true;
    }
    return call->size == call->params.layout->size;
}

static int call_handle(struct nv_call *call, void __user *argument)
{
    const struct escape *escape = escape_find(call->nr);
    const AbiEntry *entry = abi_find(ABI_FRONTEND, call->nr);
    int err;

    record_add(call->record, "call=%s", entry ? entry->name : escape ? escape->name : "?");
    if (!escape || !(escape->node & (call->file->gpu ? NODE_GPU : NODE_CTL)) ||
        !argument_fits(call, escape, entry))
        return -EINVAL;
    call->params.data = kvzalloc(max(call->size, 1U), GFP_KERNEL);
    if (!call->params.data)
        return -ENOMEM;
    if (copy_from_user(call->params.data, argument, call->size)) {
        err = -EFAULT;
    } else {
        record_bytes(call->record, "in", call->params.data, call->size);
        err = escape->handler(call);
        record_bytes(call->record, "out", call->params.data, call->size);
        /* The driver copies the argument out also after errors. */
        if (err != -EFAULT && copy_to_user(argument, call->params.data, call->size))
            err = -EFAULT;
    }
    kvfree(call->params.data);
    return err;
}

/* Only the number and the size count; the driver ignores type and direction. */
long nv_ioctl(struct file *filp, unsigned int command, unsigned long argument)
{
    struct nv_file *file = filp->private_data;
    struct nv_call call = {.file = file, .nr = _IOC_NR(command), .size = _IOC_SIZE(command)};
    struct nv_ioctl_xfer xfer;
    long result = -EINVAL;

    call.record = record_begin(file->name, file->id);
    if (call.nr != NV_ESC_IOCTL_XFER_CMD) {
        record_add(call.record, "nr=0x%x size=%u", call.nr, call.size);
        result = call_handle(&call, (void __user *)argument);
    } else if (call.size != sizeof(xfer)) {
        record_add(call.record, "nr=0x%x size=%u call=NV_ESC_IOCTL_XFER_CMD", call.nr, call.size);
    } else if (copy_from_user(&xfer, (void __user *)argument, sizeof(xfer))) {
        result = -EFAULT;
    } else {
        call.nr = xfer.command;
        call.size = xfer.size;
        record_add(call.record, "xfer=1 nr=0x%x size=%u", call.nr, call.size);
        if (xfer.size <= XFER_SIZE_MAX)
            result = call_handle(&call, u64_to_user_ptr(xfer.argument));
    }
    record_end(call.record, result);
    return result;
}
