/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/doors/cuse-devices.h"

#include <errno.h>

#include "cuse-server/wire/cuse-name.h"
#include "cuse-server/worker/doors/ioctl-calls.h"

/* #syscalls:worker writev */

static CallContext *context_of(fuse_req_t fuse)
{
    const CallSource *source = fuse_req_userdata(fuse);

    return source->context;
}

static void on_ioctl(fuse_req_t fuse, int command, void *argument, struct fuse_file_info *info,
                     unsigned flags, const void *in, size_t in_size, size_t out_size)
{
    const IoctlData data = {(uint32_t)command, (uintptr_t)argument, flags, in, in_size, out_size};

    ioctl_call(fuse, info, &data);
}

/* Answer an open. Only the broker opens files for guests, and it says which file this open is for. Any other open fails, for
 * example that of a guest that bypasses the filter by /proc/self/fd or by a node that it made itself. */
static void on_open(fuse_req_t fuse, struct fuse_file_info *info)
{
    const CallSource *source = fuse_req_userdata(fuse);
    CallContext *context = source->context;
    uint32_t id;

    if (broker_link_opening(context->link, fuse_req_ctx(fuse)->pid, source->device, &id) != 0) {
        fuse_reply_err(fuse, EACCES);
    } else {
        file_call_open(context, fuse, id, source->device, info);
    }
}

static void on_release(fuse_req_t fuse, struct fuse_file_info *info)
{
    file_call_release(context_of(fuse), fuse, info);
}

static void on_poll(fuse_req_t fuse, struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
    file_call_poll(context_of(fuse), fuse, info, handle);
}

/* Refuse read and write: the driver does not implement them. */
static void on_read(fuse_req_t fuse, size_t size, off_t offset, struct fuse_file_info *info)
{
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

static void on_write(fuse_req_t fuse, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *info)
{
    (void)data;
    (void)size;
    (void)offset;
    (void)info;
    fuse_reply_err(fuse, EINVAL);
}

static void on_init_done(void *userdata)
{
    call_source_initialised(userdata);
}

static const struct cuse_lowlevel_ops operations = {
    .init_done = on_init_done,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .release = on_release,
    .ioctl = on_ioctl,
    .poll = on_poll,
};

struct fuse_session *cuse_device_session(CallSource *source, const WorkerSpec *spec)
{
    const char *node = source->context->proxy->devices[source->device].name;
    g_autofree char *name = cuse_device_name(spec->instance.name, node);
    g_autofree char *variable = g_strdup_printf("DEVNAME=%s", name);
    const char *variables[] = {variable};
    struct cuse_info info = {
        .dev_major = spec->major_no,
        .dev_minor = spec->first_minor + source->device,
        .dev_info_argc = G_N_ELEMENTS(variables),
        .dev_info_argv = variables,
        .flags = source->memory == GUEST_MEMORY_RETRY ? CUSE_UNRESTRICTED_IOCTL : 0,
    };
    char program[] = "nvcuse";
    char *argv[] = {program, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    struct fuse_session *session = cuse_lowlevel_new(&args, &info, &operations, source);

    fuse_opt_free_args(&args);
    return session;
}
