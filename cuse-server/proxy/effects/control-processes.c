/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects of commands that list processes. The driver sees one process, the worker, for all guests, and does not see
 * the guests' processes. So the driver is asked only for its status, and its list never reaches a guest. The object tree
 * tells which processes use a GPU, and how much of its memory. Processes are listed by the process ids that the caller
 * sees. Memory that the driver allocates by itself, for a channel or for nvidia-uvm, is not in the tree.
 */
#include <string.h>

#include "abi/class.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/status.h"
#include "cuse-server/proxy/effects/effects.h"

enum {
    ID_TYPE_CLASS = 0,      /* NV2080_CTRL_GPU_GET_PIDS_ID_TYPE_CLASS */
    INDEX_VIDEO_MEMORY = 0, /* NV2080_CTRL_GPU_PID_INFO_INDEX_VIDEO_MEMORY_USAGE */
    WORKER_NUMBER = 1,      /* process id to ask the driver about, instead of a guest's */
};

/* --- who uses a GPU --------------------------------------------------------------------------- */

/**
 * ProcessUse: one process's use of one GPU.
 * @id: GuestProcess.id; @number: the process id that the caller sees
 * @on_gpu: the process has an object on the GPU
 * @has_class: the process has an object of the class asked about
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

/* Add an object's bytes to one of three sums, which the driver distinguishes (src/nvidia/src/kernel/gpu/gpu_rmapi.c,
 * _gpuCollectMemInfo). A sum that overflows stays at UINT64_MAX. */
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

/* Count an object if it is on the surveyed GPU. An MPS_COMPUTE object belongs to no GPU, so it counts for every GPU
 * (gpuGetProcWithObject_IMPL). */
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

/* Leave out processes for which the caller has no number: they have ended, or they live in a PID namespace that
 * the caller does not see. Sort the others by number. */
static void find_numbers(Call *call, GPtrArray *uses)
{
    guint kept = 0;

    g_ptr_array_sort(uses, by_id); /* so that a replay asks for the numbers in the recorded order */
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

/* Find the processes on the GPU of the object that a call is made on. Returns an array of ProcessUse, sorted by number.
 * @survey owns the elements. ProcessUse.has_class marks processes that have an object of the class asked about. */
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

/* Discard the driver's answer, whatever it is: put back the parameters as the guest passed them. */
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

/* Fill in a process's use of memory. A process that is not found gets zeroes; the driver answers the same for a process that does
 * not exist. */
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

/* Clear the samples behind the last one: they are not part of the answer. Samples come from all containers; the pipeline has
 * hidden the processes in them (SAID_PID, SAID_PROCESS), and leaves how busy an engine was. */
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
