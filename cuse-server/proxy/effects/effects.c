/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/effects/effects.h"

/* Does nothing beside what roles say. */
static const Effect plain;
static const Effect input_only = {.access = GUEST_IN};
static const Effect without_argument = {.argument = ARGUMENT_NONE};
static const Effect any_size = {.size = SIZE_ANY};
static const Effect uvm_initialize = {.way = ASK_IN_GUEST_OR_SHARED};
static const Effect uvm_mm_initialize = {.bad_fd_is_status = true};

/* All handlers except three: the two that lead to other tables, and the one that is never forwarded. */
static const Effect *const effects[N_ABI_HANDLERS] = {
    [HANDLER_card_info] = &effect_card_info,
    [HANDLER_attach_gpus_to_fd] = &effect_attach_gpus_to_fd,
    [HANDLER_simple] = &plain,
    [HANDLER_simple_no_status] = &plain,
    [HANDLER_has_fd] = &plain,
    [HANDLER_register_fd] = &input_only,
    [HANDLER_export_dmabuf] = &effect_export_dmabuf,
    [HANDLER_alloc_memory] = &effect_alloc_memory,
    [HANDLER_alloc_context_dma2] = &effect_alloc_context_dma2,
    [HANDLER_dup_object] = &effect_dup_object,
    [HANDLER_share] = &effect_share,
    [HANDLER_free] = &effect_free,
    [HANDLER_idle_channels] = &plain,
    [HANDLER_vidheap_control] = &effect_vidheap_control,
    [HANDLER_map_memory] = &effect_map_memory,

    [HANDLER_uvm_simple] = &plain,
    [HANDLER_uvm_no_params] = &without_argument,
    [HANDLER_uvm_initialize] = &uvm_initialize,
    [HANDLER_uvm_mm_initialize] = &uvm_mm_initialize,
    [HANDLER_uvm_has_frontend_fd] = &plain,
    [HANDLER_uvm_create_external_range] = &effect_uvm_create_external_range,
    [HANDLER_uvm_map_external] = &effect_uvm_map_external,
    [HANDLER_uvm_unmap_external] = &effect_uvm_unmap_external,
    [HANDLER_uvm_free] = &effect_uvm_free,
    [HANDLER_uvm_unregister_gpu] = &effect_uvm_unregister_gpu,
    [HANDLER_uvm_alloc_semaphore_pool] = &effect_uvm_alloc_semaphore_pool,
    [HANDLER_uvm_register_channel] = &effect_register_channel,
    [HANDLER_uvm_unregister_channel] = &effect_unregister_channel,

    [HANDLER_ctrl_simple] = &any_size,
    [HANDLER_ctrl_has_frontend_fd] = &plain,
    [HANDLER_ctrl_export] = &effect_export,
    [HANDLER_ctrl_import] = &effect_import,
    [HANDLER_ctrl_set_inherited_share_policy] = &effect_inherited_share,
    [HANDLER_ctrl_set_timeslice] = &effect_set_timeslice,
    [HANDLER_ctrl_get_timeslice] = &effect_get_timeslice,
    [HANDLER_ctrl_get_pids] = &effect_get_pids,
    [HANDLER_ctrl_get_pid_info] = &effect_get_pid_info,
    [HANDLER_ctrl_util_samples] = &effect_util_samples,
    [HANDLER_ctrl_mcast_attach_gpu] = &input_only,
    [HANDLER_ctrl_info_list] = &plain,
    [HANDLER_ctrl_u32_list] = &plain,
    [HANDLER_ctrl_get_caps] = &plain,
    [HANDLER_ctrl_exec_reg_ops] = &plain,
    [HANDLER_ctrl_debug_read_memory] = &plain,
    [HANDLER_ctrl_fifo_get_channellist] = &plain,
    [HANDLER_ctrl_fifo_disable_channels] = &effect_switch_channels,
    [HANDLER_ctrl_schedule_channels] = &effect_schedule,
    [HANDLER_ctrl_get_p2p_caps] = &plain,
    [HANDLER_ctrl_get_p2p_caps_egm] = &plain,
    [HANDLER_ctrl_gpu_get_id_info] = &plain,
    [HANDLER_ctrl_get_build_version] = &effect_get_build_version,
    [HANDLER_ctrl_register_va_space] = &effect_register_va_space,
    [HANDLER_ctrl_attach_mem] = &effect_attach_mem,
    [HANDLER_ctrl_memacct_get_limits] = &effect_memacct_get_limits,
    [HANDLER_ctrl_fb_get_info] = &effect_fb_get_info,
    [HANDLER_ctrl_fb_get_info_v2] = &effect_fb_get_info_v2,

    [HANDLER_alloc_simple] = &effect_alloc,
    [HANDLER_alloc_no_params] = &effect_alloc_no_params,
    [HANDLER_alloc_root_client] = &effect_alloc_client,
    [HANDLER_alloc_event_os_event] = &effect_alloc,
    [HANDLER_alloc_imex_session] = &effect_alloc,
    [HANDLER_alloc_multicast_fabric] = &effect_alloc,
    [HANDLER_alloc_memory_virtual] = &effect_alloc,
    [HANDLER_alloc_context_dma] = &effect_alloc,
    [HANDLER_alloc_context_share] = &effect_alloc,
    [HANDLER_alloc_channel_group] = &effect_alloc_channel_group,
    [HANDLER_alloc_channel] = &effect_alloc_channel,
    [HANDLER_alloc_sm_debugger_session] = &effect_alloc,
};

const Effect *effect_of(AbiHandler handler)
{
    return effects[handler];
}
