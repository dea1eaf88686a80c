/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List all GPUs in every way, and what the driver tells of one whose id, device instance, UUID and minor are on the command
 * line.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define IDS_MAX   32
#define CARDS_MAX 32

typedef struct {
    NvU32 id;
    NvU32 instance;
    NvU8 uuid[16];
    const char *minor;
} Named;

static int ctl;
static NvHandle client;

/* --- which there are -------------------------------------------------------------------------- */

static void list_cards(unsigned slots)
{
    nv_ioctl_card_info_t cards[CARDS_MAX];

    memset(cards, 0x55, sizeof cards);
    unsigned long command =
        _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, NV_ESC_CARD_INFO, slots * sizeof cards[0]);
    if (ioctl(ctl, command, cards) != 0) {
        say("cards in %u slots: %s", slots, status(-errno));
        return;
    }
    for (unsigned i = 0; i < slots; i++) {
        if (cards[i].valid || i == 0 || cards[i].gpu_id) {
            say("card %u of %u: valid %u id 0x%x minor %u bus %u", i, slots, cards[i].valid,
                cards[i].gpu_id, cards[i].minor_number, cards[i].pci_info.bus);
        }
    }
}

static void list_ids(const char *what, NvU32 command, const char *member)
{
    Params params = control_params(command);
    int64_t result = rm_control(ctl, client, client, command, params.data, params.size);

    say("%s: %s", what, status(result));
    for (unsigned i = 0; i < IDS_MAX; i++) {
        NvU64 id = params_get(&params, member, i);
        if (id != NV0000_CTRL_GPU_INVALID_ID) {
            say("  %u: 0x%llx", i, (unsigned long long)id);
        }
    }
    params_free(&params);
}

static void list_all(void)
{
    NV0000_CTRL_GPU_GET_DEVICE_IDS_PARAMS devices = {0};
    int64_t result;

    section("cards");
    list_cards(CARDS_MAX);
    list_cards(1);
    section("ids");
    list_ids("probed", NV0000_CTRL_CMD_GPU_GET_PROBED_IDS, "gpuIds");
    list_ids("excluded", NV0000_CTRL_CMD_GPU_GET_PROBED_IDS, "excludedGpuIds");
    list_ids("attached", NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS, "gpuIds");
    section("instances");
    result = rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_DEVICE_IDS, &devices,
                        sizeof devices);
    say("device ids: %s 0x%x", status(result), devices.deviceIds);
}

static void list_directory(const char *path, const char *prefix)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        if (name[0] != '.' && strncmp(name, prefix, strlen(prefix)) == 0) {
            say("%s/%s", path, name);
        }
    }
}

/* --- what is said of one ---------------------------------------------------------------------- */

/* Issue a control whose parameters begin with the id. */
static void ask(NvU32 command, const char *name, NvU32 id)
{
    Params params = control_params(command);
    int64_t result;

    params_put(&params, "gpuId", 0, id);
    result = rm_control(ctl, client, client, command, params.data, params.size);
    say("%s: %s, %s", name, status(result),
        params_get(&params, "gpuId", 0) == id ? "id kept" : "id changed");
    params_free(&params);
}

static void ask_list(NvU32 command, const char *name, const char *member, const char *count,
                     NvU32 id)
{
    Params params = control_params(command);
    int64_t result;

    memset(params_at(&params, member), 0xff, 8 * sizeof(NvU32));
    params_put(&params, member, 0, id);
    if (count) {
        params_put(&params, count, 0, 1);
    }
    result = rm_control(ctl, client, client, command, params.data, params.size);
    say("%s: %s, %s", name, status(result),
        params_get(&params, member, 0) == id ? "id kept" : "id changed");
    if (params_has(&params, "failedId")) {
        say("  failed id: %s", params_get(&params, "failedId", 0) == id ? "that" : "another");
    }
    params_free(&params);
}

static void ask_controls(NvU32 id)
{
    section("named-controls");
    ask(NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2, "id info", id);
    ask(NV0000_CTRL_CMD_GPU_GET_ID_INFO, "id info, older", id);
    ask(NV0000_CTRL_CMD_GPU_GET_PCI_INFO, "pci info", id);
    ask(NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID, "uuid", id);
    ask_list(NV0000_CTRL_CMD_GPU_ATTACH_IDS, "attach", "gpuIds", NULL, id);
    ask_list(NV0000_CTRL_CMD_GPU_DETACH_IDS, "detach", "gpuIds", NULL, id);
    ask_list(NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS, "p2p", "gpuIds", "gpuCount", id);
    ask_list(NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_V2, "p2p v2", "gpuIds", "gpuCount", id);
    ask_list(NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_MATRIX, "p2p matrix", "gpuIdGrpA", "grpACount",
             id);
}

static void ask_attach(NvU32 id)
{
    NvU32 ids[2] = {id, 0};
    int result = ioctl(ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_ATTACH_GPUS_TO_FD, ids), ids);

    section("named-attach");
    say("attach to the file: %s, %s", result ? status(-errno) : "0",
        ids[0] == id ? "id kept" : "id changed");
}

static void ask_device(NvU32 instance)
{
    NV0080_ALLOC_PARAMETERS device = {.deviceId = instance};
    int64_t result = rm_alloc(ctl, client, client, H_DEVICE, NV01_DEVICE_0, &device);

    section("named-device");
    say("device: %s, %s", status(result),
        device.deviceId == instance ? "instance kept" : "instance changed");
}

static void ask_uvm_call(int uvm, NvU32 number, const char *name, const Named *named,
                         const char *member, const char *second)
{
    Params params = uvm_params(number);
    int64_t result;

    memcpy(params_at(&params, member), named->uuid, sizeof named->uuid);
    if (second) {
        memcpy(params_at(&params, second), named->uuid, sizeof named->uuid);
    }
    if (params_has(&params, "rmCtrlFd")) {
        params_put(&params, "rmCtrlFd", 0, (NvU32)-1);
    }
    result = uvm_call(uvm, number, &params);
    say("%s: %s, %s", name, status(result),
        memcmp(params_at(&params, member), named->uuid, sizeof named->uuid) == 0 ? "uuid kept"
                                                                                 : "uuid changed");
    params_free(&params);
}

static void ask_uvm(const Named *named)
{
    int uvm = node("nvidia-uvm");
    Params initialize = uvm_params(UVM_INITIALIZE);

    section("named-uvm");
    say("initialize: %s", status(uvm_call(uvm, UVM_INITIALIZE, &initialize)));
    ask_uvm_call(uvm, UVM_REGISTER_GPU, "register", named, "gpu_uuid", NULL);
    ask_uvm_call(uvm, UVM_PAGEABLE_MEM_ACCESS_ON_GPU, "pageable", named, "gpu_uuid", NULL);
    ask_uvm_call(uvm, UVM_ENABLE_PEER_ACCESS, "peers", named, "gpuUuidA", "gpuUuidB");
    ask_uvm_call(uvm, UVM_UNREGISTER_GPU, "unregister", named, "gpu_uuid", NULL);
    params_free(&initialize);
    close(uvm);
}

static void ask_node(const char *minor)
{
    char path[64];
    int fd;

    (void)snprintf(path, sizeof path, "/dev/nvidia%s", minor);
    fd = open(path, O_RDWR | O_CLOEXEC);
    section("named-node");
    say("node: %s", fd >= 0 ? "0" : status(-errno));
}

static void parse_uuid(const char *text, NvU8 uuid[16])
{
    for (size_t i = 0; i < 16; i++) {
        const char digits[] = {text[2 * i], text[2 * i + 1], '\0'};
        uuid[i] = (NvU8)strtoul(digits, NULL, 16);
    }
}

int main(int argc, char **argv)
{
    Named named;

    if (argc != 5 || strlen(argv[3]) != 32) {
        (void)fprintf(stderr, "usage: gpu-scope ID INSTANCE UUID MINOR\n");
        return 2;
    }
    named = (Named){.id = (NvU32)strtoul(argv[1], NULL, 0),
                    .instance = (NvU32)strtoul(argv[2], NULL, 0),
                    .minor = argv[4]};
    parse_uuid(argv[3], named.uuid);
    ctl = node("nvidiactl");
    if (!driver_version()[0] || rm_client(ctl, &client) != 0) {
        say("no client");
        return 1;
    }
    list_all();
    section("files");
    list_directory("/proc/driver/nvidia/gpus", "");
    ask_controls(named.id);
    ask_device(named.instance);
    ask_attach(named.id);
    ask_uvm(&named);
    ask_node(named.minor);
    return 0;
}
