/* SPDX-License-Identifier: Apache-2.0 */
/* List the GPUs, as nvidia-smi does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define CARDS_MAX              32
#define FB_INFO_TOTAL_RAM_SIZE 8

static unsigned list_cards(int ctl, NvU32 ids[CARDS_MAX])
{
    nv_ioctl_card_info_t cards[CARDS_MAX] = {0};
    unsigned n = 0;

    if (ioctl(ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_CARD_INFO, cards), cards) != 0) {
        say("cards: %s", status(-errno));
        return 0;
    }
    for (unsigned i = 0; i < CARDS_MAX && cards[i].valid; i++) {
        say("card %u: id 0x%x minor %u device %04x:%04x bus %u, %llu MiB", i, cards[i].gpu_id,
            cards[i].minor_number, cards[i].pci_info.vendor_id, cards[i].pci_info.device_id,
            cards[i].pci_info.bus, (unsigned long long)(cards[i].fb_size >> 20));
        ids[n++] = cards[i].gpu_id;
    }
    return n;
}

static void show_gpu(int ctl, NvHandle client, NvU32 id)
{
    NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS info = {.gpuId = id};
    NV0000_CTRL_GPU_GET_PCI_INFO_PARAMS pci = {.gpuId = id};
    NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS uuid = {.gpuId = id};
    int64_t result =
        rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2, &info, sizeof info);

    say("gpu 0x%x: %s, instance %u.%u board 0x%x", id, status(result), info.deviceInstance,
        info.subDeviceInstance, info.boardId);
    result = rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci, sizeof pci);
    say("  pci: %s, %04x:%02x:%02x", status(result), pci.domain, pci.bus, pci.slot);
    result = rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID, &uuid,
                        sizeof uuid);
    say("  uuid: %s, %s, %u bytes", status(result), (const char *)uuid.gpuUuid, uuid.uuidStrLen);
}

static void show_subdevice(const Tree *t)
{
    NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS name = {0};
    Params fb = control_params(NV2080_CTRL_CMD_FB_GET_INFO_V2);
    NvU32 first[2] = {FB_INFO_TOTAL_RAM_SIZE, 0};
    int64_t result;

    result = rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_GPU_GET_NAME_STRING, &name,
                        sizeof name);
    say("name: %s, %s", status(result), (const char *)name.gpuNameString.ascii);
    params_put(&fb, "fbInfoListSize", 0, 1);
    memcpy(params_at(&fb, "fbInfoList"), first, sizeof first);
    result = rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_FB_GET_INFO_V2, fb.data,
                        fb.size);
    memcpy(first, params_at(&fb, "fbInfoList"), sizeof first);
    say("memory: %s, %u KiB", status(result), first[1]);
    params_free(&fb);
}

static void refusals(const Tree *t)
{
    NV0000_CTRL_GPU_GET_PCI_INFO_PARAMS pci = {.gpuId = 0x7777};
    Tree other = {.ctl = node("nvidiactl")};
    nv_ioctl_sys_params_t sys = {.memblock_size = 0x8000000};
    NvU32 ids[2] = {0x100, 0};

    say("sys params: %s", ioctl(t->ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_SYS_PARAMS, sys), &sys) == 0
                              ? "0"
                              : status(-errno));
    sys.memblock_size++;
    say("sys params, different: %s",
        ioctl(t->ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_SYS_PARAMS, sys), &sys) == 0 ? "0"
                                                                                : status(-errno));
    for (int i = 0; i < 2; i++) {
        say("attach: %s",
            ioctl(other.ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_ATTACH_GPUS_TO_FD, ids), ids) == 0
                ? "0"
                : status(-errno));
    }
    say("no such gpu: %s", status(rm_control(t->ctl, t->client, t->client,
                                             NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci, sizeof pci)));
    say("another file's client: %s",
        status(rm_control(other.ctl, t->client, t->client, NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci,
                          sizeof pci)));
    say("wrong size: %s", status(rm_control(t->ctl, t->client, t->client,
                                            NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci, 8)));
    say("wrong object: %s", status(rm_control(t->ctl, t->client, H_DEVICE,
                                              NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci, sizeof pci)));
    say("no such object: %s",
        status(rm_control(t->ctl, t->client, H_LAST, NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci,
                          sizeof pci)));
    close(other.ctl);
}

int main(void)
{
    NvU32 ids[CARDS_MAX];
    Tree t;
    unsigned n;

    section("cards");
    say("driver known: %s", driver_version()[0] ? "yes" : "no");
    t = tree();
    n = list_cards(t.ctl, ids);
    section("gpus");
    for (unsigned i = 0; i < n; i++) {
        show_gpu(t.ctl, t.client, ids[i]);
    }
    section("subdevice");
    show_subdevice(&t);
    section("refusals");
    refusals(&t);
    tree_close(&t);
    return 0;
}
