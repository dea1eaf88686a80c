/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands about processes: which ones use a GPU, how much memory they have, and which one did its work. A process has the
 * number of the calling task's pid namespace; processes outside it are left out.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>

#include "abi/control/ctrl2080-perf.h"
#include "control/control.h"
#include "rm/rm-channel.h"

#define ID_TYPE_CLASS 0
#define SAMPLE_TYPE   2

/* struct survey: the search through all clients. */
struct survey {
    const struct nv_gpu *gpu;
    u32 class; /* only processes with an object of this class; 0: all */
    pid_t pid; /* only this process; 0: any */
    u32 *pids;
    u32 n, room;
    NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA *memory;
};

static bool has_object(const struct rm_client *client, const struct survey *survey)
{
    const struct rm_object *object;

    list_for_each_entry(object, &client->objects,
                        link) if (object->gpu == survey->gpu &&
                                  object->class == survey->class) return true;
    return false;
}

static bool is_listed(const struct survey *survey, u32 pid)
{
    u32 i;

    for (i = 0; i < survey->n; i++)
        if (survey->pids[i] == pid)
            return true;
    return false;
}

static bool list_process(struct rm_client *client, void *data)
{
    struct survey *survey = data;
    u32 pid = (u32)pid_vnr(client->pid);

    if (pid && !is_listed(survey, pid) && has_object(client, survey) && survey->n < survey->room)
        survey->pids[survey->n++] = pid;
    return true;
}

static u32 get_pids(struct control *control)
{
    NV2080_CTRL_GPU_GET_PIDS_PARAMS *params = control->params.data;
    struct survey survey = {.gpu = control->object->gpu,
                            .class = params->id,
                            .pids = params->pidTbl,
                            .room = ARRAY_SIZE(params->pidTbl)};

    if (params->idType > 1)
        return NV_ERR_INVALID_ARGUMENT;
    if (params->idType == ID_TYPE_CLASS)
        rm_clients_each(list_process, &survey);
    params->pidTblCount = survey.n;
    return NV_OK;
}

struct sharing {
    const struct model_memory *memory;
    u32 objects;
};

static bool count_objects(struct rm_client *client, void *data)
{
    struct sharing *sharing = data;
    const struct rm_object *object;

    list_for_each_entry(object, &client->objects, link) if (object->memory == sharing->memory)
        sharing->objects++;
    return true;
}

static bool is_shared(const struct rm_object *object)
{
    struct sharing sharing = {.memory = object->memory};

    rm_clients_each(count_objects, &sharing);
    return sharing.objects > 1;
}

static bool sum_memory(struct rm_client *client, void *data)
{
    struct survey *survey = data;
    const struct rm_object *object;

    if (pid_vnr(client->pid) != survey->pid)
        return true;
    list_for_each_entry(object, &client->objects, link)
    {
        if (object->class != NV01_MEMORY_LOCAL_USER || object->gpu != survey->gpu)
            continue;
        if (!is_shared(object))
            survey->memory->memPrivate += object->memory->length;
        else if (object->is_copy)
            survey->memory->memSharedDuped += object->memory->length;
        else
            survey->memory->memSharedOwned += object->memory->length;
    }
    return true;
}

static u32 describe_process(const struct rm_object *subdevice, NV2080_CTRL_GPU_PID_INFO *info)
{
    struct survey survey = {.gpu = subdevice->gpu, .pid = (pid_t)info->pid};

    info->smcSubscription.computeInstanceId = U32_MAX;
    info->smcSubscription.gpuInstanceId = U32_MAX;
    if (info->index)
        return NV_ERR_INVALID_ARGUMENT;
    memset(&info->data, 0, sizeof(info->data));
    if (!info->pid)
        return NV_ERR_INVALID_ARGUMENT;
    survey.memory = &info->data.vidMemUsage;
    rm_clients_each(sum_memory, &survey);
    return NV_OK;
}

static u32 get_pid_info(struct control *control)
{
    NV2080_CTRL_GPU_GET_PID_INFO_PARAMS *params = control->params.data;
    u32 i;

    if (!params->pidInfoListCount || params->pidInfoListCount > ARRAY_SIZE(params->pidInfoList))
        return NV_ERR_INVALID_ARGUMENT;
    for (i = 0; i < params->pidInfoListCount; i++)
        params->pidInfoList[i].result = describe_process(control->object, &params->pidInfoList[i]);
    return NV_OK;
}

/* --- samples: the GPU worked for a client with a channel that runs, or else for the oldest one, whoever asks */

static bool take_first(struct rm_client *client, void *data)
{
    *(struct rm_client **)data = client;
    return false;
}

/* From 570 on, the driver names the process by its number in the namespace of the process that asks, if that is not the first one
 * (kern_perf_ctrl.c, subdeviceCtrlCmdPerfGetGpumonPerfmonUtilSamplesV2_KERNEL). */
static void put_sample(u8 *sample, const AbiLayout *layout, const struct rm_client *client)
{
    struct params engine = {layout, sample};
    bool translates =
        params_has(&engine, "pOsPidInfo") && task_active_pid_ns(current) != &init_pid_ns;
    u32 size;

    params_put(&engine, "util", 5000);
    params_put(&engine, "procId", (u64)(translates ? pid_vnr(client->pid) : pid_nr(client->pid)));
    params_put(&engine, "subProcessID", 0);
    memcpy(params_array(&engine, "subProcessName", &size), "process-of-somebody", 20);
    if (params_has(&engine, "pOsPidInfo"))
        params_put(&engine, "pOsPidInfo", pid_vnr(client->pid) ? 0 : (u64)client->pid);
}

static u32 get_samples(struct control *control)
{
    struct rm_client *client = NULL;
    const AbiLayout *layout = NULL;
    u8 *samples;
    u32 size, i;

    if (params_get(&control->params, "type") != SAMPLE_TYPE)
        return NV_ERR_INVALID_ARGUMENT;
    samples = params_array(&control->params, "samples", &size);
    for (i = 0; i < control->params.layout->n_fields; i++)
        if (!strcmp(control->params.layout->fields[i].name, "samples"))
            layout = control->params.layout->fields[i].type;
    client = channel_runner();
    if (!client)
        rm_clients_each(take_first, &client);
    params_put(&control->params, "count", 1);
    *(u64 *)samples = ktime_get_ns(); /* base.timeStamp */
    for (i = 0; layout && i < layout->n_fields; i++)
        if (layout->fields[i].type->n_fields > 1)
            put_sample(samples + layout->fields[i].offset, layout->fields[i].type, client);
    return NV_OK;
}

control_function *control_processes_find(u32 command)
{
    switch (command) {
    case NV2080_CTRL_CMD_GPU_GET_PIDS:
        return get_pids;
    case NV2080_CTRL_CMD_GPU_GET_PID_INFO:
        return get_pid_info;
    case NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2:
        return get_samples;
    default:
        return NULL;
    }
}
