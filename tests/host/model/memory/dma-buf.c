/* SPDX-License-Identifier: GPL-2.0-only */
/* NV_ESC_EXPORT_TO_DMABUF_FD: export a GPU's memory as a dma-buf, whose descriptor the caller gets. */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/version.h>

#include "rm/rm.h"

/* A plain name until Linux 6.12, a string since then. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS(DMA_BUF);
#else
MODULE_IMPORT_NS("DMA_BUF");
#endif

#define HANDLES_MAX 128

struct export
{
    u32 n, total;
    u64 size;
    struct nv_gpu *gpu;
    struct model_memory *memory[HANDLES_MAX];
};

static struct sg_table *export_map(struct dma_buf_attachment *attachment,
                                   enum dma_data_direction direction)
{
    return ERR_PTR(-EOPNOTSUPP); /* no device could use it */
}

static void export_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
                         enum dma_data_direction direction)
{
}

static void export_release(struct dma_buf *buffer)
{
    struct export *export = buffer->priv;
    u32 i;

    for (i = 0; i < export->n; i++)
        memory_put(export->memory[i]);
    kfree(export);
    live_add(dma_bufs, -1);
}

static const struct dma_buf_ops export_ops = {
    .map_dma_buf = export_map, .unmap_dma_buf = export_unmap, .release = export_release};

/* The driver does not check who owns the client. */
static u32 add_handles(struct nv_call *call, struct export *export)
{
    const struct params *params = &call->params;
    struct rm_client *client = rm_client_find((u32)params_get(params, "hClient"));
    u32 i, n = (u32)params_get(params, "numObjects");

    if (!client)
        return NV_ERR_INVALID_CLIENT;
    if (!n || n > HANDLES_MAX || export->n + n > export->total ||
        params_get(params, "index") != export->n)
        return NV_ERR_INVALID_ARGUMENT;
    for (i = 0; i < n; i++) {
        struct rm_object *object = rm_object_find(client, (u32)params_get_at(params, "handles", i));
        u64 end;

        if (!object || object->kind != RM_MEMORY || object->gpu != export->gpu ||
            check_add_overflow(params_get_at(params, "offsets", i),
                               params_get_at(params, "sizes", i), &end) ||
            end > object->memory->length)
            return NV_ERR_INVALID_ARGUMENT;
        export->memory[export->n++] = memory_get(object->memory);
    }
    return NV_OK;
}

static u32 export_create(struct nv_call *call, int *fd)
{
    DEFINE_DMA_BUF_EXPORT_INFO(info);
    struct export *export = kzalloc(sizeof(*export), GFP_KERNEL);
    struct dma_buf *buffer;
    u32 status;

    if (!export)
        return NV_ERR_NO_MEMORY;
    export->gpu = call->file->gpu;
    export->total = (u32)params_get(&call->params, "totalObjects");
    export->size = params_get(&call->params, "totalSize");
    info.ops = &export_ops;
    info.size = export->size;
    info.flags = O_RDWR | O_CLOEXEC;
    info.priv = export;
    if (!export->total || export->total > HANDLES_MAX || !export->size) {
        kfree(export);
        return NV_ERR_INVALID_ARGUMENT;
    }
    buffer = dma_buf_export(&info);
    if (IS_ERR(buffer)) {
        kfree(export);
        return NV_ERR_NO_MEMORY;
    }
    live_add(dma_bufs, 1);
    status = add_handles(call, export);
    if (status == NV_OK) {
        *fd = dma_buf_fd(buffer, O_CLOEXEC);
        if (*fd >= 0)
            return NV_OK;
        status = NV_ERR_INSUFFICIENT_RESOURCES;
    }
    dma_buf_put(buffer);
    return status;
}

static u32 export_extend(struct nv_call *call, int fd)
{
    struct dma_buf *buffer = dma_buf_get(fd);
    u32 status = NV_ERR_INVALID_ARGUMENT;

    if (IS_ERR(buffer))
        return status;
    if (buffer->ops == &export_ops)
        status = add_handles(call, buffer->priv);
    dma_buf_put(buffer);
    return status;
}

int nv_export_dma_buf(struct nv_call *call)
{
    int fd = (int)(u32)params_get(&call->params, "fd");
    u32 status;

    mutex_lock(&rm_lock);
    if (fd == -1)
        status = export_create(call, &fd);
    else
        status = fd < 0 ? NV_ERR_INVALID_ARGUMENT : export_extend(call, fd);
    mutex_unlock(&rm_lock);
    params_put(&call->params, "fd", (u32)fd);
    params_put(&call->params, "status", status);
    record_add(call->record, "status=%s", status_name(status));
    return 0;
}
