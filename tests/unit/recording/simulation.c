/* SPDX-License-Identifier: Apache-2.0 */
/* A Host that answers from a recording, for a program that does not repeat exactly what was recorded. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/recording/simulation/simulation.h"
#include "tests/unit/support/recording.h"

enum {
    PARAMS = GUEST_BASE + 0x1000,
    FIRST_CLIENT = 0xc1d00001,
    BOARD_OF = 0x1000, /* the recorded driver adds this to a GPU's id */
    MINOR = 3,
};

/* The recorded driver: it chooses clients, names boards, and counts how often it is asked for GPUs. */
static int answer(Fake *fake, uint32_t command, void *argument)
{
    static unsigned n_asked;

    (void)fake;
    if (_IOC_NR(command) == NV_ESC_RM_ALLOC) {
        NVOS64_PARAMETERS *alloc = argument;
        alloc->hObjectNew = alloc->hObjectNew ? alloc->hObjectNew : FIRST_CLIENT;
    } else if (_IOC_NR(command) == NV_ESC_CARD_INFO) {
        nv_ioctl_card_info_t *card = argument;
        card->valid = true;
        card->minor_number = MINOR;
        n_asked = 0;
    } else if (_IOC_NR(command) == NV_ESC_RM_CONTROL) {
        NVOS54_PARAMETERS *control = argument;
        if (control->cmd == NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2) {
            NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS *info = (void *)(uintptr_t)control->params;
            info->boardId = info->gpuId + BOARD_OF;
        } else {
            NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS *ids = (void *)(uintptr_t)control->params;
            ids->gpuIds[0] = ++n_asked;
        }
    }
    return 0;
}

/* A program's calls, at the recorder and at the simulation. */
static NvHandle new_client(Fake *fake, NvFile *file)
{
    NVOS64_PARAMETERS alloc = {.hClass = NV01_ROOT_CLIENT};

    cr_assert_eq(fake_frontend(fake, file, NV_ESC_RM_ALLOC, &alloc, sizeof alloc), 0);
    cr_assert_eq(alloc.status, NV_OK);
    return alloc.hObjectNew;
}

static NvU32 control(Fake *fake, NvFile *file, NvHandle client, NvU32 command, void *params,
                     size_t size)
{
    NVOS54_PARAMETERS call = {.hClient = client,
                              .hObject = client,
                              .cmd = command,
                              .params = PARAMS,
                              .paramsSize = (NvU32)size};

    memcpy(fake_at(fake, PARAMS), params, size);
    cr_assert_eq(fake_frontend(fake, file, NV_ESC_RM_CONTROL, &call, sizeof call), 0);
    memcpy(params, fake_at(fake, PARAMS), size);
    return call.status;
}

/* The board of a GPU. Returns: 0 if the driver does not have this call. */
static NvU32 board(Fake *fake, NvFile *file, NvHandle client, NvU32 gpu)
{
    NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS info = {.gpuId = gpu};
    NvU32 status =
        control(fake, file, client, NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2, &info, sizeof info);

    cr_assert(status == NV_OK || status == NV_ERR_NOT_SUPPORTED);
    return status == NV_OK ? info.boardId : 0;
}

static NvU32 asked(Fake *fake, NvFile *file, NvHandle client)
{
    NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS ids = {0};

    cr_assert_eq(control(fake, file, client, NV0000_CTRL_CMD_GPU_GET_PROBED_IDS, &ids, sizeof ids),
                 NV_OK);
    return ids.gpuIds[0];
}

/* A fake whose host is the simulation. No call may reach the host behind it. */
typedef struct {
    Simulation *simulation;
    Fake *fake;
    NvFile *file;
    NvHandle client;
} Live;

static int no_driver(Fake *fake, uint32_t command, void *argument)
{
    (void)fake;
    (void)argument;
    cr_assert_fail("ioctl 0x%x reached a driver", command);
    return 0;
}

/* The recording: GPUs 1 and 2 have boards, GPUs were asked for three times, and once more through another file. */
static Live simulate(void)
{
    Recording r = recording_new(RECORDING_LIMIT, answer);
    NvFile *file = fake_open(r.fake, FAKE_CTL, 3);
    nv_ioctl_card_info_t card = {0};
    g_autoptr(GError) error = NULL;
    Live live;

    cr_assert_eq(fake_frontend(r.fake, file, NV_ESC_CARD_INFO, &card, sizeof card), 0);
    NvHandle client = new_client(r.fake, file);
    cr_assert_eq(board(r.fake, file, client, 1), 1 + BOARD_OF);
    cr_assert_eq(board(r.fake, file, client, 2), 2 + BOARD_OF);
    for (NvU32 i = 1; i <= 3; i++) {
        cr_assert_eq(asked(r.fake, file, client), i);
    }
    cr_assert_eq(asked(r.fake, fake_open(r.fake, FAKE_CTL, 4), client), 4);
    g_autofree char *path = recording_finish(&r);
    live.simulation = simulation_new(path, &error);
    cr_assert_not_null(live.simulation, "%s", error ? error->message : "");
    recording_clear(&r);

    live.fake = fake_new(RECORDING_DRIVER, simulation_session(live.simulation)->caps);
    live.fake->answer = no_driver;
    live.fake->proxy.host = simulation_host(live.simulation, &live.fake->host);
    live.fake->proxy.tap = simulation_tap(live.simulation);
    live.file = fake_open(live.fake, FAKE_CTL, 3);
    live.client = new_client(live.fake, live.file);
    return live;
}

static void finish(Live *live)
{
    fake_free(live->fake);
    simulation_free(live->simulation);
}

Test(simulation, it_is_as_the_recorded_instance_was)
{
    Live live = simulate();
    const GArray *cards = simulation_cards(live.simulation);

    cr_assert_str_eq(simulation_session(live.simulation)->driver, RECORDING_DRIVER);
    cr_assert_eq(cards->len, 1);
    cr_assert_eq(g_array_index(cards, nv_ioctl_card_info_t, 0).minor_number, MINOR);
    cr_assert_eq(live.client, FIRST_CLIENT);
    finish(&live);
}

enum { CARDS = 2 };

/* A driver that lists as many of its cards as there is room for, but fails if there is more room than cards. */
static int list_cards(Fake *fake, uint32_t command, void *argument)
{
    nv_ioctl_card_info_t *cards = argument;
    const size_t room = _IOC_SIZE(command) / sizeof *cards;

    (void)fake;
    for (size_t i = 0; i < MIN(room, (size_t)CARDS); i++) {
        cards[i].valid = true;
        cards[i].minor_number = (NvU32)i;
    }
    return room > CARDS ? EINVAL : 0;
}

Test(simulation, the_longest_list_of_cards_counts)
{
    Recording r = recording_new(RECORDING_LIMIT, list_cards);
    NvFile *file = fake_open(r.fake, FAKE_CTL, 3);
    nv_ioctl_card_info_t cards[CARDS + 1] = {{.valid = true}, {.valid = true}, {.valid = true}};
    g_autoptr(GError) error = NULL;

    cr_assert_eq(fake_frontend(r.fake, file, NV_ESC_CARD_INFO, cards, CARDS * sizeof *cards), 0);
    cr_assert_eq(fake_frontend(r.fake, file, NV_ESC_CARD_INFO, cards, sizeof *cards), 0);
    cr_assert_eq(fake_frontend(r.fake, file, NV_ESC_CARD_INFO, cards, sizeof cards), EINVAL);
    g_autofree char *path = recording_finish(&r);
    g_autoptr(Simulation) simulation = simulation_new(path, &error);
    cr_assert_not_null(simulation, "%s", error ? error->message : "");
    const GArray *learnt = simulation_cards(simulation);
    cr_assert_eq(learnt->len, CARDS);
    cr_assert_eq(g_array_index(learnt, nv_ioctl_card_info_t, CARDS - 1).minor_number, CARDS - 1);
    recording_clear(&r);
}

Test(simulation, calls_are_answered_out_of_order_and_again)
{
    Live live = simulate();

    cr_assert_eq(board(live.fake, live.file, live.client, 2), 2 + BOARD_OF);
    cr_assert_eq(board(live.fake, live.file, live.client, 1), 1 + BOARD_OF);
    cr_assert_eq(board(live.fake, live.file, live.client, 1), 1 + BOARD_OF);
    cr_assert_eq(board(live.fake, live.file, live.client, 2), 2 + BOARD_OF);
    cr_assert_eq(live.fake->n_calls, 0);
    finish(&live);
}

Test(simulation, equal_calls_are_answered_in_order_and_the_last_for_good)
{
    Live live = simulate();
    static const NvU32 wanted[] = {1, 2, 3, 3, 3};

    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        cr_assert_eq(asked(live.fake, live.file, live.client), wanted[i]);
    }
    /* The second recorded file has answers of its own. */
    cr_assert_eq(asked(live.fake, fake_open(live.fake, FAKE_CTL, 4), live.client), 4);
    finish(&live);
}

/* A file's calls decide which recorded file it is, rather than the order of opens. */
Test(simulation, a_file_is_the_one_that_it_was_answered_as)
{
    Live live = simulate();
    NvFile *second = fake_open(live.fake, FAKE_CTL, 4);
    NvHandle client = new_client(live.fake, second);

    cr_assert_eq(asked(live.fake, second, client), 1);
    cr_assert_eq(asked(live.fake, second, client), 2);
    finish(&live);
}

Test(simulation, what_the_recording_has_not_is_not_supported_and_named)
{
    Live live = simulate();
    NV0000_CTRL_GPU_GET_PCI_INFO_PARAMS pci = {.gpuId = 1};
    nv_ioctl_sys_params_t sys = {.memblock_size = 1};
    uint64_t missing;

    cr_assert_eq(board(live.fake, live.file, live.client, 7), 0);
    cr_assert_eq(control(live.fake, live.file, live.client, NV0000_CTRL_CMD_GPU_GET_PCI_INFO, &pci,
                         sizeof pci),
                 NV_ERR_NOT_SUPPORTED);
    cr_assert_eq(fake_frontend(live.fake, live.file, NV_ESC_SYS_PARAMS, &sys, sizeof sys), ENOTTY);
    g_autofree char *summary = simulation_summary(live.simulation, &missing);
    cr_assert_str_eq(summary, "1 calls of the driver answered from the recording, 3 not in it: "
                              "NV_ESC_RM_CONTROL NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2 (1), "
                              "NV_ESC_RM_CONTROL NV0000_CTRL_CMD_GPU_GET_PCI_INFO (1), "
                              "NV_ESC_SYS_PARAMS (1)");
    cr_assert_eq(missing, 3);
    finish(&live);
}

/* The recorded driver made one client; a live driver gives a second program another handle. */
Test(simulation, clients_do_not_meet)
{
    Live live = simulate();
    NvFile *other = fake_open(live.fake, FAKE_CTL, 4);
    NvHandle client = new_client(live.fake, other);

    cr_assert_neq(client, live.client);
    cr_assert_eq(board(live.fake, other, client, 2), 2 + BOARD_OF);
    cr_assert_eq(board(live.fake, live.file, live.client, 2), 2 + BOARD_OF);
    finish(&live);
}

Test(simulation, files_are_of_the_host_behind_it)
{
    Live live = simulate();

    cr_assert_eq(live.fake->n_open, 1);
    proxy_release(&live.fake->proxy, live.file->id);
    cr_assert_eq(live.fake->n_open, 0);
    finish(&live);
}

Test(simulation, a_recording_with_a_strange_device_is_refused)
{
    Recording r = recording_new(RECORDING_LIMIT, answer);
    g_autofree char *path = recording_finish(&r);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    static const char strange[] = {'.', '.', '/', '.', '.', '/', 'x'};
    gsize size;

    cr_assert(g_file_get_contents(path, &text, &size, NULL));
    char *name = memmem(text, size, "nvidia-uvm-tools", strlen("nvidia-uvm-tools"));
    memcpy(name, strange, sizeof strange);
    cr_assert_eq(pwrite(r.fd, text, size, 0), (ssize_t)size);
    cr_assert_null(simulation_new(path, &error));
    cr_assert_not_null(strstr(error->message, "../../x"), "%s", error->message);
    recording_clear(&r);
}
