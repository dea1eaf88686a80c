/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of objects: freeing them with everything below them, duplicates, and who may use a client. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define SIZE 8192UL

static int64_t duplicate(int ctl, NvHandle client, NvHandle parent, NvHandle object,
                         NvHandle source_client, NvHandle source)
{
    NVOS55_PARAMETERS args = {.hClient = client,
                              .hParent = parent,
                              .hObject = object,
                              .hClientSrc = source_client,
                              .hObjectSrc = source};

    return ioctl_status(ctl, NV_ESC_RM_DUP_OBJECT, &args, sizeof args,
                        offsetof(NVOS55_PARAMETERS, status));
}

static const char *there(const Tree *t, NvHandle memory)
{
    NvU32 value;

    return gpu_read(t, memory, 0, &value) == 0 ? "there" : "gone";
}

static void allocate(const Tree *t)
{
    NV0080_ALLOC_PARAMETERS device = {.deviceId = 77};

    say("same handle: %s",
        status(rm_alloc(t->ctl, t->client, t->client, H_DEVICE, NV01_DEVICE_0, NULL)));
    say("no such device: %s",
        status(rm_alloc(t->ctl, t->client, t->client, H_OTHER, NV01_DEVICE_0, &device)));
    say("no such parent: %s",
        status(rm_alloc(t->ctl, t->client, H_LAST, H_OTHER, NV20_SUBDEVICE_0, NULL)));
    say("wrong parent: %s",
        status(rm_alloc(t->ctl, t->client, t->client, H_OTHER, NV20_SUBDEVICE_0, NULL)));
    say("no such class: %s", status(rm_alloc(t->ctl, t->client, t->client, H_OTHER, 0xdead, NULL)));
    say("no such client: %s",
        status(rm_alloc(t->ctl, 0xc1dfffff, 0xc1dfffff, H_OTHER, NV01_DEVICE_0, NULL)));
    say("no parameters: %s",
        status(rm_alloc(t->ctl, t->client, H_DEVICE, H_OTHER, NV01_MEMORY_SYSTEM, NULL)));
    say("on a gpu's node: %s",
        status(rm_alloc(t->gpu, t->client, t->client, H_OTHER, NV01_DEVICE_0, NULL)));
}

static void free_cascades(const Tree *t)
{
    Params space = class_params(FERMI_VASPACE_A), group = class_params(KEPLER_CHANNEL_GROUP_A);

    say("space: %s",
        status(rm_alloc(t->ctl, t->client, H_DEVICE, H_VASPACE, FERMI_VASPACE_A, space.data)));
    params_put(&group, "hVASpace", 0, H_VASPACE);
    say("group in it: %s",
        status(rm_alloc(t->ctl, t->client, H_DEVICE, H_OTHER, KEPLER_CHANNEL_GROUP_A, group.data)));
    say("free space: %s", status(rm_free(t->ctl, t->client, H_VASPACE)));
    say("group again: %s",
        status(rm_alloc(t->ctl, t->client, H_DEVICE, H_OTHER, KEPLER_CHANNEL_GROUP_A, group.data)));
    memory_new(t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE);
    say("memory: %s", there(t, H_SYSTEM));
    say("free what is not there: %s", status(rm_free(t->ctl, t->client, H_LAST)));
    say("free device: %s", status(rm_free(t->ctl, t->client, H_DEVICE)));
    say("memory: %s", there(t, H_SYSTEM));
    params_free(&space);
    params_free(&group);
}

static void duplicates(const Tree *t, const Tree *other)
{
    NvU32 value = 0;

    say("memory: %s", status(memory_new(t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE)));
    say("write: %s", status(gpu_write(t, H_SYSTEM, 64, 4711)));
    say("duplicate: %s",
        status(duplicate(other->ctl, other->client, H_DEVICE, H_OTHER, t->client, H_SYSTEM)));
    say("read: %s", status(gpu_read(other, H_OTHER, 64, &value)));
    say("  value %u", value);
    say("free the first: %s", status(rm_free(t->ctl, t->client, H_SYSTEM)));
    say("first: %s", there(t, H_SYSTEM));
    say("duplicate: %s", there(other, H_OTHER));
    say("into another's client: %s",
        status(duplicate(t->ctl, other->client, H_DEVICE, H_VIDEO, other->client, H_OTHER)));
    say("of no client: %s",
        status(duplicate(t->ctl, t->client, H_DEVICE, H_VIDEO, 0xc1dfffff, H_OTHER)));
    say("of no object: %s",
        status(duplicate(t->ctl, t->client, H_DEVICE, H_VIDEO, other->client, H_LAST)));
    say("of a device: %s",
        status(duplicate(t->ctl, t->client, t->client, H_VIDEO, other->client, H_DEVICE)));
}

static void share(const Tree *t)
{
    NVOS57_PARAMETERS args = {
        .hClient = t->client, .hObject = H_DEVICE, .sharePolicy = {.type = 1, .accessMask = {{1}}}};

    say("all: %s", status(ioctl_status(t->ctl, NV_ESC_RM_SHARE, &args, sizeof args,
                                       offsetof(NVOS57_PARAMETERS, status))));
    args.sharePolicy.type = 99;
    say("no such type: %s", status(ioctl_status(t->ctl, NV_ESC_RM_SHARE, &args, sizeof args,
                                                offsetof(NVOS57_PARAMETERS, status))));
}

/* Another process may not use objects that are not shared with it, although it has the handles. */
static void other_process(const Tree *t)
{
    NVOS57_PARAMETERS all = {
        .hClient = t->client, .hObject = H_SYSTEM, .sharePolicy = {.type = 1, .accessMask = {{1}}}};
    pid_t child;

    memory_new(t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE);
    child = fork();
    if (child == 0) {
        Tree own = tree();

        say("duplicate: %s",
            status(duplicate(own.ctl, own.client, H_DEVICE, H_OTHER, t->client, H_SYSTEM)));
        say("share: %s", status(ioctl_status(t->ctl, NV_ESC_RM_SHARE, &all, sizeof all,
                                             offsetof(NVOS57_PARAMETERS, status))));
        say("duplicate: %s",
            status(duplicate(own.ctl, own.client, H_DEVICE, H_OTHER, t->client, H_SYSTEM)));
        exit(0);
    }
    waitpid(child, NULL, 0);
    rm_free(t->ctl, t->client, H_SYSTEM);
}

int main(void)
{
    Tree t = tree(), other = tree();
    int stranger = node("nvidiactl");
    NvHandle client;

    section("allocate");
    allocate(&t);
    section("clients");
    say("second client: %s", status(rm_client(t.ctl, &client)));
    say("different: %s", client != t.client ? "yes" : "no");
    say("device of the first in the second: %s",
        status(rm_alloc(t.ctl, client, H_DEVICE, H_OTHER, NV20_SUBDEVICE_0, NULL)));
    say("another file frees it: %s", status(rm_free(stranger, client, client)));
    say("free: %s", status(rm_free(t.ctl, client, client)));
    say("free again: %s", status(rm_free(t.ctl, client, client)));
    section("share");
    share(&t);
    section("duplicate");
    duplicates(&t, &other);
    section("other-process");
    other_process(&t);
    section("free");
    free_cascades(&t);
    close(stranger);
    tree_close(&other);
    tree_close(&t);
    return 0;
}
