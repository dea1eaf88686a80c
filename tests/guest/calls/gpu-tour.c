/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demonstration's program (./dev demo): use a GPU of the model driver as a CUDA program uses a real one, and tell in
 * sentences what happened. It finds the GPU, allocates memory on both sides, maps it, lets the GPU copy, and waits for an event.
 * The model's GPU copies and fires events; it runs no kernels. Exit status: 0 if every step had the result that it should have.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define SIZE         4096UL
#define NUMBERS      (SIZE / sizeof(NvU32))
#define CARDS_MAX    32
#define NOTIFIER     35 /* NV2080_NOTIFIERS_*: any will do */
#define WITHOUT_DATA 0x10000000
#define REPEAT       2
#define FIRED_MS     10000

static bool failed;

/** step: print a step and whether it succeeded; a failure decides the exit status. */
static void step(const char *what, bool good, const char *result)
{
    say("%-46s %s", what, result);
    failed = failed || !good;
}

/** step_status: the same, for a step whose result is a status. */
static void step_status(const char *what, int64_t result)
{
    step(what, result == 0, status(result));
}

/** list: print the GPUs that the driver lists. */
static void list(int ctl)
{
    nv_ioctl_card_info_t cards[CARDS_MAX] = {0};

    if (ioctl(ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_CARD_INFO, cards), cards) != 0) {
        step("list the GPUs", false, status(-errno));
        return;
    }
    for (unsigned i = 0; i < CARDS_MAX && cards[i].valid; i++) {
        say("GPU %u: PCI bus %u, %llu MiB", i, cards[i].pci_info.bus,
            (unsigned long long)(cards[i].fb_size >> 20));
    }
    step("list the GPUs", cards[0].valid, cards[0].valid ? "NV_OK" : "none");
}

/** map: map the memory object @memory by a new file of @device. Returns: the mapping, or NULL. */
static NvU32 *map(const Tree *t, NvHandle memory, const char *device, const char *what)
{
    int fd = node(device);
    int64_t result = rm_map(t->ctl, t->client, memory, 0, SIZE, fd, NULL);
    void *mapped = MAP_FAILED;

    if (result == 0) {
        mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        result = mapped == MAP_FAILED ? -errno : 0;
    }
    step_status(what, result);
    close(fd);
    return mapped == MAP_FAILED ? NULL : mapped;
}

/** copy: let the GPU copy all of @from to @to, as much at once as the model can. Returns: the first status that is an error. */
static int64_t copy(const Tree *t, NvHandle from, NvHandle to)
{
    MODEL_CTRL_MEMORY_PARAMS params = {.length = MODEL_COPY_MAX};
    int64_t result = 0;

    for (params.offset = 0; params.offset < SIZE && result == 0; params.offset += MODEL_COPY_MAX) {
        params.hMemory = from;
        result = rm_control(t->ctl, t->client, H_BINAPI, MODEL_CTRL_CMD_READ_MEMORY, &params,
                            sizeof params);
        params.hMemory = to;
        if (result == 0) {
            result = rm_control(t->ctl, t->client, H_BINAPI, MODEL_CTRL_CMD_WRITE_MEMORY, &params,
                                sizeof params);
        }
    }
    return result;
}

/** memory: write squares into system memory, have the GPU copy them, and read them in the GPU's memory. */
static void memory(const Tree *t)
{
    NvU32 *source, *target;
    bool same;

    step_status("allocate 4 KiB of system memory for the GPU",
                memory_new(t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE));
    step_status("allocate 4 KiB of the GPU's memory",
                memory_new(t, H_VIDEO, NV01_MEMORY_LOCAL_USER, SIZE));
    source = map(t, H_SYSTEM, "nvidiactl", "map the system memory");
    target = map(t, H_VIDEO, "nvidia0", "map the GPU's memory");
    if (!source || !target) {
        return;
    }
    for (NvU32 i = 0; i < NUMBERS; i++) {
        source[i] = i * i;
    }
    step_status("have the GPU copy 1024 numbers to its memory", copy(t, H_SYSTEM, H_VIDEO));
    same = memcmp(source, target, SIZE) == 0;
    step("read them through the GPU memory's mapping", same, same ? "all as written" : "DIFFERENT");
    munmap(source, SIZE);
    munmap(target, SIZE);
    step_status("free the system memory", rm_free(t->ctl, t->client, H_SYSTEM));
    step_status("free the GPU's memory", rm_free(t->ctl, t->client, H_VIDEO));
}

/** event: have the GPU fire an event, and wait for it with poll(). */
static void event(const Tree *t)
{
    int fd = node("nvidia0");
    nv_ioctl_alloc_os_event_t os_event = {.hClient = t->client, .fd = (NvU32)fd};
    NV0005_ALLOC_PARAMETERS params = {.hParentClient = t->client,
                                      .hSrcResource = H_SUBDEVICE,
                                      .hClass = NV01_EVENT_OS_EVENT,
                                      .notifyIndex = NOTIFIER | WITHOUT_DATA,
                                      .data = (NvU64)fd};
    NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS wanted = {.event = NOTIFIER, .action = REPEAT};
    MODEL_CTRL_FIRE_EVENT_PARAMS fire = {.notifyIndex = NOTIFIER};
    struct pollfd wait = {.fd = fd, .events = POLLIN | POLLPRI};
    int64_t result = ioctl_status(fd, NV_ESC_ALLOC_OS_EVENT, &os_event, sizeof os_event,
                                  offsetof(nv_ioctl_alloc_os_event_t, Status));
    bool ready;

    if (result == 0) {
        result = rm_alloc(t->ctl, t->client, H_SUBDEVICE, H_OTHER, NV01_EVENT_OS_EVENT, &params);
    }
    if (result == 0) {
        result = rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION,
                            &wanted, sizeof wanted);
    }
    step_status("ask for an event of the GPU", result);
    step_status("have the GPU fire it", rm_control(t->ctl, t->client, H_BINAPI,
                                                   MODEL_CTRL_CMD_FIRE_EVENT, &fire, sizeof fire));
    ready = poll(&wait, 1, FIRED_MS) == 1;
    step("wait for it with poll()", ready, ready ? "ready" : "DID NOT COME");
    close(fd);
}

int main(void)
{
    Tree t = tree();

    list(t.ctl);
    memory(&t);
    event(&t);
    tree_close(&t);
    return failed;
}
