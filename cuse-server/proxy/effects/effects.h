/* SPDX-License-Identifier: Apache-2.0 */
/* Lists all effects, and maps each handler of the driver's table to its effect. */
#pragma once

#include "cuse-server/proxy/call/call.h"
#include "version-tree/handler.h"

/** effect_of: get the effect of a handler. Returns NULL if calls with this handler lead to another table, or are refused. */
const Effect *effect_of(AbiHandler handler);

/* Objects and their clients: objects.c, duplicate.c, control-exports.c. */
extern const Effect effect_free, effect_alloc, effect_alloc_no_params, effect_alloc_client,
    effect_alloc_channel_group, effect_alloc_channel, effect_alloc_context_dma2,
    effect_register_va_space, effect_attach_mem;
extern const Effect effect_dup_object, effect_share, effect_inherited_share;
extern const Effect effect_export, effect_import, effect_export_dmabuf;

/* Memory: memory.c, os-descriptor.c. */
extern const Effect effect_map_memory, effect_alloc_memory, effect_vidheap_control;
extern const Effect effect_os_descriptor, effect_os_descriptor_heap;

/* What nvidia-uvm maps: uvm-external.c. */
extern const Effect effect_uvm_create_external_range, effect_uvm_alloc_semaphore_pool;
extern const Effect effect_uvm_map_external, effect_uvm_unmap_external;
extern const Effect effect_uvm_free, effect_uvm_unregister_gpu;

/* Channels: channels.c. */
extern const Effect effect_schedule, effect_switch_channels;
extern const Effect effect_register_channel, effect_unregister_channel;

/* GPUs, and the processes that use them: gpu-scope-cards.c, control-processes.c, memory-sizes.c, control-timeslice.c, build-version.c. */
extern const Effect effect_card_info, effect_attach_gpus_to_fd;
extern const Effect effect_get_pids, effect_get_pid_info, effect_util_samples;
extern const Effect effect_fb_get_info, effect_fb_get_info_v2, effect_memacct_get_limits;
extern const Effect effect_set_timeslice, effect_get_timeslice;
extern const Effect effect_get_build_version;
