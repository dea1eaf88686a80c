/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/driver/nvidia and /proc/driver/nvidia-caps. */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "model.h"

static struct proc_dir_entry *top, *caps_top;

static int version_show(struct seq_file *seq, void *data)
{
    seq_printf(seq,
               "NVRM version: NVIDIA UNIX x86_64 Kernel Module  %s  Thu Jan  1 00:00:00 UTC 1970\n"
               "GCC version:  gcc version 12.2.0 (Debian 12.2.0)\n",
               model_version);
    return 0;
}

/* The parameters that programs read; the driver lists more. */
static int params_show(struct seq_file *seq, void *data)
{
    seq_puts(seq, "ResmanDebugLevel: 4294967295\n"
                  "RmLogonRC: 1\n"
                  "ModifyDeviceFiles: 1\n"
                  "DeviceFileUID: 0\n"
                  "DeviceFileGID: 0\n"
                  "DeviceFileMode: 438\n"
                  "EnableNonblockingOpen: 0\n"
                  "ImexChannelCount: 2048\n"
                  "CreateImexChannel0: 0\n"
                  "RegistryDwords: \"\"\n"
                  "RegistryDwordsPerDevice: \"\"\n"
                  "RmMsg: \"\"\n");
    return 0;
}

static int registry_show(struct seq_file *seq, void *data)
{
    seq_puts(seq, "Binary: \"\"\n");
    return 0;
}

static int information_show(struct seq_file *seq, void *data)
{
    const struct nv_gpu *gpu = seq->private;

    seq_printf(seq,
               "Model: \t\t %s\n"
               "IRQ:   \t\t %u\n"
               "GPU UUID: \t %s\n"
               "Video BIOS: \t 00.00.00.00.00\n"
               "Bus Type: \t PCIe\n"
               "DMA Size: \t 47 bits\n"
               "DMA Mask: \t 0x7fffffffffff\n"
               "Bus Location: \t 0000:%02x:00.0\n"
               "Device Minor: \t %u\n"
               "GPU Excluded:\t No\n",
               GPU_NAME, 16 + gpu->index, gpu->uuid_text, gpu->bus, gpu->index);
    return 0;
}

/* --- capabilities: the file names a minor of nvidia-caps, whose open file is the capability. */

struct capability {
    const char *directory;
    const char *name;
    unsigned long minor;
};

static const struct capability capabilities[] = {
    {"mig", "config", 1},
    {"mig", "monitor", 2},
    {NULL, "fabric-imex-mgmt", MODEL_CAP_FABRIC_IMEX_MGMT},
};

static int capability_show(struct seq_file *seq, void *data)
{
    seq_printf(seq, "DeviceFileMinor: %lu\nDeviceFileMode: 256\nDeviceFileModify: 1\n",
               (unsigned long)seq->private);
    return 0;
}

static int mig_minors_show(struct seq_file *seq, void *data)
{
    seq_puts(seq, "config 1\nmonitor 2\n");
    return 0;
}

static int sys_minors_show(struct seq_file *seq, void *data)
{
    seq_printf(seq, "fabric-imex-mgmt %u\n", MODEL_CAP_FABRIC_IMEX_MGMT);
    return 0;
}

static void gpus_create(void)
{
    struct proc_dir_entry *directory = proc_mkdir("gpus", top);
    unsigned int i;

    for (i = 0; directory && i < model_n_gpus; i++) {
        char name[16];
        struct proc_dir_entry *gpu;

        snprintf(name, sizeof(name), "0000:%02x:00.0", model_gpus[i].bus);
        gpu = proc_mkdir(name, directory);
        proc_create_single_data("information", 0444, gpu, information_show, &model_gpus[i]);
        proc_create_single("registry", 0444, gpu, registry_show);
    }
}

static void capabilities_create(void)
{
    struct proc_dir_entry *directory = proc_mkdir("capabilities", top);
    struct proc_dir_entry *mig = proc_mkdir("mig", directory);
    unsigned int i;

    /* This directory would contain a GPU's MIG instances; there are none. */
    for (i = 0; i < model_n_gpus; i++) {
        char name[16];

        snprintf(name, sizeof(name), "gpu%u", i);
        proc_mkdir("mig", proc_mkdir(name, directory));
    }

    for (i = 0; i < ARRAY_SIZE(capabilities); i++)
        proc_create_single_data(capabilities[i].name, 0444,
                                capabilities[i].directory ? mig : directory, capability_show,
                                (void *)capabilities[i].minor);
}

int proc_init(void)
{
    top = proc_mkdir("driver/nvidia", NULL);
    caps_top = proc_mkdir("driver/nvidia-caps", NULL);
    if (!top || !caps_top) {
        proc_exit();
        return -ENOMEM;
    }
    proc_create_single("version", 0444, top, version_show);
    proc_create_single("params", 0444, top, params_show);
    proc_create_single("registry", 0644, top, registry_show);
    gpus_create();
    capabilities_create();
    proc_create_single("mig-minors", 0444, caps_top, mig_minors_show);
    proc_create_single("sys-minors", 0444, caps_top, sys_minors_show);
    return 0;
}

void proc_exit(void)
{
    proc_remove(caps_top);
    proc_remove(top);
}
