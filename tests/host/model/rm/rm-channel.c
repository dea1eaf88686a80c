/* SPDX-License-Identifier: GPL-2.0-only */
#include "rm/rm-channel.h"

#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

/* The driver's time slice of a group for which none was set. */
#define DEFAULT_SLICE_US 1000

/* struct runner: a process that allocates clients. @since: when the first of the channels that run now began to */
struct runner {
    struct list_head link;
    pid_t process;
    u32 running;
    u64 since, ran_ns;
};

static LIST_HEAD(runners); /* under rm_lock */

static struct runner *runner_of(const struct rm_object *channel)
{
    struct runner *runner;

    list_for_each_entry(runner, &runners, link) if (runner->process == channel->client->process)
    {
        return runner;
    }
    runner = kzalloc(sizeof(*runner), GFP_KERNEL | __GFP_NOFAIL);
    runner->process = channel->client->process;
    list_add_tail(&runner->link, &runners);
    return runner;
}

static u64 ran_until(const struct runner *runner, u64 now)
{
    return runner->ran_ns + (runner->running ? now - runner->since : 0);
}

static void set_runs(struct rm_object *channel, bool runs)
{
    struct runner *runner = runner_of(channel);
    u64 now = ktime_get_ns();

    if (channel->runs == runs)
        return;
    channel->runs = runs;
    runner->ran_ns = ran_until(runner, now);
    runner->since = now;
    runner->running += runs ? 1 : -1;
}

static void update(struct rm_object *channel)
{
    set_runs(channel, channel->scheduled && !channel->disabled);
}

/* --- channels of a group */

struct group_visit {
    struct rm_object *group;
    void (*visit)(struct rm_object *channel, void *data);
    void *data;
};

struct rm_object *channel_group(struct rm_object *object)
{
    return object && object->is_copy ? object->original : object;
}

static bool visit_client(struct rm_client *client, void *data)
{
    const struct group_visit *visit = data;
    struct rm_object *object;

    list_for_each_entry(object, &client->objects,
                        link) if (object->kind == RM_CHANNEL &&
                                  channel_group(rm_ancestor(object, RM_CHANNEL_GROUP)) ==
                                      visit->group)
    {
        visit->visit(object, visit->data);
    }
    return true;
}

static void each_of_group(struct rm_object *group,
                          void (*visit)(struct rm_object *channel, void *data), void *data)
{
    struct group_visit all = {group, visit, data};

    if (group)
        rm_clients_each(visit_client, &all);
}

/* --- what is done with them */

struct scheduling {
    bool enable, skip_enable;
};

static void schedule_one(struct rm_object *channel, void *data)
{
    const struct scheduling *how = data;

    channel->scheduled = how->enable;
    if (how->enable && !how->skip_enable)
        channel->disabled = false;
    update(channel);
}

void channel_schedule(struct rm_object *object, bool enable, bool skip_enable)
{
    struct scheduling how = {enable, skip_enable};

    if (object->kind == RM_CHANNEL)
        schedule_one(object, &how);
    else
        each_of_group(channel_group(object), schedule_one, &how);
}

void channel_disable(struct rm_object *channel, bool disable)
{
    channel->disabled = disable;
    update(channel);
}

static bool find_runner(struct rm_client *client, void *data)
{
    struct rm_object *object;

    list_for_each_entry(object, &client->objects, link) if (object->runs)
    {
        *(struct rm_client **)data = client;
        return false;
    }
    return true;
}

struct rm_client *channel_runner(void)
{
    struct rm_client *client = NULL;

    rm_clients_each(find_runner, &client);
    return client;
}

static bool forget_original(struct rm_client *client, void *data)
{
    struct rm_object *object;

    list_for_each_entry(object, &client->objects, link) if (object->original == data)
        object->original = NULL;
    return true;
}

void channel_freed(struct rm_object *object)
{
    if (object->kind == RM_CHANNEL)
        set_runs(object, false);
    else if (!object->is_copy)
        rm_clients_each(forget_original, object);
}

/* --- the file */

struct group_counts {
    u32 scheduled, running;
};

static void count_one(struct rm_object *channel, void *data)
{
    struct group_counts *counts = data;

    counts->scheduled += channel->scheduled;
    counts->running += channel->runs;
}

static bool show_client(struct rm_client *client, void *data)
{
    struct rm_object *object;

    list_for_each_entry(object, &client->objects, link)
    {
        struct group_counts counts = {0};

        if (object->kind != RM_CHANNEL_GROUP || object->is_copy)
            continue;
        each_of_group(object, count_one, &counts);
        if (counts.scheduled)
            seq_printf(data, "group %d gpu %u scheduled %u running %u slice_us %llu\n",
                       client->process, object->gpu ? object->gpu->index : 0, counts.scheduled,
                       counts.running,
                       object->timeslice_us ? object->timeslice_us : DEFAULT_SLICE_US);
    }
    return true;
}

static int channels_show(struct seq_file *seq, void *data)
{
    struct runner *runner;
    u64 now;

    mutex_lock(&rm_lock);
    now = ktime_get_ns();
    list_for_each_entry(runner, &runners, link)
        seq_printf(seq, "process %d running %u ran_us %llu\n", runner->process, runner->running,
                   ran_until(runner, now) / NSEC_PER_USEC);
    rm_clients_each(show_client, seq);
    mutex_unlock(&rm_lock);
    return 0;
}

static int channels_open(struct inode *inode, struct file *file)
{
    return single_open(file, channels_show, NULL);
}

static ssize_t channels_write(struct file *file, const char __user *data, size_t size,
                              loff_t *position)
{
    struct runner *runner;

    mutex_lock(&rm_lock);
    list_for_each_entry(runner, &runners, link)
    {
        runner->ran_ns = 0;
        runner->since = ktime_get_ns();
    }
    mutex_unlock(&rm_lock);
    return (ssize_t)size;
}

const struct file_operations channels_fops = {
    .owner = THIS_MODULE,
    .open = channels_open,
    .read = seq_read,
    .write = channels_write,
    .llseek = seq_lseek,
    .release = single_release,
};

void channels_clear(void)
{
    struct runner *runner, *next;

    list_for_each_entry_safe(runner, next, &runners, link)
    {
        list_del(&runner->link);
        kfree(runner);
    }
}
