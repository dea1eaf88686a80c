/* SPDX-License-Identifier: GPL-2.0-only */
/* Device numbers, GPUs, open and close. */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "rm/rm.h"

static char *version = "580.95.05";
module_param(version, charp, 0444);
MODULE_PARM_DESC(version, "driver version to play (default 580.95.05)");
static unsigned int gpus = 2;
module_param(gpus, uint, 0444);
MODULE_PARM_DESC(gpus, "number of GPUs, at most 8 (default 2)");
static unsigned int memory_mib = 1024;
module_param(memory_mib, uint, 0444);
MODULE_PARM_DESC(memory_mib, "memory of each GPU in MiB (default 1024)");

/* The part of a GPU's memory that the driver keeps for itself. */
#define RESERVED_SHIFT 6

#define IMEX_CHANNELS 2048
#define NV_MINORS     256

struct nv_gpu model_gpus[MODEL_GPUS_MAX];
unsigned int model_n_gpus;
const char *model_version;
struct memory_usage model_system_used;

static atomic_t next_file_id;

/* --- GPUs */

struct nv_gpu *gpu_by_id(u32 gpu_id)
{
    unsigned int i;

    for (i = 0; i < model_n_gpus; i++)
        if (model_gpus[i].gpu_id == gpu_id)
            return &model_gpus[i];
    return NULL;
}

struct nv_gpu *gpu_by_uuid(const u8 uuid[16])
{
    unsigned int i;

    for (i = 0; i < model_n_gpus; i++)
        if (memcmp(model_gpus[i].uuid, uuid, sizeof(model_gpus[i].uuid)) == 0)
            return &model_gpus[i];
    return NULL;
}

static void gpus_init(void)
{
    unsigned int i;

    model_n_gpus = gpus;
    for (i = 0; i < gpus; i++) {
        struct nv_gpu *gpu = &model_gpus[i];
        u64 hash = fnv1a(FNV1A_START, &i, sizeof(i));

        gpu->index = i;
        gpu->bus = i + 1;
        gpu->gpu_id = gpu->bus << 8;
        gpu->memory = (u64)memory_mib << 20;
        gpu->heap = gpu->memory - (gpu->memory >> RESERVED_SHIFT);
        atomic64_set(&gpu->next_address, (s64)GPU_FB_BAR(gpu));
        memcpy(gpu->uuid, &hash, sizeof(hash));
        hash = fnv1a(hash, &i, sizeof(i));
        memcpy(gpu->uuid + sizeof(hash), &hash, sizeof(hash));
        snprintf(gpu->uuid_text, sizeof(gpu->uuid_text), "GPU-%pUb", gpu->uuid);
    }
}

/* --- files */

bool caller_is_admin(void)
{
    return capable(CAP_SYS_ADMIN);
}

struct file *nv_file_get(int fd, enum nv_file_kind kind)
{
    struct file *filp = fget(fd);
    const struct nv_file *file;

    if (!filp)
        return NULL;
    file = filp->private_data;
    if (filp->f_op == &nv_fops && (kind == NV_FILE_ANY || (kind == NV_FILE_CTL) == !file->gpu))
        return filp;
    fput(filp);
    return NULL;
}

struct nv_file *nv_file_owner(struct nv_file *file)
{
    return file->ctl ? file->ctl->private_data : file;
}

const char *fd_name(int fd, char *buffer, size_t size)
{
    struct file *filp = fd < 0 ? NULL : fget(fd);

    if (!filp) {
        scnprintf(buffer, size, "none");
        return buffer;
    }
    if (filp->f_op == &nv_fops) {
        const struct nv_file *file = filp->private_data;

        scnprintf(buffer, size, "%s.%u", file->name, file->id);
    } else {
        scnprintf(buffer, size, "%s",
                  filp->f_op == &uvm_fops    ? "nvidia-uvm"
                  : filp->f_op == &caps_fops ? "nvidia-caps"
                                             : "other");
    }
    fput(filp);
    return buffer;
}

static int nv_open(struct inode *inode, struct file *filp)
{
    unsigned int number = iminor(inode);
    struct record *record;
    struct nv_file *file;

    if (number != NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE && number >= model_n_gpus)
        return -ENODEV;
    file = kzalloc(sizeof(*file), GFP_KERNEL);
    if (!file)
        return -ENOMEM;
    file->id = (unsigned int)atomic_inc_return(&next_file_id);
    strscpy(file->name, "nvidiactl", sizeof(file->name));
    if (number != NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE) {
        file->gpu = &model_gpus[number];
        snprintf(file->name, sizeof(file->name), "nvidia%u", (u8)number);
    }
    mutex_init(&file->context_lock);
    spin_lock_init(&file->event_lock);
    init_waitqueue_head(&file->event_queue);
    INIT_LIST_HEAD(&file->events);
    filp->private_data = file;
    live_add(files, 1);
    record = record_begin(file->name, file->id);
    record_add(record, "call=open");
    record_end(record, 0);
    return 0;
}

void export_slot_clear(struct export_slot *slot)
{
    if (!slot->memory)
        return;
    memory_put(slot->memory);
    slot->memory = NULL;
    live_add(exports, -1);
}

static void exports_free(struct nv_file *file)
{
    unsigned int i;

    for (i = 0; file->exports && i < file->max_exports; i++)
        export_slot_clear(&file->exports[i]);
    kvfree(file->exports);
}

static int nv_release(struct inode *inode, struct file *filp)
{
    struct nv_file *file = filp->private_data;

    mutex_lock(&rm_lock);
    exports_free(file); /* before the clients, as the driver does */
    rm_clients_of_file_free(file);
    event_file_closed(file);
    mutex_unlock(&rm_lock);
    context_free(file);
    if (file->ctl)
        fput(file->ctl);
    kfree(file);
    live_add(files, -1);
    return 0;
}

const struct file_operations nv_fops = {
    .owner = THIS_MODULE,
    .open = nv_open,
    .release = nv_release,
    .unlocked_ioctl = nv_ioctl,
    .compat_ioctl = nv_ioctl,
    .mmap = nv_mmap,
    .poll = nv_poll,
};

/* The open file itself is the token; it has no calls. */
const struct file_operations caps_fops = {.owner = THIS_MODULE};
static const struct file_operations imex_fops = {.owner = THIS_MODULE};

/* --- device numbers */

struct region {
    const char *name;
    dev_t first; /* 0: dynamic */
    unsigned int count;
    const struct file_operations *fops;
    struct cdev cdev;
    bool registered;
};

/* Series 535 has one region for both kinds of frontend device. */
static struct region regions[] = {
    {"nvidia", MKDEV(NV_MAJOR_DEVICE_NUMBER, 0), NV_MINORS - 1, &nv_fops},
    {"nvidiactl", MKDEV(NV_MAJOR_DEVICE_NUMBER, NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE), 1,
     &nv_fops},
    {"nvidia-caps", 0, NV_CAP_DRV_MINOR_COUNT, &caps_fops},
    {"nvidia-caps-imex-channels", 0, IMEX_CHANNELS, &imex_fops},
};

static int region_register(struct region *region)
{
    int err;

    if (region->first)
        err = register_chrdev_region(region->first, region->count, region->name);
    else
        err = alloc_chrdev_region(&region->first, 0, region->count, region->name);
    if (err)
        return err;
    cdev_init(&region->cdev, region->fops);
    region->cdev.owner = THIS_MODULE;
    err = cdev_add(&region->cdev, region->first, region->count);
    if (err)
        unregister_chrdev_region(region->first, region->count);
    region->registered = !err;
    return err;
}

static void regions_unregister(void)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(regions); i++)
        if (regions[i].registered) {
            cdev_del(&regions[i].cdev);
            unregister_chrdev_region(regions[i].first, regions[i].count);
        }
}

static int regions_register(void)
{
    unsigned int i;
    int err;

    if (abi_major() < 545) {
        regions[0].name = "nvidia-frontend";
        regions[0].count = NV_MINORS;
        regions[1].count = 0;
    }
    for (i = 0; i < ARRAY_SIZE(regions); i++) {
        err = regions[i].count ? region_register(&regions[i]) : 0;
        if (err) {
            regions_unregister();
            return err;
        }
    }
    return 0;
}

/* --- module */

static int __init model_init(void)
{
    int err = abi_select(version);

    if (err) {
        pr_err(MODEL_NAME ": version=%s: unknown driver version or series\n", version);
        return err;
    }
    if (gpus > MODEL_GPUS_MAX)
        return -EINVAL;
    model_version = version;
    gpus_init();
    err = record_init();
    if (err)
        return err;
    err = proc_init();
    if (err)
        goto no_proc;
    err = regions_register();
    if (err)
        goto no_regions;
    err = uvm_init();
    if (!err)
        return 0;
    regions_unregister();
no_regions:
    proc_exit();
no_proc:
    record_exit();
    return err;
}

static void __exit model_exit(void)
{
    uvm_exit();
    regions_unregister();
    proc_exit();
    record_exit();
}

module_init(model_init);
module_exit(model_exit);
MODULE_DESCRIPTION("A model of NVIDIA's kernel driver, for tests");
MODULE_LICENSE("GPL");
