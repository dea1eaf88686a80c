/* SPDX-License-Identifier: Apache-2.0 */
/* A hand: what it starts with, and what it can do. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/thief/thief.h"

#define HANDLES 0x5e000000U

unsigned chance(Hand *hand, unsigned n)
{
    hand->random = hand->random * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(hand->random >> 33) % n;
}

NvHandle device_of(unsigned gpu)
{
    return 0x5c100000U + gpu;
}

NvHandle subdevice_of(unsigned gpu)
{
    return 0x5c100010U + gpu;
}

NvHandle space_of(unsigned gpu)
{
    return 0x5c100020U + gpu;
}

unsigned gpu_of(NvHandle memory)
{
    return memory & 1;
}

NvHandle new_handle(Hand *hand, unsigned gpu)
{
    hand->last += 2;
    return HANDLES + hand->last + gpu;
}

Held *any_object(Hand *hand)
{
    Held *held = &hand->objects[chance(hand, OBJECTS)];

    return held->handle ? held : NULL;
}

int64_t hold(Hand *hand, int64_t result, const Held *held)
{
    Held *place = &hand->objects[chance(hand, OBJECTS)];

    if (result != 0) {
        return result;
    }
    if (place->handle) {
        rm_free(hand->ctl, hand->client, place->handle);
    }
    *place = *held;
    hand->shared->published[chance(hand, PUBLISHED)] = (uint64_t)hand->client << 32 | held->handle;
    return 0;
}

/* --- clients */

static void open_gpu(Hand *hand, unsigned gpu)
{
    nv_ioctl_register_fd_t tie = {.ctl_fd = hand->ctl};
    NV0080_ALLOC_PARAMETERS device = {.deviceId = gpu};
    NV2080_ALLOC_PARAMETERS subdevice = {.subDeviceId = 0};
    Params space = class_params(FERMI_VASPACE_A);

    hand->gpu[gpu] = open(gpu ? "/dev/nvidia1" : "/dev/nvidia0", O_RDWR | O_CLOEXEC);
    ioctl(hand->gpu[gpu], _IOWR(NV_IOCTL_MAGIC, NV_ESC_REGISTER_FD, tie), &tie);
    rm_alloc(hand->ctl, hand->client, hand->client, device_of(gpu), NV01_DEVICE_0, &device);
    rm_alloc(hand->ctl, hand->client, device_of(gpu), subdevice_of(gpu), NV20_SUBDEVICE_0,
             &subdevice);
    rm_alloc(hand->ctl, hand->client, device_of(gpu), space_of(gpu), FERMI_VASPACE_A, space.data);
    params_free(&space);
}

/* Let every client duplicate this one's objects. */
static void share(Hand *hand)
{
    NVOS57_PARAMETERS args = {
        .hClient = hand->client,
        .hObject = hand->client,
        .sharePolicy = {.type = RS_SHARE_TYPE_ALL, .accessMask = {{1U << RS_ACCESS_DUP_OBJECT}}}};

    ioctl_status(hand->ctl, NV_ESC_RM_SHARE, &args, sizeof args,
                 offsetof(NVOS57_PARAMETERS, status));
}

static void open_client(Hand *hand)
{
    hand->ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    rm_client(hand->ctl, &hand->client);
    for (unsigned gpu = 0; gpu < GPUS; gpu++) {
        open_gpu(hand, gpu);
    }
    share(hand);
}

static void close_client(Hand *hand)
{
    for (unsigned gpu = 0; gpu < GPUS; gpu++) {
        close(hand->gpu[gpu]);
    }
    close(hand->ctl);
    memset(hand->objects, 0, sizeof hand->objects);
}

void hand_init(Hand *hand, Shared *shared, uint64_t seed)
{
    *hand = (Hand){.shared = shared, .random = seed * 0x9e3779b97f4a7c15U, .uvm = -1};
    for (unsigned i = 0; i < FILES; i++) {
        hand->files[i].fd = -1;
    }
    for (unsigned i = 0; i < BUFFERS; i++) {
        hand->buffers[i] = -1;
    }
}

void hand_open(Hand *hand)
{
    open_client(hand);
    uvm_open(hand);
}

void hand_close(Hand *hand)
{
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (hand->mapped[i].address) {
            munmap(hand->mapped[i].address, hand->mapped[i].size);
        }
    }
    for (unsigned i = 0; i < FILES; i++) {
        if (hand->files[i].fd >= 0) {
            close(hand->files[i].fd);
        }
    }
    for (unsigned i = 0; i < BUFFERS; i++) {
        if (hand->buffers[i] >= 0) {
            close(hand->buffers[i]);
        }
    }
    close(hand->uvm);
    close_client(hand);
    hand_init(hand, hand->shared, hand->random);
}

/* --- acts upon everything */

/* Start with a new client. What the old one's memory was exported or mapped to still holds it. */
static int64_t act_restart(Hand *hand)
{
    if (chance(hand, 2)) {
        rm_free(hand->ctl, hand->client, hand->client);
    }
    close_client(hand);
    open_client(hand);
    return 0;
}

/* Free a device, with everything below it. */
static int64_t act_free_device(Hand *hand)
{
    const unsigned gpu = chance(hand, GPUS);

    rm_free(hand->ctl, hand->client, device_of(gpu));
    close(hand->gpu[gpu]);
    open_gpu(hand, gpu);
    for (unsigned i = 0; i < OBJECTS; i++) {
        if (gpu_of(hand->objects[i].handle) == gpu) {
            hand->objects[i].handle = 0;
        }
    }
    return 0;
}

/* A child has the same files for a moment. */
static int64_t act_fork(Hand *hand)
{
    const unsigned moment = chance(hand, 2000);
    const pid_t child = fork();

    if (child == 0) {
        usleep(moment);
        _exit(0);
    }
    return child < 0 ? -1 : waitpid(child, NULL, 0) == child ? 0 : -1;
}

static const ActKind kinds[] = {
    {"video", act_video, 20, true},
    {"system", act_system, 10, true},
    {"heap", act_heap, 10, true},
    {"old", act_old, 6, true},
    {"duplicate", act_duplicate, 14, true},
    {"free", act_free, 30, true},
    {"fabric", act_fabric, 4, true},
    {"surface", act_surface, 4, true},
    {"map", act_map, 8, true},
    {"unmap", act_unmap, 8, true},
    {"export", act_export, 6, true},
    {"export many", act_export_many, 8, true},
    {"import", act_import, 10, true},
    {"import many", act_import_many, 6, true},
    {"close", act_close, 8, true},
    {"dma-buf", act_buffer, 5, true},
    {"close dma-buf", act_close_buffer, 6, true},
    {"external", act_external, 16, true},
    {"unmap external", act_unmap_external, 10, true},
    {"free range", act_free_range, 5, true},
    {"unregister", act_unregister, 3, true},
    {"peers", act_peers, 2, true},
    {"reopen uvm", act_reopen_uvm, 2, true},
    {"restart", act_restart, 1, true},
    {"free device", act_free_device, 1, true},
    {"fork", act_fork, 1, true},
};

void hand_act(Hand *hand)
{
    unsigned all = 0, which;
    size_t i = 0;

    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        all += kinds[k].weight;
    }
    for (which = chance(hand, all); which >= kinds[i].weight; i++) {
        which -= kinds[i].weight;
    }
    const int64_t result = kinds[i].act(hand);
    if (hand->shared->trace) {
        say("%s: %s", kinds[i].name, result == NOTHING ? "nothing" : status(result));
    }
    if (result == 0) {
        atomic_fetch_add(&hand->shared->done[i], 1);
    } else if (result == NV_ERR_NO_MEMORY) {
        atomic_fetch_add(&hand->shared->out_of_memory, 1);
    }
}

void report(const Shared *shared)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        say("%s: %u%s", kinds[i].name, shared->done[i],
            shared->done[i] == 0 && kinds[i].must_succeed ? ", never done" : "");
    }
    say("out of memory: %u%s", shared->out_of_memory, shared->out_of_memory ? "" : ", never");
}
