/* SPDX-License-Identifier: GPL-2.0-only */
#include "memory/usage.h"

#include <linux/seq_file.h>

#include "model.h"

static void note_peak(struct memory_usage *usage, s64 bytes)
{
    s64 peak = atomic64_read(&usage->peak);

    while (bytes > peak && !atomic64_try_cmpxchg(&usage->peak, &peak, bytes))
        ;
}

bool memory_usage_take(struct memory_usage *usage, u64 bytes, u64 most)
{
    s64 before = atomic64_read(&usage->bytes);

    do {
        if ((u64)before + bytes > most)
            return false;
    } while (!atomic64_try_cmpxchg(&usage->bytes, &before, before + (s64)bytes));
    atomic64_inc(&usage->pieces);
    note_peak(usage, before + (s64)bytes);
    return true;
}

void memory_usage_give(struct memory_usage *usage, u64 bytes)
{
    atomic64_dec(&usage->pieces);
    atomic64_sub((s64)bytes, &usage->bytes);
}

static void show(struct seq_file *seq, struct memory_usage *usage)
{
    seq_printf(seq, " %lld %lld %lld\n", atomic64_read(&usage->bytes),
               atomic64_read(&usage->pieces), atomic64_read(&usage->peak));
}

static int usage_show(struct seq_file *seq, void *data)
{
    unsigned int i;

    for (i = 0; i < model_n_gpus; i++) {
        seq_printf(seq, "gpu%u", i);
        show(seq, &model_gpus[i].used);
    }
    seq_puts(seq, "system");
    show(seq, &model_system_used);
    return 0;
}

static int usage_open(struct inode *inode, struct file *file)
{
    return single_open(file, usage_show, NULL);
}

static ssize_t usage_write(struct file *file, const char __user *data, size_t size,
                           loff_t *position)
{
    unsigned int i;

    for (i = 0; i < model_n_gpus; i++)
        atomic64_set(&model_gpus[i].used.peak, atomic64_read(&model_gpus[i].used.bytes));
    atomic64_set(&model_system_used.peak, atomic64_read(&model_system_used.bytes));
    return (ssize_t)size;
}

const struct file_operations memory_usage_fops = {
    .owner = THIS_MODULE,
    .open = usage_open,
    .read = seq_read,
    .write = usage_write,
    .llseek = seq_lseek,
    .release = single_release,
};
