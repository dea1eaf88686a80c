/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List the processes that use a GPU: a parent and its child see each other, with their own numbers and their memory.
 *
 *     processes             the transcript
 *     processes strangers   the numbers of all listed processes that are not this program's, and the processes that
 *                           samples of the GPU's work name
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/control/ctrl2080-perf.h"
#include "tests/guest/rm.h"

enum { PARENT_BYTES = 0x10000, CHILD_BYTES = 0x30000, SAMPLE_TYPE = 2 };

static NV2080_CTRL_GPU_GET_PIDS_PARAMS pids_with(const Tree *t, NvU32 type, NvU32 class)
{
    NV2080_CTRL_GPU_GET_PIDS_PARAMS pids = {.idType = type, .id = class};

    say("with class 0x%x: %s", class,
        status(rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_GPU_GET_PIDS, &pids,
                          sizeof pids)));
    return pids;
}

static const char *name_of(NvU32 pid, pid_t parent, pid_t child)
{
    return pid == (NvU32)parent ? "the parent" : pid == (NvU32)child ? "the child" : "a stranger";
}

static void list(const Tree *t, NvU32 type, NvU32 class, pid_t parent, pid_t child)
{
    NV2080_CTRL_GPU_GET_PIDS_PARAMS pids = pids_with(t, type, class);
    unsigned parents = 0, children = 0, strangers = 0;

    for (NvU32 i = 0; i < pids.pidTblCount; i++) {
        parents += pids.pidTbl[i] == (NvU32)parent;
        children += pids.pidTbl[i] == (NvU32)child;
        strangers += name_of(pids.pidTbl[i], parent, child)[0] == 'a';
    }
    say("  the parent %u, the child %u, strangers %u", parents, children, strangers);
}

static void memory_of(const Tree *t, const char *name, NvU32 pid, NvU32 index)
{
    static NV2080_CTRL_GPU_GET_PID_INFO_PARAMS params;
    NV2080_CTRL_GPU_PID_INFO *info = &params.pidInfoList[0];
    const NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA *memory = &info->data.vidMemUsage;

    params = (NV2080_CTRL_GPU_GET_PID_INFO_PARAMS){.pidInfoListCount = 1};
    *info = (NV2080_CTRL_GPU_PID_INFO){.pid = pid, .index = index};
    say("memory of %s: %s", name,
        status(rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_GPU_GET_PID_INFO, &params,
                          sizeof params)));
    say("  %s: private %llu, owned %llu, duplicated %llu", status(info->result),
        (unsigned long long)memory->memPrivate, (unsigned long long)memory->memSharedOwned,
        (unsigned long long)memory->memSharedDuped);
}

static void look(const Tree *t, pid_t parent, pid_t child)
{
    list(t, 0, NV20_SUBDEVICE_0, parent, child);
    list(t, 0, NV01_MEMORY_LOCAL_USER, parent, child);
    list(t, 0, AMPERE_COMPUTE_A, parent, child);
    list(t, 1, 0, parent, child);
    list(t, 2, 0, parent, child);
    memory_of(t, "the parent", (NvU32)parent, 0);
    memory_of(t, "the child", (NvU32)child, 0);
    memory_of(t, "nobody", 0, 0);
    memory_of(t, "one that is not there", 4194303, 0);
    memory_of(t, "the parent by another index", (NvU32)parent, 1);
}

/* The child has memory of its own, and has duplicated none of the parent's. */
static void run_child(int ready, int done)
{
    char byte = 0;
    Tree t = tree();

    memory_new(&t, H_VIDEO, NV01_MEMORY_LOCAL_USER, CHILD_BYTES);
    section("seen-by-the-child");
    look(&t, getppid(), getpid());
    (void)fflush(stdout);
    (void)!write(ready, &byte, 1);
    (void)!read(done, &byte, 1);
    _exit(0);
}

static void duplicate(const Tree *t)
{
    NVOS55_PARAMETERS copy = {.hClient = t->client,
                              .hParent = H_DEVICE,
                              .hObject = H_OTHER,
                              .hClientSrc = t->client,
                              .hObjectSrc = H_VIDEO};

    say("duplicate: %s", status(ioctl_status(t->ctl, NV_ESC_RM_DUP_OBJECT, &copy, sizeof copy,
                                             offsetof(NVOS55_PARAMETERS, status))));
}

static void transcript(const Tree *t)
{
    int ready[2], done[2];
    char byte = 0;

    if (pipe(ready) || pipe(done)) {
        return;
    }
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run_child(ready[1], done[0]);
    }
    (void)!read(ready[0], &byte, 1);
    section("seen-by-the-parent");
    look(t, getpid(), child);
    section("with-a-duplicate");
    duplicate(t);
    memory_of(t, "the parent", (NvU32)getpid(), 0);
    (void)!write(done[1], &byte, 1);
    waitpid(child, NULL, 0);
    section("when-the-child-is-gone");
    list(t, 0, NV20_SUBDEVICE_0, getpid(), child);
    memory_of(t, "the child", (NvU32)child, 0);
}

static void samples(const Tree *t)
{
    Params params = control_params(NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2);
    int64_t result;

    params_put(&params, "type", 0, SAMPLE_TYPE);
    result = rm_control(t->ctl, t->client, H_SUBDEVICE,
                        NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2, params.data,
                        params.size);
    say("samples: %s, %llu; a name %s", status(result),
        (unsigned long long)params_get(&params, "count", 0),
        memmem(params.data, params.size, "somebody", 8) ? "is in them" : "is not in them");
    params_free(&params);
}

static void strangers(const Tree *t)
{
    NV2080_CTRL_GPU_GET_PIDS_PARAMS pids = pids_with(t, 0, NV20_SUBDEVICE_0);

    for (NvU32 i = 0; i < pids.pidTblCount; i++) {
        if (pids.pidTbl[i] != (NvU32)getpid()) {
            say("%u", pids.pidTbl[i]);
        }
    }
    samples(t);
}

int main(int argc, char **argv)
{
    Tree t = tree();

    memory_new(&t, H_VIDEO, NV01_MEMORY_LOCAL_USER, PARENT_BYTES);
    memory_new(&t, H_SYSTEM, NV01_MEMORY_SYSTEM, PARENT_BYTES);
    if (argc > 1 && strcmp(argv[1], "strangers") == 0) {
        strangers(&t);
    } else {
        transcript(&t);
    }
    tree_close(&t);
    return 0;
}
