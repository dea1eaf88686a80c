/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are tied to each other, and which descriptors the driver accepts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/guest/rm.h"

static const char *call(int fd, unsigned nr, void *argument, size_t size)
{
    return ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, nr, size), argument) == 0
               ? "0"
               : status(-errno);
}

static const char *tie(int fd, int ctl)
{
    nv_ioctl_register_fd_t args = {.ctl_fd = ctl};

    return call(fd, NV_ESC_REGISTER_FD, &args, sizeof args);
}

static void register_files(void)
{
    int ctl = node("nvidiactl"), other = node("nvidiactl"), gpu = node("nvidia0"),
        second = node("nvidia0");

    say("gpu to gpu: %s", tie(gpu, second));
    say("to itself: %s", tie(ctl, ctl));
    say("to standard input: %s", tie(gpu, 0));
    say("to nothing: %s", tie(gpu, 999));
    say("gpu to control: %s", tie(gpu, ctl));
    say("again: %s", tie(gpu, other));
    say("control to control: %s", tie(other, ctl));
    say("gpu to a control that is tied itself: %s", tie(second, other));
    close(second);
    close(gpu);
    close(other);
    close(ctl);
}

/* A file that is tied to a control file may use its clients, and keeps them alive. */
static void tied_clients(void)
{
    int ctl = node("nvidiactl"), second = node("nvidiactl");
    NV0000_CTRL_GPU_GET_PCI_INFO_PARAMS pci = {.gpuId = 0x100};
    NvHandle client;

    say("client: %s", status(rm_client(ctl, &client)));
    say("from the other, not tied: %s",
        status(rm_control(second, client, client, NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci,
                          sizeof pci)));
    say("tie: %s", tie(second, ctl));
    say("from the other: %s",
        status(rm_control(second, client, client, NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci,
                          sizeof pci)));
    close(ctl);
    say("after close: %s", status(rm_control(second, client, client,
                                             NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci, sizeof pci)));
    close(second);
}

static void check_version(int ctl, const char *name, NvU32 command, const char *version)
{
    nv_ioctl_rm_api_version_t args = {.cmd = command};
    const char *result;

    g_strlcpy(args.versionString, version, sizeof args.versionString);
    result = call(ctl, NV_ESC_CHECK_VERSION_STR, &args, sizeof args);
    say("%s: %s, reply %u, %s", name, result, args.reply,
        strcmp(args.versionString, driver_version()) == 0 ? "the driver's" : "another");
}

static void versions(int ctl, int gpu)
{
    nv_ioctl_rm_api_version_t args = {.cmd = NV_RM_API_VERSION_CMD_QUERY};

    check_version(ctl, "strict", NV_RM_API_VERSION_CMD_STRICT, driver_version());
    check_version(ctl, "query", NV_RM_API_VERSION_CMD_QUERY, "");
    say("on a gpu: %s", call(gpu, NV_ESC_CHECK_VERSION_STR, &args, sizeof args));
    say("too long: %s", call(ctl, NV_ESC_CHECK_VERSION_STR, &args, sizeof args + 1));
    say("unknown number: %s", call(ctl, 0x7f, &args, sizeof args));
}

/* The driver writes its answer back although the system call fails. */
static void other_versions(int ctl)
{
    check_version(ctl, "strict, different", NV_RM_API_VERSION_CMD_STRICT, "1.2.3");
    check_version(ctl, "relaxed, different", NV_RM_API_VERSION_CMD_RELAXED, "1.2.3");
}

/* A GPU's node may not be tied to its own descriptor, nor the other way round. */
static void descriptors(const Tree *t)
{
    int free_gpu = node("nvidia0"), other_gpu = node("nvidia1");
    NV00FD_CTRL_ATTACH_GPU_PARAMS attach = {.hSubdevice = H_SUBDEVICE};
    Params multicast = class_params(NV_MEMORY_MULTICAST_FABRIC);
    const int descriptors[] = {other_gpu, t->gpu, free_gpu};
    static const char *const names[] = {"another gpu", "a tied file", "a free file"};

    say("multicast: %s", status(rm_alloc(t->ctl, t->client, t->client, H_OTHER,
                                         NV_MEMORY_MULTICAST_FABRIC, multicast.data)));
    for (size_t i = 0; i < G_N_ELEMENTS(descriptors); i++) {
        attach.devDescriptor = (NvU64)descriptors[i];
        say("%s: %s", names[i],
            status(rm_control(t->ctl, t->client, H_OTHER, NV00FD_CTRL_CMD_ATTACH_GPU, &attach,
                              sizeof attach)));
    }
    say("tie it now: %s", tie(free_gpu, t->ctl));
    params_free(&multicast);
    close(free_gpu);
    close(other_gpu);
}

int main(void)
{
    Tree t = tree();

    section("register");
    register_files();
    section("tied-clients");
    tied_clients();
    section("versions");
    versions(t.ctl, t.gpu);
    section("versions-refused");
    other_versions(t.ctl);
    section("descriptors");
    descriptors(&t);
    tree_close(&t);
    return 0;
}
