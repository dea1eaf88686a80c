/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that tries to run on the GPU for longer than it may. It has groups with two channels each, asks for time slices of a
 * second, and tries to switch its channels on again. It reads commands, one a line, and writes "done" after
 * each:
 *
 *     more N    make N more groups, and schedule them
 *     less N    free N groups
 *     act N     N times: switch channels on, schedule groups again, stop and start them, ask for a long slice, and make calls that
 *               would take channels away and fail; at random
 *     fresh N   N times: make a group, schedule it, free it
 *     show      what the driver says of the time slices: the shortest and the longest, in microseconds
 *
 * It ends with its input.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl2080-gr.h"
#include "tests/guest/rm.h"

enum { H_FIRST = 0x5c100000, STEP = 0x10, GROUPS_MAX = 2000, THREADS = 3, LONG_SLICE_US = 1000000 };

static Tree t;
static int other_ctl,
    other_uvm; /* files that the client and its channels have nothing to do with */
static NvHandle groups[GROUPS_MAX];
static unsigned n_groups, n_made;

static NvHandle channel_of(NvHandle group, unsigned i)
{
    return group + 1 + i;
}

static NvHandle copy_of(NvHandle group)
{
    return group + STEP / 2;
}

static int64_t control(NvHandle object, NvU32 command, const char *member, NvU64 value)
{
    Params params = control_params(command);

    params_put(&params, member, 0, value);
    int64_t result = rm_control(t.ctl, t.client, object, command, params.data, params.size);
    params_free(&params);
    return result;
}

static int64_t schedule(NvHandle group, bool enable)
{
    return control(group, NVA06C_CTRL_CMD_GPFIFO_SCHEDULE, "bEnable", enable);
}

static int64_t schedule_channel(NvHandle channel, bool enable)
{
    return control(channel, NVA06F_CTRL_CMD_GPFIFO_SCHEDULE, "bEnable", enable);
}

static int64_t ask_for_slice(NvHandle group)
{
    return control(group, NVA06C_CTRL_CMD_SET_TIMESLICE, "timesliceUs", LONG_SLICE_US);
}

static int64_t switch_channel(NvHandle channel, bool off)
{
    NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS params = {
        .bDisable = off,
        .numChannels = 1,
        .hClientList = {t.client},
        .hChannelList = {channel},
    };

    return rm_control(t.ctl, t.client, H_SUBDEVICE, NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS, &params,
                      sizeof params);
}

/* --- groups */

static void must(int64_t result, const char *what)
{
    if (result != 0) {
        say("%s: %s", what, status(result));
        exit(1);
    }
}

static void make_object(NvHandle parent, NvHandle handle, NvU32 class)
{
    Params params = class_params(class);

    if (class != FERMI_VASPACE_A) {
        params_put(&params, "hVASpace", 0, H_VASPACE);
    }
    if (class == AMPERE_CHANNEL_GPFIFO_A) {
        params_put(&params, "gpFifoEntries", 0, 32);
    }
    must(rm_alloc(t.ctl, t.client, parent, handle, class, params.data), "allocate");
    params_free(&params);
}

static NvHandle make_group(void)
{
    const NvHandle group = H_FIRST + STEP * (n_made++ % GROUPS_MAX);
    NVOS55_PARAMETERS copy = {.hClient = t.client,
                              .hParent = H_DEVICE,
                              .hObject = copy_of(group),
                              .hClientSrc = t.client,
                              .hObjectSrc = group};

    make_object(H_DEVICE, group, KEPLER_CHANNEL_GROUP_A);
    make_object(group, channel_of(group, 0), AMPERE_CHANNEL_GPFIFO_A);
    make_object(group, channel_of(group, 1), AMPERE_CHANNEL_GPFIFO_A);
    must(ioctl_status(t.ctl, NV_ESC_RM_DUP_OBJECT, &copy, sizeof copy,
                      offsetof(NVOS55_PARAMETERS, status)),
         "duplicate");
    must(schedule(group, true), "schedule");
    must(ask_for_slice(group), "ask for a time slice");
    return group;
}

static void free_group(NvHandle group)
{
    must(rm_free(t.ctl, t.client, copy_of(group)), "free");
    must(rm_free(t.ctl, t.client, group), "free");
}

static void more(unsigned n)
{
    for (unsigned i = 0; i < n && n_groups < GROUPS_MAX; i++) {
        groups[n_groups++] = make_group();
    }
}

static void less(unsigned n)
{
    for (unsigned i = 0; i < n && n_groups; i++) {
        free_group(groups[--n_groups]);
    }
}

/* --- acts */

static void must_fail(int64_t result, const char *what)
{
    if (result == 0) {
        say("%s: expected an error", what);
        exit(1);
    }
}

/* Calls for which nvcuse would have to switch a channel on, if they did not fail. */
static int64_t free_through_another_file(NvHandle object)
{
    return rm_free(other_ctl, t.client, object);
}

static int64_t unregister_elsewhere(NvHandle channel)
{
    Params params = uvm_params(UVM_UNREGISTER_CHANNEL);

    params_put(&params, "hClient", 0, t.client);
    params_put(&params, "hChannel", 0, channel);
    const int64_t result = uvm_call(other_uvm, UVM_UNREGISTER_CHANNEL, &params);
    params_free(&params);
    return result;
}

static void act_once(unsigned *random)
{
    const NvHandle group = groups[(unsigned)rand_r(random) % n_groups];
    const NvHandle channel = channel_of(group, (unsigned)rand_r(random) % 2);

    switch (rand_r(random) % 9) {
    case 0:
        must(switch_channel(channel, false), "switch on");
        break;
    case 1:
        must(switch_channel(channel, true), "switch off");
        must(switch_channel(channel, false), "switch on");
        break;
    case 2:
        must(schedule(group, false), "stop");
        must(schedule(group, true), "schedule");
        break;
    case 3:
        must(schedule(copy_of(group), true), "schedule a copy");
        break;
    case 4:
        must(schedule_channel(channel, true), "schedule a channel");
        break;
    case 5:
        must_fail(free_through_another_file(t.client), "free the client through another file");
        break;
    case 6:
        must_fail(free_through_another_file(channel), "free a channel through another file");
        break;
    case 7:
        must_fail(unregister_elsewhere(channel), "unregister a channel elsewhere");
        break;
    default:
        must(ask_for_slice(group), "ask for a time slice");
        break;
    }
}

typedef struct {
    unsigned n, random;
} Acts;

static void *act(void *data)
{
    Acts *acts = data;

    for (unsigned i = 0; i < acts->n; i++) {
        act_once(&acts->random);
    }
    return NULL;
}

static void act_all(unsigned n)
{
    pthread_t threads[THREADS];
    Acts acts[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        acts[i] = (Acts){n / THREADS, n + i};
        pthread_create(&threads[i], NULL, act, &acts[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void fresh(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        free_group(make_group());
    }
}

static void show(unsigned n)
{
    NvU64 shortest = UINT64_MAX, longest = 0;

    (void)n;
    for (unsigned i = 0; i < n_groups; i++) {
        Params params = control_params(NVA06C_CTRL_CMD_GET_TIMESLICE);
        must(rm_control(t.ctl, t.client, groups[i], NVA06C_CTRL_CMD_GET_TIMESLICE, params.data,
                        params.size),
             "get the time slice");
        const NvU64 slice = params_get(&params, "timesliceUs", 0);
        shortest = MIN(shortest, slice);
        longest = MAX(longest, slice);
        params_free(&params);
    }
    say("slices %llu %llu", (unsigned long long)shortest, (unsigned long long)longest);
}

static void obey(const char *line)
{
    static const struct {
        const char *name;
        void (*act)(unsigned n);
    } commands[] = {
        {"more", more}, {"less", less}, {"act", act_all}, {"fresh", fresh}, {"show", show},
    };
    const size_t length = strcspn(line, " \n");
    const unsigned n = (unsigned)strtoul(line + length, NULL, 10);

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strlen(commands[i].name) == length && strncmp(commands[i].name, line, length) == 0) {
            commands[i].act(n);
        }
    }
    say("done");
}

int main(void)
{
    char line[64];

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    t = tree();
    other_ctl = node("nvidiactl");
    other_uvm = node("nvidia-uvm");
    make_object(H_DEVICE, H_VASPACE, FERMI_VASPACE_A);
    while (fgets(line, sizeof line, stdin)) {
        obey(line);
    }
    tree_close(&t);
    return 0;
}
