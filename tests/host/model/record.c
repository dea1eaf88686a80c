/* SPDX-License-Identifier: GPL-2.0-only */
/* The flight recorder: its lines, and the counts of existing objects. */
#include "record.h"

#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "model.h"
#include "rm/rm-channel.h"

#define LINE_MAX      2048
#define HEX_BYTES_MAX 64
#define LINES_MAX     65536

struct record {
    struct list_head link;
    size_t length;
    char text[LINE_MAX];
};

struct line {
    struct list_head link;
    char text[];
};

static DEFINE_MUTEX(lines_lock);
static LIST_HEAD(lines);
static unsigned long n_lines, n_dropped, next_number;
static struct dentry *directory;

atomic_long_t live[N_LIVE_COUNTS];

u64 fnv1a(u64 hash, const void *data, size_t size)
{
    const u8 *p = data;

    for (; size; size--)
        hash = (hash ^ *p++) * 0x100000001b3ULL;
    return hash;
}

static void append(struct record *record, const char *format, va_list arguments)
{
    size_t room = LINE_MAX - record->length;

    record->length += vscnprintf(record->text + record->length, room, format, arguments);
}

void record_add(struct record *record, const char *format, ...)
{
    va_list arguments;

    if (!record)
        return;
    if (record->length < LINE_MAX - 1)
        record->text[record->length++] = ' ';
    va_start(arguments, format);
    append(record, format, arguments);
    va_end(arguments);
}

struct record *record_begin(const char *device, unsigned int id)
{
    struct record *record = kmalloc(sizeof(*record), GFP_KERNEL);
    char task[TASK_COMM_LEN];

    if (!record)
        return NULL;
    record->length = 0;
    get_task_comm(task, current);
    record->length = scnprintf(record->text, LINE_MAX, "file=%s.%u task=%s pid=%d uid=%u admin=%d",
                               device, id, task, task_tgid_vnr(current),
                               from_kuid(&init_user_ns, current_euid()), caller_is_admin());
    return record;
}

void record_bytes(struct record *record, const char *key, const void *data, size_t size)
{
    if (!record)
        return;
    if (size > HEX_BYTES_MAX)
        record_add(record, "%s=%zu:%016llx", key, size, fnv1a(FNV1A_START, data, size));
    else
        record_add(record, "%s=%*phN", key, (int)size, data);
}

void record_end(struct record *record, long result)
{
    struct line *line;

    if (!record)
        return;
    record_add(record, "result=%ld", result);
    line = kmalloc(sizeof(*line) + record->length + 32, GFP_KERNEL);
    mutex_lock(&lines_lock);
    if (line && n_lines < LINES_MAX) {
        sprintf(line->text, "n=%lu %.*s", next_number, (int)record->length, record->text);
        list_add_tail(&line->link, &lines);
        n_lines++;
    } else {
        n_dropped++;
        kfree(line);
    }
    next_number++;
    mutex_unlock(&lines_lock);
    kfree(record);
}

static void lines_clear(void)
{
    struct line *line, *next;

    mutex_lock(&lines_lock);
    list_for_each_entry_safe(line, next, &lines, link)
    {
        list_del(&line->link);
        kfree(line);
    }
    n_lines = n_dropped = next_number = 0;
    mutex_unlock(&lines_lock);
}

static void *log_start(struct seq_file *seq, loff_t *position)
{
    mutex_lock(&lines_lock);
    return seq_list_start(&lines, *position);
}

static void *log_next(struct seq_file *seq, void *entry, loff_t *position)
{
    return seq_list_next(entry, &lines, position);
}

static void log_stop(struct seq_file *seq, void *entry)
{
    mutex_unlock(&lines_lock);
}

static int log_show(struct seq_file *seq, void *entry)
{
    seq_puts(seq, list_entry(entry, struct line, link)->text);
    seq_putc(seq, '\n');
    return 0;
}

static const struct seq_operations log_seq = {
    .start = log_start, .next = log_next, .stop = log_stop, .show = log_show};

static int log_open(struct inode *inode, struct file *file)
{
    return seq_open(file, &log_seq);
}

static ssize_t log_write(struct file *file, const char __user *data, size_t size, loff_t *position)
{
    lines_clear();
    return (ssize_t)size;
}

static const struct file_operations log_fops = {
    .owner = THIS_MODULE,
    .open = log_open,
    .read = seq_read,
    .write = log_write,
    .llseek = seq_lseek,
    .release = seq_release,
};

#define LIVE_NAME(NAME) #NAME,
static const char *const live_names[] = {LIVE_COUNTS(LIVE_NAME)};

static int live_show(struct seq_file *seq, void *data)
{
    unsigned int i;

    for (i = 0; i < N_LIVE_COUNTS; i++)
        seq_printf(seq, "%s %ld\n", live_names[i], atomic_long_read(&live[i]));
    seq_printf(seq, "dropped_lines %lu\n", n_dropped);
    return 0;
}
DEFINE_SHOW_ATTRIBUTE(live);

int record_init(void)
{
    directory = debugfs_create_dir(MODEL_NAME, NULL);
    debugfs_create_file("log", 0600, directory, NULL, &log_fops);
    debugfs_create_file("live", 0400, directory, NULL, &live_fops);
    debugfs_create_file("memory", 0600, directory, NULL, &memory_usage_fops);
    debugfs_create_file("channels", 0600, directory, NULL, &channels_fops);
    return PTR_ERR_OR_ZERO(directory);
}

void record_exit(void)
{
    debugfs_remove_recursive(directory);
    channels_clear();
    lines_clear();
}
