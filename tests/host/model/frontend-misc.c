/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of the kernel interface layer: cards, version, files that are tied to each other. */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "rm/rm.h"

int nv_card_info(struct nv_call *call)
{
    nv_ioctl_card_info_t *cards = call->params.data;
    unsigned int i;

    if (call->size / sizeof(*cards) < model_n_gpus || call->size % sizeof(*cards))
        return -EINVAL;
    memset(cards, 0, call->size);
    for (i = 0; i < model_n_gpus; i++) {
        const struct nv_gpu *gpu = &model_gpus[i];

        cards[i] = (nv_ioctl_card_info_t){
            .valid = 1,
            .pci_info = {.bus = (u8)gpu->bus, .vendor_id = 0x10de, .device_id = GPU_PCI_DEVICE_ID},
            .gpu_id = gpu->gpu_id,
            .interrupt_line = (u16)(16 + i),
            .reg_address = GPU_REGISTER_BAR(gpu),
            .reg_size = GPU_REGISTER_BAR_SIZE,
            .fb_address = GPU_FB_BAR(gpu),
            .fb_size = gpu->memory,
            .minor_number = i,
        };
    }
    return 0;
}

static size_t length_to_first_dot(const char *text)
{
    return strcspn(text, ".");
}

int nv_check_version(struct nv_call *call)
{
    nv_ioctl_rm_api_version_t *check = call->params.data;
    bool same;

    check->versionString[sizeof(check->versionString) - 1] = '\0';
    check->reply = NV_RM_API_VERSION_REPLY_RECOGNIZED;
    if (check->cmd == NV_RM_API_VERSION_CMD_RELAXED)
        same =
            length_to_first_dot(check->versionString) == length_to_first_dot(model_version) &&
            strncmp(check->versionString, model_version, length_to_first_dot(model_version)) == 0;
    else
        same = strcmp(check->versionString, model_version) == 0;
    if (same)
        return 0;
    strscpy_pad(check->versionString, model_version, sizeof(check->versionString));
    return check->cmd == NV_RM_API_VERSION_CMD_QUERY ? 0 : -EINVAL;
}

/* The first caller decides for all. */
int nv_sys_params(struct nv_call *call)
{
    static u64 memblock_size;
    const nv_ioctl_sys_params_t *wanted = call->params.data;
    int err = 0;

    mutex_lock(&rm_lock);
    if (!memblock_size)
        memblock_size = wanted->memblock_size;
    else if (memblock_size != wanted->memblock_size)
        err = -EBUSY;
    mutex_unlock(&rm_lock);
    return err;
}

/* Allowed once per file. The GPUs are always initialised here, so the call has no effect. */
int nv_attach_gpus(struct nv_call *call)
{
    const u32 *ids = call->params.data;
    u32 i, n = call->size / sizeof(*ids);
    int err = 0;

    if (!n || call->size % sizeof(*ids))
        return -EINVAL;
    mutex_lock(&rm_lock);
    if (call->file->attached)
        err = -EINVAL;
    for (i = 0; i < n && !err; i++)
        if (ids[i] && !gpu_by_id(ids[i]))
            err = -EINVAL;
    if (!err)
        call->file->attached = true;
    mutex_unlock(&rm_lock);
    return err;
}

int nv_numa_info(struct nv_call *call)
{
    return -EBUSY; /* the model's GPUs have no NUMA memory */
}

int nv_wait_open_complete(struct nv_call *call)
{
    memset(call->params.data, 0, call->size); /* opens are never deferred */
    return 0;
}

/* Turn the resource manager's status into the system call's error: the struct has no status. */
static int register_fd_status(struct nv_file *file, struct file *ctl)
{
    const struct nv_file *target = ctl->private_data;

    if (target->ctl || target == file)
        return NV_ERR_INVALID_ARGUMENT;
    if (file->ctl)
        return NV_ERR_INVALID_STATE;
    if (file->is_descriptor)
        return NV_ERR_IN_USE;
    return NV_OK;
}

int nv_register_fd(struct nv_call *call)
{
    const nv_ioctl_register_fd_t *wanted = call->params.data;
    struct file *ctl = nv_file_get(wanted->ctl_fd, NV_FILE_CTL);
    char name[32];
    int status = NV_ERR_INVALID_ARGUMENT;

    record_add(call->record, "fd=%s", fd_name(wanted->ctl_fd, name, sizeof(name)));
    if (!ctl)
        return -EINVAL;
    mutex_lock(&rm_lock);
    status = register_fd_status(call->file, ctl);
    if (status == NV_OK)
        call->file->ctl = get_file(ctl);
    mutex_unlock(&rm_lock);
    fput(ctl);
    return status == NV_OK ? 0 : -EINVAL;
}
