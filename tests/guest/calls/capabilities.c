/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes of capabilities: what an open file of one can do, and which capability it stands for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define CAPS     "/dev/nvidia-caps/"
#define CHANNELS "/dev/nvidia-caps-imex-channels/"
#define PROC     "/proc/driver/nvidia/capabilities/"

static const char *result_of(long result)
{
    return result >= 0 ? "0" : status(-errno);
}

/* Open a node, and try everything that a device allows. */
static void try_node(const char *path, int flags)
{
    struct stat st;
    char byte;
    int fd = open(path, flags | O_CLOEXEC);

    say("%s for %s: %s", path, flags == O_RDONLY ? "reading" : "reading and writing",
        result_of(fd));
    if (fd < 0) {
        return;
    }
    if (stat(path, &st) == 0) {
        say("  character device: %s, minor %u", S_ISCHR(st.st_mode) ? "yes" : "no",
            minor(st.st_rdev));
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN | POLLOUT};
    int ready = poll(&wait, 1, 0);
    say("  poll: %d, 0x%x", ready, (unsigned)wait.revents);
    say("  ioctl: %s", result_of(ioctl(fd, 0xc0084600, &byte)));
    say("  read: %s", result_of(read(fd, &byte, 1)));
    say("  mmap: %s",
        mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? status(-errno) : "0");
    say("  close: %s", result_of(close(fd)));
}

/* The minor that the driver's file of a capability names. */
static void say_minor(const char *name)
{
    g_autofree char *path = g_strconcat(PROC, name, NULL);
    g_autofree char *text = NULL;
    const char *key = "DeviceFileMinor:";
    bool there = g_file_get_contents(path, &text, NULL, NULL) && g_str_has_prefix(text, key);

    say("%s: %s, minor %u", name, there ? "there" : "not there",
        there ? (unsigned)g_ascii_strtoull(text + strlen(key), NULL, 10) : 0);
}

static int64_t imex_session(const Tree *t, int capability, int event)
{
    Params params = class_params(NV_IMEX_SESSION);
    int64_t result;

    if (!params.data) {
        return NV_ERR_INVALID_CLASS; /* this version does not have the class */
    }
    params_put(&params, "capDescriptor", 0, (NvU64)capability);
    params_put(&params, "pOsEvent", 0, (NvU64)event);
    result = rm_alloc(t->ctl, t->client, t->client, H_VIDEO, NV_IMEX_SESSION, params.data);
    params_free(&params);
    return result;
}

static void imex_sessions(const Tree *t)
{
    int capability = open(CAPS "nvidia-cap3", O_RDONLY | O_CLOEXEC);
    int other = open(CAPS "nvidia-cap1", O_RDONLY | O_CLOEXEC);
    int channel = node("nvidia-caps-imex-channels/channel0");
    nv_ioctl_alloc_os_event_t event = {.hClient = t->client, .fd = (NvU32)t->gpu};

    say("event: %s", status(ioctl_status(t->gpu, NV_ESC_ALLOC_OS_EVENT, &event, sizeof event,
                                         offsetof(nv_ioctl_alloc_os_event_t, Status))));
    say("another capability: %s", status(imex_session(t, other, t->gpu)));
    say("a channel: %s", status(imex_session(t, channel, t->gpu)));
    say("no event: %s", status(imex_session(t, capability, t->ctl)));
    say("right: %s", status(imex_session(t, capability, t->gpu)));
    say("second: %s", status(imex_session(t, capability, t->gpu)));
    close(channel);
    close(other);
    close(capability);
}

int main(void)
{
    Tree t = tree();

    section("nodes");
    try_node(CAPS "nvidia-cap1", O_RDONLY);
    try_node(CAPS "nvidia-cap2", O_RDONLY);
    try_node(CAPS "nvidia-cap3", O_RDONLY);
    try_node(CHANNELS "channel0", O_RDWR);
    try_node(CHANNELS "channel0", O_RDONLY);
    try_node(CHANNELS "channel7", O_RDWR);
    section("proc");
    say_minor("mig/config");
    say_minor("mig/monitor");
    say_minor("fabric-imex-mgmt");
    section("imex-session");
    imex_sessions(&t);
    tree_close(&t);
    return 0;
}
