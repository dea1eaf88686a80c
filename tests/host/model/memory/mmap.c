/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU mappings, in the driver's two steps: NV_ESC_RM_MAP_MEMORY puts a context on an open file, which may differ from the file
 * of the call; mmap of that file then shows the memory of the context.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/version.h>

#include "rm/rm.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
    vma->vm_flags |= flags;
}

static void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
    vma->vm_flags &= ~flags;
}
#endif

/* --- contexts */

u32 context_add(int fd, struct nv_gpu *gpu, struct model_memory *memory, u64 offset, u64 length,
                u32 caching)
{
    struct file *filp = nv_file_get(fd, gpu ? NV_FILE_GPU : NV_FILE_CTL);
    struct map_context *context;
    struct nv_file *file;
    u32 status = NV_ERR_INVALID_ARGUMENT;

    if (!filp)
        return status;
    file = filp->private_data;
    context = kzalloc(sizeof(*context), GFP_KERNEL);
    mutex_lock(&file->context_lock);
    if (!context) {
        status = NV_ERR_NO_MEMORY;
    } else if (file->context) {
        status = NV_ERR_STATE_IN_USE;
    } else if (file->gpu == gpu) {
        *context = (struct map_context){
            .memory = memory_keep(memory),
            .offset = round_down(offset, PAGE_SIZE),
            .length = PAGE_ALIGN(offset_in_page(offset) + length),
            .read_only = memory->user_read_only,
            .caching = caching,
        };
        file->context = context;
        context = NULL;
        live_add(contexts, 1);
        status = NV_OK;
    }
    mutex_unlock(&file->context_lock);
    kfree(context);
    fput(filp);
    return status;
}

void context_free(struct nv_file *file)
{
    if (!file->context)
        return;
    memory_drop(file->context->memory);
    kfree(file->context);
    live_add(contexts, -1);
}

/* --- NV_ESC_RM_MAP_MEMORY and its opposite */

static u32 add_mapping(struct rm_object *object, u64 address, u64 length)
{
    struct rm_mapping *mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);

    if (!mapping)
        return NV_ERR_NO_MEMORY;
    *mapping =
        (struct rm_mapping){.address = address, .length = length, .process = task_tgid_nr(current)};
    list_add_tail(&mapping->link, &object->mappings);
    live_add(mappings, 1);
    return NV_OK;
}

static void remove_mapping(struct rm_mapping *mapping)
{
    list_del(&mapping->link);
    kfree(mapping);
    live_add(mappings, -1);
}

static struct rm_mapping *find_mapping(struct rm_object *object, u64 address)
{
    struct rm_mapping *mapping;

    list_for_each_entry(mapping, &object->mappings,
                        link) if (mapping->address == address &&
                                  mapping->process == task_tgid_nr(current)) return mapping;
    return NULL;
}

/* Device memory is mapped through the GPU's own node, other memory through nvidiactl. */
static u32 map_memory(struct nv_call *call, nv_ioctl_nvos33_parameters_with_fd *outer)
{
    NVOS33_PARAMETERS *args = &outer->params;
    u32 caching = args->flags >> NVOS33_FLAGS_CACHING_TYPE_SHIFT & NVOS33_FLAGS_CACHING_TYPE_MASK;
    struct rm_client *client;
    struct rm_object *device, *object;
    struct model_memory *memory;
    u64 end;
    u32 status = rm_client_get(call->file, args->hClient, &client);

    if (status == NV_OK)
        status = rm_object_get(client, args->hDevice, RM_CLIENT | RM_DEVICE | RM_SUBDEVICE,
                               NV_ERR_INVALID_OBJECT_PARENT, &device);
    if (status == NV_OK)
        status = rm_object_get(client, args->hMemory, RM_MEMORY, NV_ERR_INVALID_OBJECT, &object);
    if (status != NV_OK)
        return status;
    memory = object->memory;
    if (!memory || !memory->n_pages || memory->place == MEMORY_PINNED)
        return NV_ERR_NOT_SUPPORTED;
    if (!args->length || check_add_overflow(args->offset, args->length, &end) ||
        end > memory->length)
        return NV_ERR_INVALID_LIMIT;
    if (client->process != task_tgid_nr(current))
        return NV_ERR_INVALID_CLIENT;
    status = add_mapping(object, memory->address + args->offset, args->length);
    if (status != NV_OK)
        return status;
    status = context_add(outer->fd, memory->place == MEMORY_VIDEO ? memory->gpu : NULL, memory,
                         args->offset, args->length, caching);
    if (status != NV_OK) {
        remove_mapping(list_last_entry(&object->mappings, struct rm_mapping, link));
        return status;
    }
    args->pLinearAddress = memory->address + args->offset;
    return NV_OK;
}

int nv_rm_map_memory(struct nv_call *call)
{
    nv_ioctl_nvos33_parameters_with_fd *outer = call->params.data;
    NVOS33_PARAMETERS *args = &outer->params;
    char name[32];

    record_add(call->record, "fd=%s", fd_name(outer->fd, name, sizeof(name)));
    /* The driver chooses the caching type itself. */
    args->flags &= ~((u32)NVOS33_FLAGS_CACHING_TYPE_MASK << NVOS33_FLAGS_CACHING_TYPE_SHIFT);
    args->flags |= (u32)NVOS33_FLAGS_CACHING_TYPE_DEFAULT << NVOS33_FLAGS_CACHING_TYPE_SHIFT;
    mutex_lock(&rm_lock);
    args->status = map_memory(call, outer);
    mutex_unlock(&rm_lock);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

int nv_rm_unmap_memory(struct nv_call *call)
{
    NVOS34_PARAMETERS *args = call->params.data;
    struct rm_client *client;
    struct rm_object *object;
    struct rm_mapping *mapping;

    mutex_lock(&rm_lock);
    args->status = rm_client_get(call->file, args->hClient, &client);
    if (args->status == NV_OK)
        args->status =
            rm_object_get(client, args->hMemory, RM_MEMORY, NV_ERR_INVALID_OBJECT, &object);
    if (args->status == NV_OK) {
        mapping = find_mapping(object, args->pLinearAddress);
        if (mapping)
            remove_mapping(mapping);
        else
            args->status = NV_ERR_OBJECT_NOT_FOUND;
    }
    mutex_unlock(&rm_lock);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

/* The new address replaces the old one as the key. The driver does not check who owns the client. */
int nv_rm_update_mapping(struct nv_call *call)
{
    NVOS56_PARAMETERS *args = call->params.data;
    struct rm_client *client;
    struct rm_object *object = NULL;
    struct rm_mapping *mapping = NULL;

    mutex_lock(&rm_lock);
    client = rm_client_find(args->hClient);
    if (client)
        object = rm_object_find(client, args->hMemory);
    if (object)
        mapping = find_mapping(object, args->pOldCpuAddress);
    if (mapping)
        mapping->address = args->pNewCpuAddress;
    mutex_unlock(&rm_lock);
    args->status = mapping ? NV_OK : client ? NV_ERR_OBJECT_NOT_FOUND : NV_ERR_INVALID_CLIENT;
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

/* --- mmap */

/* Mappings of the system's memory hold it. Those of a GPU's memory do not: they are of its BAR. */
static struct model_memory *held_by(const struct vm_area_struct *vma)
{
    const struct nv_file *file = vma->vm_file->private_data;

    return file->context->memory->place == MEMORY_SYSTEM ? file->context->memory : NULL;
}

static void nv_vma_open(struct vm_area_struct *vma)
{
    if (held_by(vma))
        memory_get(held_by(vma));
    live_add(vmas, 1);
}

static void nv_vma_close(struct vm_area_struct *vma)
{
    if (held_by(vma))
        memory_put(held_by(vma));
    live_add(vmas, -1);
}

static const struct vm_operations_struct nv_vm_ops = {.open = nv_vma_open, .close = nv_vma_close};

static pgprot_t protection(const struct map_context *context, pgprot_t plain)
{
    switch (context->caching) {
    case NVOS33_FLAGS_CACHING_TYPE_CACHED:
    case NVOS33_FLAGS_CACHING_TYPE_WRITEBACK:
        return plain;
    case NVOS33_FLAGS_CACHING_TYPE_WRITECOMBINED:
        return pgprot_writecombine(plain);
    case NVOS33_FLAGS_CACHING_TYPE_DEFAULT: /* the type that suits the memory */
        return context->memory->place == MEMORY_VIDEO ? pgprot_writecombine(plain) : plain;
    default:
        return pgprot_noncached(plain);
    }
}

static int check_vma(const struct nv_file *file, const struct vm_area_struct *vma)
{
    const struct map_context *context = file->context;
    u64 size = vma->vm_end - vma->vm_start;

    if (file->exports || !context || vma->vm_pgoff)
        return -EINVAL;
    if (file->gpu)
        return size == context->length ? 0 : -ENXIO;
    return (context->offset + size) >> PAGE_SHIFT <= context->memory->n_pages ? 0 : -ERANGE;
}

static int insert_pages(struct vm_area_struct *vma, const struct map_context *context)
{
    unsigned long n = vma_pages(vma);
    struct page **pages = memory_pages(context->memory, context->offset >> PAGE_SHIFT, n);

    return pages ? vm_insert_pages(vma, vma->vm_start, pages, &n) : -ENOMEM;
}

static int map_context(struct nv_file *file, struct vm_area_struct *vma)
{
    int err = check_vma(file, vma);

    if (err)
        return err;
    if (held_by(vma) && !memory_get_again(held_by(vma)))
        return -EINVAL;
    if (file->context->read_only)
        vm_flags_clear(vma, VM_WRITE | VM_MAYWRITE);
    vma->vm_page_prot = protection(file->context, vm_get_page_prot(vma->vm_flags));
    vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND | (file->gpu ? VM_IO : VM_DONTDUMP));
    err = insert_pages(vma, file->context);
    if (err) {
        if (held_by(vma))
            memory_put(held_by(vma));
        return err;
    }
    vma->vm_ops = &nv_vm_ops;
    live_add(vmas, 1);
    return 0;
}

/* The caller is not checked: every process with the file may map it. */
int nv_mmap(struct file *filp, struct vm_area_struct *vma)
{
    static const char *const caching[] = {"cached",     "uncached", "write-combined", "3", "4",
                                          "write-back", "default",  "uncached-weak"};
    struct nv_file *file = filp->private_data;
    struct record *record = record_begin(file->name, file->id);
    int err;

    mutex_lock(&file->context_lock);
    err = map_context(file, vma);
    record_add(record, "call=mmap size=%lu pgoff=%lu%s%s caching=%s", vma->vm_end - vma->vm_start,
               vma->vm_pgoff, vma->vm_flags & VM_READ ? " read=1" : "",
               vma->vm_flags & VM_WRITE ? " write=1" : "",
               file->context ? caching[file->context->caching] : "none");
    mutex_unlock(&file->context_lock);
    record_end(record, err);
    return err;
}
