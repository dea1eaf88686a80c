/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that read data of GPUs and of the system. */
#include "abi/control/ctrl2080-gr.h"
#include "abi/control/ctrl2080-perf.h"
#include "control/control.h"

/* The end of a list of ids that is not full. */
#define INVALID_ID        0xffffffff
#define UUID_FLAGS_BINARY 0x2

/* Index of NV2080_CTRL_FB_INFO: sizes in KiB. */
enum {
    FB_INFO_RAM_SIZE = 0x07,
    FB_INFO_TOTAL_RAM_SIZE = 0x08,
    FB_INFO_HEAP_SIZE = 0x09,
    FB_INFO_MAPPABLE_HEAP_SIZE = 0x0a,
    FB_INFO_LARGEST_FREE_REGION_SIZE = 0x12,
    FB_INFO_HEAP_FREE = 0x16,
    FB_INFO_USABLE_RAM_SIZE = 0x20
};

/* Commands of nvidia-smi for a GPU's own processor: sensors, which the model does not have. */
#define CMD_SENSORS      0x2080852e
#define CMD_THERMOMETERS 0x20808513
#define CMD_FANS         0x2080a068

/* The model's GPUs present themselves as 10de:20b0: GA100, A1. */
enum { ARCHITECTURE = 0x170, IMPLEMENTATION = 0x0, REVISION = 0xa1 };

enum { VIRTUALIZATION_MODE_NONE = 0, PERSISTENCE_DISABLED = 1, COMPUTE_MODE_DEFAULT = 0 };

#define PUT(NAME, VALUE) params_put(&control->params, NAME, VALUE)
#define GET(NAME)        ((u32)params_get(&control->params, NAME))

static void put_all_ids(struct control *control, const char *name)
{
    u32 i;

    for (i = 0; i < params_length(&control->params, name); i++)
        params_put_at(&control->params, name, i,
                      i < model_n_gpus ? model_gpus[i].gpu_id : INVALID_ID);
}

static u32 get_attached_ids(struct control *control)
{
    put_all_ids(control, "gpuIds");
    return NV_OK;
}

static u32 get_probed_ids(struct control *control)
{
    u32 i;

    put_all_ids(control, "gpuIds");
    for (i = 0; i < params_length(&control->params, "excludedGpuIds"); i++)
        params_put_at(&control->params, "excludedGpuIds", i, INVALID_ID);
    for (i = 0; i < params_length(&control->params, "gpuFlags"); i++)
        params_put_at(&control->params, "gpuFlags", i, 0);
    return NV_OK;
}

static u32 attach_ids(struct control *control)
{
    u32 i;

    for (i = 0; i < params_length(&control->params, "gpuIds"); i++) {
        u32 id = (u32)params_get_at(&control->params, "gpuIds", i);

        if (id == INVALID_ID || (i == 0 && id == 0x0000ffff)) /* the end; all probed GPUs */
            break;
        if (!gpu_by_id(id)) {
            if (params_has(&control->params, "failedId"))
                PUT("failedId", id);
            return NV_ERR_INVALID_ARGUMENT;
        }
    }
    return NV_OK;
}

static u32 get_id_info(struct control *control)
{
    const struct nv_gpu *gpu = gpu_by_id(GET("gpuId"));

    if (!gpu)
        return NV_ERR_INVALID_ARGUMENT;
    PUT("gpuFlags", 0x1); /* in use */
    PUT("deviceInstance", gpu->index);
    PUT("subDeviceInstance", 0);
    PUT("sliStatus", 0);
    PUT("boardId", gpu->gpu_id);
    PUT("gpuInstance", gpu->index);
    PUT("numaId", INVALID_ID);
    return NV_OK;
}

static u32 get_device_ids(struct control *control)
{
    PUT("deviceIds", (1U << model_n_gpus) - 1);
    return NV_OK;
}

static u32 get_pci_info(struct control *control)
{
    const struct nv_gpu *gpu = gpu_by_id(GET("gpuId"));

    if (!gpu)
        return NV_ERR_INVALID_ARGUMENT;
    PUT("domain", 0);
    PUT("bus", gpu->bus);
    PUT("slot", 0);
    return NV_OK;
}

/* A GPU's UUID, as text with its end or as bytes. Returns: its length. */
static u32 put_uuid(struct control *control, const struct nv_gpu *gpu, const char *name, u32 flags)
{
    u32 size, length = flags & UUID_FLAGS_BINARY ? sizeof(gpu->uuid) : strlen(gpu->uuid_text) + 1;
    void *to = params_array(&control->params, name, &size);

    memset(to, 0, size);
    if (flags & UUID_FLAGS_BINARY)
        memcpy(to, gpu->uuid, sizeof(gpu->uuid));
    else
        strscpy(to, gpu->uuid_text, size);
    return length;
}

static u32 get_uuid(struct control *control)
{
    const struct nv_gpu *gpu = gpu_by_id(GET("gpuId"));

    if (!gpu)
        return NV_ERR_INVALID_ARGUMENT;
    PUT("uuidStrLen", put_uuid(control, gpu, "gpuUuid", GET("flags")));
    return NV_OK;
}

static u32 get_gid_info(struct control *control)
{
    PUT("length", put_uuid(control, control->object->gpu, "data", GET("flags")));
    return NV_OK;
}

/* The strings of NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION are lists of bytes. */
static u32 get_build_version(struct control *control)
{
    const char *const strings[] = {model_version, "r" /* branch */, "Model build"};
    u32 i;

    for (i = 0; i < control->n_lists; i++)
        if (control->lists[i].data) {
            if (control->lists[i].size <= strlen(strings[i]))
                return NV_ERR_BUFFER_TOO_SMALL;
            memset(control->lists[i].data, 0, control->lists[i].size);
            strscpy(control->lists[i].data, strings[i], control->lists[i].size);
        }
    PUT("changelistNumber", 1000000 + abi_major());
    PUT("officialChangelistNumber", 1000000 + abi_major());
    return NV_OK;
}

static u32 get_name(struct control *control)
{
    char *name = params_array(&control->params, "gpuNameString.ascii", &(u32){0});

    strscpy(name, GPU_NAME, 64);
    return NV_OK;
}

static u32 get_short_name(struct control *control)
{
    u32 size;
    char *name = params_array(&control->params, "gpuShortNameString", &size);

    strscpy_pad(name, "MODEL", size);
    return NV_OK;
}

static u32 get_gpu_id(struct control *control)
{
    PUT("gpuId", control->object->gpu->gpu_id);
    return NV_OK;
}

/* --- what nvidia-smi goes by */

static u32 get_architecture(struct control *control)
{
    PUT("architecture", ARCHITECTURE);
    PUT("implementation", IMPLEMENTATION);
    PUT("revision", REVISION);
    PUT("subRevision", 0);
    return NV_OK;
}

static u32 get_virtualization_mode(struct control *control)
{
    PUT("virtualizationMode", VIRTUALIZATION_MODE_NONE);
    return NV_OK;
}

static u32 get_persistence(struct control *control)
{
    PUT("swStatePersistence", PERSISTENCE_DISABLED);
    return NV_OK;
}

static u32 get_compute_mode(struct control *control)
{
    PUT("rules", COMPUTE_MODE_DEFAULT);
    return NV_OK;
}

/* Clocks that do not advance, so that two runs are the same. */
static u32 get_times(struct control *control)
{
    u32 size;
    void *samples = params_array(&control->params, "samples", &size);

    memset(samples, 0, size);
    return NV_OK;
}

/* The model has none of these features. */
static u32 get_gpu_info(struct control *control)
{
    NVXXXX_CTRL_XXX_INFO *info;
    u32 i, size, n = GET("gpuInfoListSize");

    info = params_array(&control->params, "gpuInfoList", &size);
    if (n > size / sizeof(*info))
        return NV_ERR_INVALID_ARGUMENT;
    for (i = 0; i < n; i++)
        info[i].data = 0;
    return NV_OK;
}

static u32 not_supported(struct control *control)
{
    return NV_ERR_NOT_SUPPORTED;
}

static u32 fb_info(const struct nv_gpu *gpu, u32 index)
{
    switch (index) {
    case FB_INFO_RAM_SIZE:
    case FB_INFO_TOTAL_RAM_SIZE:
    case FB_INFO_USABLE_RAM_SIZE:
        return (u32)(gpu->memory >> 10);
    case FB_INFO_HEAP_SIZE:
    case FB_INFO_MAPPABLE_HEAP_SIZE:
        return (u32)(gpu->heap >> 10);
    case FB_INFO_HEAP_FREE:
    case FB_INFO_LARGEST_FREE_REGION_SIZE:
        return (u32)((gpu->heap - (u64)atomic64_read(&gpu->used.bytes)) >> 10);
    default:
        return index * 3 + 1; /* any value but zero would do */
    }
}

static u32 get_fb_info(struct control *control)
{
    NVXXXX_CTRL_XXX_INFO *info;
    u32 i, n, size;

    if (control->n_lists) {
        info = control->lists[0].data;
        n = info ? control->lists[0].size / sizeof(*info) : 0;
    } else {
        info = params_array(&control->params, "fbInfoList", &size);
        n = GET("fbInfoListSize");
        if (n > size / sizeof(*info))
            return NV_ERR_INVALID_ARGUMENT;
    }
    for (i = 0; i < n; i++)
        info[i].data = fb_info(control->object->gpu, info[i].index);
    return NV_OK;
}

/* --- classes */

struct class_list {
    u32 *to;
    u32 room, n;
};

static bool count_class(const AbiEntry *entry, void *data)
{
    struct class_list *list = data;

    if (list->to && list->n < list->room)
        list->to[list->n] = entry->number;
    list->n++;
    return true;
}

static u32 get_class_list(struct control *control)
{
    struct class_list list = {.to = control->lists[0].data,
                              .room = control->lists[0].size / sizeof(u32)};

    abi_entries(ABI_ALLOC, count_class, &list);
    if (list.to && list.room < list.n)
        return NV_ERR_BUFFER_TOO_SMALL;
    PUT("numClasses", list.n);
    return NV_OK;
}

static u32 get_class_list_v2(struct control *control)
{
    struct class_list list = {0};
    u32 size;

    list.to = params_array(&control->params, "classList", &size);
    list.room = size / sizeof(u32);
    abi_entries(ABI_ALLOC, count_class, &list);
    PUT("numClasses", min(list.n, list.room));
    return NV_OK;
}

static u32 get_num_subdevices(struct control *control)
{
    PUT("numSubDevices", 1);
    return NV_OK;
}

/* --- events, and commands that only privileged callers of the kernel may give */

static u32 set_notification(struct control *control)
{
    u32 event = GET("event"), action = GET("action");

    if (event >= ARRAY_SIZE(control->object->notify_action) || action > 2)
        return NV_ERR_INVALID_ARGUMENT;
    control->object->notify_action[event] = action;
    return NV_OK;
}

static u32 set_inherited_share_policy(struct control *control)
{
    const NV0000_CTRL_CLIENT_SET_INHERITED_SHARE_POLICY_PARAMS *params = control->params.data;

    return rm_share(control->object, &params->sharePolicy);
}

static const struct {
    u32 command;
    control_function *function;
} functions[] = {
    {NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION, get_build_version},
    {NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS, get_attached_ids},
    {NV0000_CTRL_CMD_GPU_GET_PROBED_IDS, get_probed_ids},
    {NV0000_CTRL_CMD_GPU_ATTACH_IDS, attach_ids},
    {NV0000_CTRL_CMD_GPU_DETACH_IDS, attach_ids},
    {NV0000_CTRL_CMD_GPU_GET_ID_INFO, get_id_info},
    {NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2, get_id_info},
    {NV0000_CTRL_CMD_GPU_GET_DEVICE_IDS, get_device_ids},
    {NV0000_CTRL_CMD_GPU_GET_PCI_INFO, get_pci_info},
    {NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID, get_uuid},
    {NV0000_CTRL_CMD_CLIENT_SET_INHERITED_SHARE_POLICY, set_inherited_share_policy},
    {NV0080_CTRL_CMD_GPU_GET_CLASSLIST, get_class_list},
    {NV0080_CTRL_CMD_GPU_GET_CLASSLIST_V2, get_class_list_v2},
    {NV0080_CTRL_CMD_GPU_GET_NUM_SUBDEVICES, get_num_subdevices},
    {NV0080_CTRL_CMD_GPU_GET_VIRTUALIZATION_MODE, get_virtualization_mode},
    {NV0080_CTRL_CMD_GPU_QUERY_SW_STATE_PERSISTENCE, get_persistence},
    {NV2080_CTRL_CMD_GPU_GET_NAME_STRING, get_name},
    {NV2080_CTRL_CMD_GPU_GET_SHORT_NAME_STRING, get_short_name},
    {NV2080_CTRL_CMD_GPU_GET_ID, get_gpu_id},
    {NV2080_CTRL_CMD_GPU_GET_INFO_V2, get_gpu_info},
    {NV2080_CTRL_CMD_GPU_QUERY_COMPUTE_MODE_RULES, get_compute_mode},
    {NV2080_CTRL_CMD_MC_GET_ARCH_INFO, get_architecture},
    {NV2080_CTRL_CMD_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO, get_times},
    {CMD_SENSORS, not_supported},
    {CMD_THERMOMETERS, not_supported},
    {CMD_FANS, not_supported},
    {NV2080_CTRL_CMD_GPU_GET_GID_INFO, get_gid_info},
    {NV2080_CTRL_CMD_FB_GET_INFO, get_fb_info},
    {NV2080_CTRL_CMD_FB_GET_INFO_V2, get_fb_info},
    {NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION, set_notification},
};

control_function *control_data_find(u32 command)
{
    u32 i;

    for (i = 0; i < ARRAY_SIZE(functions); i++)
        if (functions[i].command == command)
            return functions[i].function;
    return NULL;
}
