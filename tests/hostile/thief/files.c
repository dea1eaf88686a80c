/* SPDX-License-Identifier: Apache-2.0 */
/* Acts upon files that objects are exported to, and dma-bufs. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/hostile/thief/thief.h"

#define EXPORT_TYPE_RM 1
#define KIB            1024UL

enum { PLACES = 4 };

static int64_t control(Hand *hand, NvU32 command, void *params, size_t size)
{
    return rm_control(hand->ctl, hand->client, hand->client, command, params, size);
}

/* Half of the files survive exec. */
static int open_file(Hand *hand)
{
    return open("/dev/nvidiactl", O_RDWR | (chance(hand, 2) ? O_CLOEXEC : 0));
}

static Exported *any_file(Hand *hand)
{
    return &hand->files[chance(hand, FILES)];
}

int64_t act_export(Hand *hand)
{
    const Held *held = any_object(hand);
    Exported *file = any_file(hand);

    if (!held || file->fd >= 0) {
        return NOTHING;
    }
    *file = (Exported){.fd = open_file(hand), .places = 1, .gpu = gpu_of(held->handle)};
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS params = {.object = {.type = EXPORT_TYPE_RM},
                                                             .fd = file->fd};
    params.object.data.rmObject.hDevice = device_of(file->gpu);
    params.object.data.rmObject.hParent = device_of(file->gpu);
    params.object.data.rmObject.hObject = held->handle;
    return control(hand, NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD, &params, sizeof params);
}

/* Fill some places of a file, and empty others; sometimes more than there are, or with an object that does not exist. */
int64_t act_export_many(Hand *hand)
{
    Exported *file = any_file(hand);
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS params = {.maxObjects = PLACES};

    if (file->fd < 0) {
        *file = (Exported){.fd = open_file(hand), .places = PLACES, .gpu = chance(hand, GPUS)};
    }
    params.fd = file->fd;
    params.hDevice = device_of(file->gpu);
    params.index = (NvU16)chance(hand, PLACES);
    params.numObjects =
        (NvU16)(1 + chance(hand, (unsigned)(PLACES - params.index + (chance(hand, 8) == 0))));
    for (unsigned i = 0; i < params.numObjects; i++) {
        const Held *held = any_object(hand);
        params.objects[i] = held && gpu_of(held->handle) == file->gpu ? held->handle : 0;
    }
    if (chance(hand, 8) == 0) {
        params.objects[params.numObjects - 1] = H_LAST;
    }
    return control(hand, NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD, &params, sizeof params);
}

int64_t act_import(Hand *hand)
{
    const Exported *file = any_file(hand);
    Held held = {.handle = new_handle(hand, file->gpu), .size = 64 * KIB};
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS params = {.fd = file->fd,
                                                               .object = {.type = EXPORT_TYPE_RM}};

    if (file->fd < 0) {
        return NOTHING;
    }
    params.object.data.rmObject.hDevice = device_of(file->gpu);
    params.object.data.rmObject.hParent = device_of(file->gpu);
    params.object.data.rmObject.hObject = held.handle;
    return hold(
        hand, control(hand, NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD, &params, sizeof params),
        &held);
}

/* The handles of empty places stay as they are, and those of another call that fails are freed. */
int64_t act_import_many(Hand *hand)
{
    const Exported *file = any_file(hand);
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS params = {.fd = file->fd,
                                                                .hParent = device_of(file->gpu)};

    if (file->fd < 0) {
        return NOTHING;
    }
    params.index = (NvU16)chance(hand, file->places);
    params.numObjects = (NvU16)(1 + chance(hand, file->places - params.index));
    for (unsigned i = 0; i < params.numObjects; i++) {
        params.objects[i] = new_handle(hand, file->gpu);
    }
    const int64_t result =
        control(hand, NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD, &params, sizeof params);
    for (unsigned i = 0; result == 0 && i < params.numObjects; i++) {
        if (params.objectTypes[i]) {
            hold(hand, 0, &(Held){.handle = params.objects[i], .size = 64 * KIB});
        }
    }
    return result;
}

int64_t act_close(Hand *hand)
{
    Exported *file = any_file(hand);

    if (file->fd < 0) {
        return NOTHING;
    }
    close(file->fd);
    file->fd = -1;
    return 0;
}

/* --- dma-bufs */

int64_t act_buffer(Hand *hand)
{
    const AbiEntry *entry = driver_abi_lookup(abi(), ABI_FRONTEND, NV_ESC_EXPORT_TO_DMABUF_FD);
    const Held *held = any_object(hand);
    int *buffer = &hand->buffers[chance(hand, BUFFERS)];
    int64_t result;

    if (!held || held->system || *buffer >= 0) {
        return NOTHING;
    }
    Params params = {.layout = entry->layout, .size = entry->layout->size};
    params.data = g_malloc0(params.size);
    params_put(&params, "fd", 0, (NvU32)-1);
    params_put(&params, "hClient", 0, hand->client);
    params_put(&params, "totalObjects", 0, 1);
    params_put(&params, "numObjects", 0, 1);
    params_put(&params, "totalSize", 0, 4 * KIB);
    params_put(&params, "handles", 0, held->handle);
    params_put(&params, "sizes", 0, 4 * KIB);
    if (ioctl(hand->gpu[gpu_of(held->handle)],
              _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, NV_ESC_EXPORT_TO_DMABUF_FD, params.size),
              params.data) != 0) {
        result = -errno;
    } else {
        result = (int64_t)params_get(&params, "status", 0);
        *buffer = result == 0 ? (int)params_get(&params, "fd", 0) : -1;
    }
    params_free(&params);
    return result;
}

int64_t act_close_buffer(Hand *hand)
{
    int *buffer = &hand->buffers[chance(hand, BUFFERS)];

    if (*buffer < 0) {
        return NOTHING;
    }
    close(*buffer);
    *buffer = -1;
    return 0;
}
