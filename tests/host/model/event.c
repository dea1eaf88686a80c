/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OS events. NV_ESC_ALLOC_OS_EVENT names the file it is called on by a client and a number (a file descriptor, which is not
 * looked up); event objects name that pair. Events with data are queued on the file; events without data set a flag, which poll
 * clears: a process that polls has consumed the event.
 */
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rm/rm.h"

#define NOTIFY_WITHOUT_DATA 0x10000000

struct os_event {
    struct list_head link;
    struct nv_file *file;
    u32 client;
    u32 fd;
};

/* NvUnixEvent */
struct event_data {
    u32 object;
    u32 notify_index;
    u32 info32;
    u16 info16;
};

struct queued_event {
    struct list_head link;
    struct event_data data;
};

/* NVOS41_PARAMETERS */
struct get_event_data {
    u64 event;
    u32 more_events;
    u32 status;
};

static LIST_HEAD(os_events); /* under rm_lock */

static struct os_event *os_event_find(u32 client, u32 fd)
{
    struct os_event *event;

    list_for_each_entry(event, &os_events,
                        link) if (event->client == client && event->fd == fd) return event;
    return NULL;
}

bool os_event_exists(u32 client, u32 fd)
{
    return os_event_find(client, fd);
}

static void os_event_remove(struct os_event *event)
{
    list_del(&event->link);
    kfree(event);
    live_add(os_events, -1);
}

static u32 os_event_add(struct nv_file *file, u32 client, u32 fd)
{
    struct os_event *event;

    if (os_event_find(client, fd))
        return NV_ERR_INSUFFICIENT_RESOURCES;
    event = kzalloc(sizeof(*event), GFP_KERNEL);
    if (!event)
        return NV_ERR_NO_MEMORY;
    *event = (struct os_event){.file = file, .client = client, .fd = fd};
    list_add_tail(&event->link, &os_events);
    live_add(os_events, 1);
    return NV_OK;
}

int nv_alloc_os_event(struct nv_call *call)
{
    nv_ioctl_alloc_os_event_t *args = call->params.data;
    char name[32];

    record_add(call->record, "fd=%s", fd_name((int)args->fd, name, sizeof(name)));
    mutex_lock(&rm_lock);
    args->Status = os_event_add(call->file, args->hClient, args->fd);
    mutex_unlock(&rm_lock);
    record_add(call->record, "status=%s", status_name(args->Status));
    return 0;
}

int nv_free_os_event(struct nv_call *call)
{
    nv_ioctl_free_os_event_t *args = call->params.data;
    struct os_event *event;

    mutex_lock(&rm_lock);
    event = os_event_find(args->hClient, args->fd);
    if (event)
        os_event_remove(event);
    mutex_unlock(&rm_lock);
    args->Status = event ? NV_OK : NV_ERR_INVALID_EVENT;
    record_add(call->record, "status=%s", status_name(args->Status));
    return 0;
}

void event_post(struct rm_object *object, u32 info32, u16 info16)
{
    struct os_event *event = os_event_find(object->client->handle, object->event_fd);
    struct queued_event *queued = NULL;
    struct nv_file *file;

    if (!event)
        return;
    file = event->file;
    if (!(object->notify_index & NOTIFY_WITHOUT_DATA)) {
        queued = kzalloc(sizeof(*queued), GFP_KERNEL);
        if (!queued)
            return;
        queued->data = (struct event_data){object->handle, object->notify_index, info32, info16};
    }
    spin_lock(&file->event_lock);
    if (queued)
        list_add_tail(&queued->link, &file->events);
    else
        file->event_pending = true;
    spin_unlock(&file->event_lock);
    wake_up_interruptible(&file->event_queue);
}

static struct queued_event *take_event(struct nv_file *file, bool *more)
{
    struct queued_event *queued;

    spin_lock(&file->event_lock);
    queued = list_first_entry_or_null(&file->events, struct queued_event, link);
    if (queued)
        list_del(&queued->link);
    *more = !list_empty(&file->events);
    spin_unlock(&file->event_lock);
    return queued;
}

int nv_rm_get_event_data(struct nv_call *call)
{
    struct get_event_data *args = call->params.data;
    bool more;
    struct queued_event *queued = take_event(call->file, &more);

    args->more_events = more;
    args->status = queued ? NV_OK : NV_ERR_GENERIC;
    if (queued && copy_to_user(u64_to_user_ptr(args->event), &queued->data, sizeof(queued->data)))
        args->status = NV_ERR_INVALID_ADDRESS;
    kfree(queued);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

/* poll does not wait on a file with O_NONBLOCK, so that nothing ends a wait for it. */
__poll_t nv_poll(struct file *filp, poll_table *wait)
{
    struct nv_file *file = filp->private_data;
    __poll_t mask = 0;

    if (!(filp->f_flags & O_NONBLOCK))
        poll_wait(filp, &file->event_queue, wait);
    spin_lock(&file->event_lock);
    if (!list_empty(&file->events) || file->event_pending) {
        mask = EPOLLPRI | EPOLLIN;
        file->event_pending = false;
    }
    spin_unlock(&file->event_lock);
    return mask;
}

void event_file_closed(struct nv_file *file)
{
    struct os_event *event, *next;
    struct queued_event *queued;
    bool more;

    list_for_each_entry_safe(event, next, &os_events, link) if (event->file == file)
        os_event_remove(event);
    while ((queued = take_event(file, &more)))
        kfree(queued);
}
