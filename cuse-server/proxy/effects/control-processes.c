/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that list processes. The driver sees one process, the worker, for all guests, and knows nothing
 * of theirs: so it is asked for its verdict alone, and what it lists reaches no guest. Which processes use
 * a GPU, and how much of its memory, is what the object tree has recorded; they are told by the numbers
 * that they have for who asks. Memory that the driver allocates by itself, for a channel or for nvidia-uvm,
 * is not in it.
 */
#include <string.h>

#include "abi/class.h"
#include "abi/ctrl2080-gpu.h"
#include "abi/status.h"
#include "cuse-server/proxy/effects/effects.h"

enum {
    ID_TYPE_CLASS = 0,      /* NV2080_CTRL_GPU_GET_PIDS_ID_TYPE_CLASS */
    INDEX_VIDEO_MEMORY = 0, /* NV2080_CTRL_GPU_PID_INFO_INDEX_VIDEO_MEMORY_USAGE */
    WORKER_NUMBER = 1,      /* what the driver is asked about instead of a guest's process */
};

/* --- who uses a GPU --------------------------------------------------------------------------- */

/**
 * ProcessUse: what a process has on one GPU.
 * @on_gpu: a device; @has_class: an object of the class asked about
 */
typedef struct {
    uint64_t id;
    uint32_t number;
    bool on_gpu;
    bool has_class;
    NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA memory;
} ProcessUse;

typedef struct {
    uint32_t gpu;
    uint32_t object_class;
    GHashTable *uses; /* &ProcessUse.id -> ProcessUse */
} Survey;

static ProcessUse *use_of(Survey *survey, uint64_t id)
{
    ProcessUse *use = g_hash_table_lookup(survey->uses, &id);

    if (!use) {
        use = g_new0(ProcessUse, 1);
        use->id = id;
        g_hash_table_insert(survey->uses, &use->id, use);
    }
    return use;
}

static bool is_video_memory(uint32_t object_class)
{
    return object_class == NV01_MEMORY_LOCAL_USER || object_class == NV01_MEMORY_LOCAL_PRIVILEGED;
}

/* As the driver tells them apart (src/nvidia/src/kernel/gpu/gpu_rmapi.c, _gpuCollectMemInfo). */
static void add_memory(NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA *memory,
                       const ObjectUse *object)
{
    NvU64 *sum = !object->is_shared ? &memory->memPrivate
                 : object->is_copy  ? &memory->memSharedDuped
                                    : &memory->memSharedOwned;

    if (!g_uint64_checked_add(sum, *sum, object->bytes)) {
        *sum = UINT64_MAX;
    }
}

/* MPS_COMPUTE is an object of no GPU; all others count where they are (gpuGetProcWithObject_IMPL). */
static void survey_object(const ObjectUse *object, gpointer data)
{
    Survey *survey = data;
    const bool here = object->gpu == survey->gpu;

    if (!here && object->object_class != MPS_COMPUTE) {
        return;
    }
    ProcessUse *use = use_of(survey, object->process.id);
    use->on_gpu = use->on_gpu || here;
    use->has_class = use->has_class || object->object_class == survey->object_class;
    if (here && is_video_memory(object->object_class)) {
        add_memory(&use->memory, object);
    }
}

static int by_number(gconstpointer a, gconstpointer b)
{
    const ProcessUse *x = *(const ProcessUse *const *)a;
    const ProcessUse *y = *(const ProcessUse *const *)b;

    return (x->number > y->number) - (x->number < y->number);
}

static int by_id(gconstpointer a, gconstpointer b)
{
    const ProcessUse *x = *(const ProcessUse *const *)a;
    const ProcessUse *y = *(const ProcessUse *const *)b;

    return (x->id > y->id) - (x->id < y->id);
}

/* Leave out who has no number for the caller: it has ended, or lives in a namespace that the caller does
 * not see. */
static void find_numbers(Call *call, GPtrArray *uses)
{
    guint kept = 0;

    g_ptr_array_sort(uses, by_id); /* a recording is to ask in the same order again */
    for (guint i = 0; i < uses->len; i++) {
        ProcessUse *use = g_ptr_array_index(uses, i);
        if (call_number_of(call, use->id, &use->number)) {
            uses->pdata[kept++] = use;
        }
    }
    g_ptr_array_set_size(uses, (gint)kept);
    g_ptr_array_sort(uses, by_number);
}

static uint32_t gpu_of(const Call *call)
{
    const NVOS54_PARAMETERS *control = call_control(call);
    Client *client = object_tree_lock(call->objects, control->hClient);
    uint32_t gpu = NO_GPU;

    if (client) {
        gpu = client_gpu(client, control->hObject);
        object_tree_unlock(client);
    }
    return gpu;
}

/* The processes on the GPU of the object that a call is made on, by number; those with an object of a class
 * are marked. They belong to @survey. */
static GPtrArray *find_processes(Call *call, Survey *survey)
{
    GPtrArray *found = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    survey->gpu = gpu_of(call);
    survey->uses = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    if (survey->gpu != NO_GPU) {
        object_tree_each(call->objects, survey_object, survey);
    }
    g_hash_table_iter_init(&iter, survey->uses);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((const ProcessUse *)value)->on_gpu) {
            g_ptr_array_add(found, value);
        }
    }
    find_numbers(call, found);
    return found;
}

/* What the driver says of processes is put out of the way, whatever it says. */
static void put_back(Call *call)
{
    memcpy(call->params, call->asked, call->params_size);
}

/* --- NV2080_CTRL_CMD_GPU_GET_PIDS ------------------------------------------------------------- */

static void list_processes(Call *call)
{
    NV2080_CTRL_GPU_GET_PIDS_PARAMS *params = call->params;

    put_back(call);
    Survey survey = {.object_class = params->id};
    g_autoptr(GPtrArray) found = find_processes(call, &survey);
    NvU32 n = 0;

    for (guint i = 0; i < found->len && n < G_N_ELEMENTS(params->pidTbl); i++) {
        const ProcessUse *use = g_ptr_array_index(found, i);
        if (use->has_class && params->idType == ID_TYPE_CLASS) {
            params->pidTbl[n++] = use->number;
        }
    }
    params->pidTblCount = n;
    g_hash_table_unref(survey.uses);
}

const Effect effect_get_pids = {
    .size = SIZE_STRUCT, .keeps = true, .after = list_processes, .failed = put_back};

/* --- NV2080_CTRL_CMD_GPU_GET_PID_INFO --------------------------------------------------------- */

/* The driver knows nothing of a process that is not there either, and says so with zeroes. */
static void fill_memory(NV2080_CTRL_GPU_PID_INFO *info, const GPtrArray *found)
{
    info->data = (NV2080_CTRL_GPU_PID_INFO_DATA){0};
    for (guint i = 0; i < found->len; i++) {
        const ProcessUse *use = g_ptr_array_index(found, i);
        if (use->number == info->pid) {
            info->data.vidMemUsage = use->memory;
        }
    }
}

static bool ask_about_worker(Call *call)
{
    NV2080_CTRL_GPU_GET_PID_INFO_PARAMS *params = call->params;

    for (size_t i = 0; i < G_N_ELEMENTS(params->pidInfoList); i++) {
        params->pidInfoList[i].pid = WORKER_NUMBER;
    }
    return true;
}

static void describe_processes(Call *call)
{
    NV2080_CTRL_GPU_GET_PID_INFO_PARAMS *params = call->params;
    g_autofree NV2080_CTRL_GPU_GET_PID_INFO_PARAMS *host = g_memdup2(params, sizeof *params);
    Survey survey = {0};
    g_autoptr(GPtrArray) found = find_processes(call, &survey);

    put_back(call);
    for (NvU32 i = 0; i < MIN(params->pidInfoListCount, G_N_ELEMENTS(params->pidInfoList)); i++) {
        NV2080_CTRL_GPU_PID_INFO *info = &params->pidInfoList[i];
        info->result = info->pid ? host->pidInfoList[i].result : NV_ERR_INVALID_ARGUMENT;
        info->smcSubscription = host->pidInfoList[i].smcSubscription;
        if (info->index == INDEX_VIDEO_MEMORY) {
            fill_memory(info, found);
        }
    }
    g_hash_table_unref(survey.uses);
}

const Effect effect_get_pid_info = {.size = SIZE_STRUCT,
                                    .keeps = true,
                                    .before = ask_about_worker,
                                    .after = describe_processes,
                                    .failed = put_back};

/* --- NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2 ----------------------------------- */

/* Samples are of all containers; the pipeline leaves of each how busy an engine was. What is behind the last one is nobody's. */
static void clear_rest(Call *call)
{
    ABI_FOR_EACH_MEMBER(member, call->entry->members, ABI_ROLE_SAID_PID)
    {
        const AbiPlace *samples = &member->place;
        NvU32 count;
        memcpy(&count, abi_place_at(call->params, &member->beside, 0), sizeof count);
        count = MIN(count, samples->n);
        memset((char *)call->params + samples->offset + (size_t)count * samples->stride, 0,
               (size_t)(samples->n - count) * samples->stride);
        return;
    }
}

const Effect effect_util_samples = {
    .size = SIZE_STRUCT, .keeps = true, .after = clear_rest, .failed = put_back};
