/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of members that name GPUs. A test holds it against every driver version: a member that
 * sounds like a GPU's must be in here, one way or the other.
 */
#include "cuse-server/proxy/gpu-scope-rules.h"

#include <string.h>

#include <glib.h>

#include "cuse-server/proxy/params.h"
#include "version-tree/abi-layouts.h"

/* clang-format off */

static const ScopeRule rules[] = {
    /* The system's GPUs. */
    {"NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS", "gpuIds", SCOPE_LIST, NULL},
    {"NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS", "gpuIds", SCOPE_LIST, "gpuFlags"},
    {"NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS", "excludedGpuIds", SCOPE_LIST, NULL},
    {"NV0000_CTRL_GPU_GET_DEVICE_IDS_PARAMS", "deviceIds", SCOPE_MASK, NULL},
    {"NV0000_CTRL_GPU_GET_ACTIVE_DEVICE_IDS_PARAMS", "devices.gpuId", SCOPE_RECORDS, "numDevices"},
    {"NV0000_SYNC_GPU_BOOST_GROUP_INFO_PARAMS", "pBoostGroups.gpuIds", SCOPE_GROUPS, "groupCount"},

    /* About a GPU that the guest names. */
    {"NV0000_CTRL_GPU_GET_ID_INFO_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_GET_PCI_INFO_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_QUERY_DRAIN_STATE_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPUACCT_GET_ACCOUNTING_STATE_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_ATTACH_IDS_PARAMS", "gpuIds", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_ATTACH_IDS_PARAMS", "failedId", SCOPE_FAILED_ID, "gpuIds"},
    {"NV0000_CTRL_GPU_DETACH_IDS_PARAMS", "gpuIds", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_ASYNC_ATTACH_ID_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_GPU_WAIT_ATTACH_ID_PARAMS", "gpuId", SCOPE_ID, NULL},
    {"NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS", "gpuIds", SCOPE_ID, NULL},
    {"NV0000_CTRL_SYSTEM_GET_P2P_CAPS_V2_PARAMS", "gpuIds", SCOPE_ID, NULL},
    {"NV0000_CTRL_SYSTEM_GET_P2P_CAPS_MATRIX_PARAMS", "gpuIdGrpA", SCOPE_ID, NULL},
    {"NV0000_CTRL_SYSTEM_GET_P2P_CAPS_MATRIX_PARAMS", "gpuIdGrpB", SCOPE_ID, NULL},

    /* Devices, and objects that may be of several. */
    {"NV0080_ALLOC_PARAMETERS", "deviceId", SCOPE_DEVICE, NULL},
    {"NV0000_CTRL_OS_UNIX_GET_EXPORT_OBJECT_INFO_PARAMS", "deviceInstance", SCOPE_SAID_DEVICE, NULL},
    {"NV00E0_ALLOCATION_PARAMETERS", "deviceInstanceMask", SCOPE_MASK, "giIdMasks"},
    {"NV2080_CTRL_GPU_GET_ID_PARAMS", "gpuId", SCOPE_SAID_ID, NULL},
    {"NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS", "linkInfo.remoteDeviceInfo", SCOPE_LINK, NULL},

    /* nvidia-uvm. */
    {"UVM_REGISTER_GPU_PARAMS", "gpu_uuid", SCOPE_REGISTER_UUID, NULL},
    {"UVM_UNREGISTER_GPU_PARAMS", "gpu_uuid", SCOPE_UUID, NULL},
    {"UVM_REGISTER_GPU_VASPACE_PARAMS", "gpuUuid", SCOPE_UUID, NULL},
    {"UVM_UNREGISTER_GPU_VASPACE_PARAMS", "gpuUuid", SCOPE_UUID, NULL},
    {"UVM_REGISTER_CHANNEL_PARAMS", "gpuUuid", SCOPE_UUID, NULL},
    {"UVM_UNREGISTER_CHANNEL_PARAMS", "gpuUuid", SCOPE_UUID, NULL},
    {"UVM_ENABLE_PEER_ACCESS_PARAMS", "gpuUuidA", SCOPE_UUID, NULL},
    {"UVM_ENABLE_PEER_ACCESS_PARAMS", "gpuUuidB", SCOPE_UUID, NULL},
    {"UVM_DISABLE_PEER_ACCESS_PARAMS", "gpuUuidA", SCOPE_UUID, NULL},
    {"UVM_DISABLE_PEER_ACCESS_PARAMS", "gpuUuidB", SCOPE_UUID, NULL},
    {"UVM_MAP_EXTERNAL_ALLOCATION_PARAMS", "perGpuAttributes.gpuUuid", SCOPE_UUID, NULL},
    {"UVM_UNMAP_EXTERNAL_PARAMS", "gpuUuid", SCOPE_UUID, NULL},
    {"UVM_ALLOC_SEMAPHORE_POOL_PARAMS", "perGpuAttributes.gpuUuid", SCOPE_UUID, NULL},
    {"UVM_MAP_DYNAMIC_PARALLELISM_REGION_PARAMS", "gpuUuid", SCOPE_UUID, NULL},
    {"UVM_SET_PREFERRED_LOCATION_PARAMS", "preferredLocation", SCOPE_UUID, NULL},
    {"UVM_SET_ACCESSED_BY_PARAMS", "accessedByUuid", SCOPE_UUID, NULL},
    {"UVM_UNSET_ACCESSED_BY_PARAMS", "accessedByUuid", SCOPE_UUID, NULL},
    {"UVM_MIGRATE_PARAMS", "destinationUuid", SCOPE_UUID, NULL},
    {"UVM_MIGRATE_RANGE_GROUP_PARAMS", "destinationUuid", SCOPE_UUID, NULL},
    {"UVM_PAGEABLE_MEM_ACCESS_ON_GPU_PARAMS", "gpu_uuid", SCOPE_UUID, NULL},
};

#define OF_THE_GPU_ASKED "said of the GPU that the guest named, which is one of ours"
#define OF_OWN_OBJECT    "of the GPU that the object is on, which is one of ours"
#define IN_A_DEVICE      "counts GPUs within one device"
#define A_PARTITION      "a MIG partition of a GPU that the record is about"
#define AN_EXPORT        "names exported memory, not a GPU"
#define THE_FABRIC       "the node's management, for which the capability fabric-imex-mgmt is opened"

static const ScopeLeftAlone left_alone[] = {
    {"NV0000_CTRL_GPU_GET_ID_INFO_PARAMS", "deviceInstance", OF_THE_GPU_ASKED},
    {"NV0000_CTRL_GPU_GET_ID_INFO_PARAMS", "subDeviceInstance", IN_A_DEVICE},
    {"NV0000_CTRL_GPU_GET_ID_INFO_PARAMS", "gpuInstance", OF_THE_GPU_ASKED},
    {"NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS", "deviceInstance", OF_THE_GPU_ASKED},
    {"NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS", "subDeviceInstance", IN_A_DEVICE},
    {"NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS", "gpuInstance", OF_THE_GPU_ASKED},
    {"NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS", "gpuUuid", OF_THE_GPU_ASKED},
    {"NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS", "uuidStrLen", OF_THE_GPU_ASKED},
    {"NV0000_CTRL_GPU_ACTIVE_DEVICE", "gpuId", "by the rule for the list of them"},
    {"NV0000_CTRL_GPU_ACTIVE_DEVICE", "gpuInstanceId", A_PARTITION},
    {"NV0000_SYNC_GPU_BOOST_GROUP_CONFIG", "gpuIds", "by the rule for the list of them"},
    {"NV0000_CTRL_OS_UNIX_GET_EXPORT_OBJECT_INFO_PARAMS", "gpuInstanceId", A_PARTITION},
    {"NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA", "exportUuid", THE_FABRIC},
    {"NV00F1_CTRL_CLIQUE_ID_CHANGE_GPU_EVENT_DATA", "gpuId", THE_FABRIC},
    {"NV00F1_CTRL_FABRIC_MEM_IMPORT_EVENT_DATA", "exportUuid", THE_FABRIC},
    {"NV00FB_ALLOCATION_PARAMETERS", "exportUuid", AN_EXPORT},
    {"NV_EXPORT_MEM_PACKET", "uuid", AN_EXPORT},
    {"NV2080_ALLOC_PARAMETERS", "subDeviceId", IN_A_DEVICE},
    {"NV906F_CTRL_CMD_RESET_CHANNEL_PARAMS", "subdeviceInstance", IN_A_DEVICE},
    {"NV_CHANNEL_ALLOC_PARAMS", "subDeviceId", IN_A_DEVICE},
    {"NV2080_CTRL_BUS_GET_PCI_BAR_INFO_PARAMS", "pciBarCount", OF_OWN_OBJECT},
    {"NV2080_CTRL_BUS_GET_PCI_BAR_INFO_PARAMS", "pciBarInfo", OF_OWN_OBJECT},
    {"NV2080_CTRL_BUS_GET_PCI_INFO_PARAMS", "pciDeviceId", OF_OWN_OBJECT},
    {"NV2080_CTRL_BUS_GET_PCI_INFO_PARAMS", "pciSubSystemId", OF_OWN_OBJECT},
    {"NV2080_CTRL_BUS_GET_PCI_INFO_PARAMS", "pciRevisionId", OF_OWN_OBJECT},
    {"NV2080_CTRL_BUS_GET_PCI_INFO_PARAMS", "pciExtDeviceId", OF_OWN_OBJECT},
    {"NV2080_CTRL_GPU_GET_CHIP_DETAILS_PARAMS", "pciDevId", OF_OWN_OBJECT},
    {"NV2080_CTRL_GPU_GET_CHIP_DETAILS_PARAMS", "chipMinor", OF_OWN_OBJECT},
    {"NV2080_CTRL_SMC_SUBSCRIPTION_INFO", "gpuInstanceId", A_PARTITION},
    {"NV2080_CTRL_CMD_GET_GPU_FABRIC_PROBE_INFO_PARAMS", "clusterUuid", "names a cluster, not a GPU"},
    {"NV2080_CTRL_NVLINK_DEVICE_INFO", "deviceIdFlags", "by the rule for the links"},
    {"NV2080_CTRL_NVLINK_DEVICE_INFO", "pciDeviceId", "by the rule for the links"},
    {"NV2080_CTRL_NVLINK_DEVICE_INFO", "deviceUUID", "by the rule for the links"},
    {"NV2080_CTRL_NVLINK_LINK_STATUS_INFO", "remoteDeviceInfo", "by the rule for the links"},
    {"NV2080_CTRL_NVLINK_LINK_STATUS_INFO", "remoteDeviceLinkNumber", "by the rule for the links"},
    {"UvmGpuMappingAttributes", "gpuUuid", "by the rules for the lists of them"},
    {"NvProcessorUuid", "uuid", "by the rules for the members of this type"},
    {"nv_ioctl_card_info_t", "minor_number", "gpu-scope-cards.c: an array as long as the guest likes"},
    {"nv_ioctl_card_info_t", "pci_info", "gpu-scope-cards.c"},
    {"nv_ioctl_card_info_t", "gpu_id", "gpu-scope-cards.c"},
};

/* clang-format on */

const ScopeRule *scope_rule_list(size_t *n)
{
    *n = G_N_ELEMENTS(rules);
    return rules;
}

const ScopeLeftAlone *scope_left_alone_list(size_t *n)
{
    *n = G_N_ELEMENTS(left_alone);
    return left_alone;
}

/* --- where they are --------------------------------------------------------------------------- */

struct ScopeRules {
    GHashTable *structs; /* AbiLayout -> ScopeStruct */
};

static const AbiField *find_field(const AbiLayout *layout, const char *name, size_t length)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strlen(layout->fields[i].name) == length &&
            memcmp(layout->fields[i].name, name, length) == 0) {
            return &layout->fields[i];
        }
    }
    return NULL;
}

/* Returns false if the struct has no such member in this shape. */
static bool find_member(const AbiLayout *layout, const char *name, ScopeMember *member)
{
    const char *dot = strchr(name, '.');
    const AbiField *field = find_field(layout, name, dot ? (size_t)(dot - name) : strlen(name));

    if (!field || field->type->size == 0) {
        return false;
    }
    *member = (ScopeMember){
        .offset = field->offset,
        .stride = field->type->size,
        .size = field->type->size,
        .n = field->size / field->type->size,
        .type = dot ? field->type : layout,
    };
    if (dot) {
        const AbiField *inner = params_field(field->type, dot + 1);
        member->within = inner->offset;
        member->size = inner->size;
    }
    return true;
}

static void add_place(ScopeStruct *found, const ScopeRule *rule)
{
    ScopePlace place = {.role = rule->role};

    if (!find_member(found->layout, rule->member, &place.member)) {
        return;
    }
    if (rule->beside) {
        (void)find_member(found->layout, rule->beside, &place.beside);
    }
    g_assert(found->n_places < G_N_ELEMENTS(found->places));
    found->places[found->n_places++] = place;
}

ScopeRules *scope_rules_new(const DriverAbi *abi)
{
    ScopeRules *result = g_new0(ScopeRules, 1);
    g_autoptr(GPtrArray) layouts = driver_abi_structs(abi);

    result->structs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (guint i = 0; i < layouts->len; i++) {
        const AbiLayout *layout = g_ptr_array_index(layouts, i);
        ScopeStruct found = {.layout = layout};
        for (size_t r = 0; r < G_N_ELEMENTS(rules); r++) {
            if (strcmp(rules[r].structure, layout->name) == 0) {
                add_place(&found, &rules[r]);
            }
        }
        if (found.n_places > 0) {
            g_hash_table_insert(result->structs, (gpointer)layout, g_memdup2(&found, sizeof found));
        }
    }
    return result;
}

void scope_rules_free(ScopeRules *rules_of_driver)
{
    g_hash_table_unref(rules_of_driver->structs);
    g_free(rules_of_driver);
}

const ScopeStruct *scope_rules_find(const ScopeRules *rules_of_driver, const AbiLayout *layout)
{
    return g_hash_table_lookup(rules_of_driver->structs, layout);
}
