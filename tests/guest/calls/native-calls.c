/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the driver that nvcuse does not support, so that they are only made natively: the long form of an ioctl, and event
 * data.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define NV_ESC_IOCTL_XFER_CMD    0xd3
#define NV_ESC_RM_GET_EVENT_DATA 0x52
#define NOTIFIER                 35
#define REPEAT                   2

/* Names for the numbers above. */
typedef struct {
    NvU32 cmd;
    NvU32 size;
    NvP64 ptr;
} nv_ioctl_xfer_t;

typedef struct {
    NvHandle hObject;
    NvV32 NotifyIndex;
    NvV32 info32;
    NvU16 info16;
} NvUnixEvent;

typedef struct {
    NvP64 pEvent;
    NvV32 MoreEvents;
    NvV32 status;
} NVOS41_PARAMETERS;

static void long_form(int ctl)
{
    nv_ioctl_rm_api_version_t check = {.cmd = NV_RM_API_VERSION_CMD_QUERY};
    nv_ioctl_xfer_t xfer = {NV_ESC_CHECK_VERSION_STR, sizeof check, (uintptr_t)&check};
    const unsigned long number = _IOWR(NV_IOCTL_MAGIC, NV_ESC_IOCTL_XFER_CMD, xfer);

    say("query: %s", ioctl(ctl, number, &xfer) == 0 ? "0" : status(-errno));
    say("answered: %s", check.reply == 1 ? "yes" : "no");
    xfer.size = 16385;
    say("too long: %s", ioctl(ctl, number, &xfer) == 0 ? "0" : status(-errno));
    xfer = (nv_ioctl_xfer_t){NV_ESC_IOCTL_XFER_CMD, sizeof xfer, (uintptr_t)&xfer};
    say("nested: %s", ioctl(ctl, number, &xfer) == 0 ? "0" : status(-errno));
}

static void read_event(int fd)
{
    NvUnixEvent event = {0};
    NVOS41_PARAMETERS args = {.pEvent = (uintptr_t)&event};
    int64_t result = ioctl_status(fd, NV_ESC_RM_GET_EVENT_DATA, &args, sizeof args,
                                  offsetof(NVOS41_PARAMETERS, status));

    say("read: %s, index %u, info %u %u, more %u", status(result), event.NotifyIndex, event.info32,
        event.info16, args.MoreEvents);
}

static void event_data(const Tree *t)
{
    nv_ioctl_alloc_os_event_t os_event = {.hClient = t->client, .fd = (NvU32)t->gpu};
    NV0005_ALLOC_PARAMETERS event = {.hParentClient = t->client,
                                     .hSrcResource = H_SUBDEVICE,
                                     .hClass = NV01_EVENT_OS_EVENT,
                                     .notifyIndex = NOTIFIER,
                                     .data = (NvU64)t->gpu};
    NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS enable = {.event = NOTIFIER, .action = REPEAT};
    MODEL_CTRL_FIRE_EVENT_PARAMS fire = {.notifyIndex = NOTIFIER, .info16 = 3};
    struct pollfd wait = {.fd = t->gpu, .events = POLLIN};

    ioctl_status(t->gpu, NV_ESC_ALLOC_OS_EVENT, &os_event, sizeof os_event,
                 offsetof(nv_ioctl_alloc_os_event_t, Status));
    /* The old class, for which the driver takes the class in the parameters. */
    say("event: %s", status(rm_alloc(t->gpu, t->client, H_SUBDEVICE, H_OTHER, NV01_EVENT, &event)));
    rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION, &enable,
               sizeof enable);
    for (fire.info32 = 1; fire.info32 <= 2; fire.info32++) {
        rm_control(t->ctl, t->client, H_BINAPI, MODEL_CTRL_CMD_FIRE_EVENT, &fire, sizeof fire);
    }
    /* Data stays until it is read; poll() does not consume it. */
    say("poll: %d", poll(&wait, 1, 0));
    say("poll: %d", poll(&wait, 1, 0));
    read_event(t->gpu);
    read_event(t->gpu);
    read_event(t->gpu);
    say("poll: %d", poll(&wait, 1, 0));
}

int main(void)
{
    Tree t = tree();

    section("long-form");
    long_form(t.ctl);
    section("event-data");
    event_data(&t);
    tree_close(&t);
    return 0;
}
