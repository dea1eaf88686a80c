/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers: the names of what has to be done for an entry of a driver's ABI.
 *
 * HANDLER(kind, name, text for an operator: what it does). The name is spelled as in the output
 * of `nvcuse abi list`; the enumerator is HANDLER_name. */
#pragma once

/* clang-format off */
#define ABI_HANDLERS(HANDLER) \
    HANDLER(FRONTEND, card_info, "returns an array of GPUs without those that are not the container's") \
    HANDLER(FRONTEND, attach_gpus_to_fd, "passes an array of GPUs on; those that are not the container's are replaced by invalid ids") \
    HANDLER(FRONTEND, simple, "passes the struct on") \
    HANDLER(FRONTEND, simple_no_status, "passes the struct on; it has no status field") \
    HANDLER(FRONTEND, has_fd, "passes the struct on with its file descriptor translated") \
    HANDLER(FRONTEND, register_fd, "ties the file to a control file, whose descriptor is translated") \
    HANDLER(FRONTEND, numa_info, "always answers EINVAL: the host's NUMA layout is not the container's") \
    HANDLER(FRONTEND, export_dmabuf, "hands out a dma-buf as a file of the container") \
    HANDLER(FRONTEND, alloc_memory, "allocates memory, or describes the caller's own to the GPU") \
    HANDLER(FRONTEND, alloc_context_dma2, "allocates a context DMA and tracks it") \
    HANDLER(FRONTEND, dup_object, "duplicates an object and tracks the copy") \
    HANDLER(FRONTEND, share, "passes on who else may duplicate an object, and enforces it") \
    HANDLER(FRONTEND, free, "frees an object and everything that depends on it") \
    HANDLER(FRONTEND, control, "looks the control command up in its own table") \
    HANDLER(FRONTEND, alloc, "looks the class up in its own table") \
    HANDLER(FRONTEND, idle_channels, "passes the struct and its three lists of handles on") \
    HANDLER(FRONTEND, vidheap_control, "allocates from the video heap and tracks the object") \
    HANDLER(FRONTEND, map_memory, "prepares a mapping of memory into the container") \
    HANDLER(UVM, uvm_simple, "passes the struct on") \
    HANDLER(UVM, uvm_no_params, "passes the call on without an argument") \
    HANDLER(UVM, uvm_initialize, "ties the UVM file to the caller's address space, from within its process") \
    HANDLER(UVM, uvm_has_frontend_fd, "passes the struct on with its control file translated") \
    HANDLER(UVM, uvm_create_external_range, "makes a range of addresses for memory, and tracks it") \
    HANDLER(UVM, uvm_map_external, "maps memory for GPUs; the memory counts as long as it is mapped") \
    HANDLER(UVM, uvm_unmap_external, "unmaps memory for a GPU") \
    HANDLER(UVM, uvm_free, "frees a range of addresses, and unmaps the memory there") \
    HANDLER(UVM, uvm_unregister_gpu, "ends the use of a GPU, and unmaps the memory that is mapped for it") \
    HANDLER(UVM, uvm_alloc_semaphore_pool, "makes a range of addresses with memory for semaphores, and tracks it") \
    HANDLER(UVM, uvm_register_channel, "passes the struct on with its control file translated, and tracks the channel") \
    HANDLER(UVM, uvm_unregister_channel, "passes the struct on; the channel runs meanwhile, even if it is kept off") \
    HANDLER(UVM, uvm_mm_initialize, "ties a second UVM file to the first, which is translated") \
    HANDLER(CONTROL, ctrl_simple, "passes the parameters on as plain bytes") \
    HANDLER(CONTROL, ctrl_has_frontend_fd, "passes the struct on with its file descriptor translated") \
    HANDLER(CONTROL, ctrl_export, "exports objects to a file, whose descriptor is translated, and counts them") \
    HANDLER(CONTROL, ctrl_import, "imports objects from a file, whose descriptor is translated, and tracks them") \
    HANDLER(CONTROL, ctrl_set_inherited_share_policy, "passes on who else may duplicate a client's objects, and enforces it") \
    HANDLER(CONTROL, ctrl_set_timeslice, "sets the time slice of a channel group, within the instance's limit") \
    HANDLER(CONTROL, ctrl_get_timeslice, "returns the time slice of a channel group, as the container set it") \
    HANDLER(CONTROL, ctrl_get_pids, "lists the container's own processes on the GPU, by their numbers in it") \
    HANDLER(CONTROL, ctrl_get_pid_info, "returns how much of the GPU the container's own processes use") \
    HANDLER(CONTROL, ctrl_util_samples, "returns how much the container's own processes have used the GPU") \
    HANDLER(CONTROL, ctrl_mcast_attach_gpu, "attaches a GPU to a multicast object; translates its descriptor") \
    HANDLER(CONTROL, ctrl_info_list, "passes the struct and its list of index/value pairs on") \
    HANDLER(CONTROL, ctrl_u32_list, "passes the struct and its list of numbers on") \
    HANDLER(CONTROL, ctrl_get_caps, "passes the struct on and returns its table of bytes") \
    HANDLER(CONTROL, ctrl_exec_reg_ops, "passes the struct and its list of register operations on") \
    HANDLER(CONTROL, ctrl_debug_read_memory, "passes the struct on and returns the memory read") \
    HANDLER(CONTROL, ctrl_fifo_get_channellist, "passes the struct and its two lists of channels on") \
    HANDLER(CONTROL, ctrl_schedule_channels, "schedules channels, and tracks which run; keeps off what is to be kept off") \
    HANDLER(CONTROL, ctrl_fifo_disable_channels, "passes the struct on without channels that are kept off; refuses a preemption event") \
    HANDLER(CONTROL, ctrl_get_build_version, "passes the struct on and returns its three strings") \
    HANDLER(CONTROL, ctrl_get_p2p_caps, "passes the struct on and returns its table of peer ids") \
    HANDLER(CONTROL, ctrl_get_p2p_caps_egm, "passes the struct on and returns its two tables of peer ids") \
    HANDLER(CONTROL, ctrl_gpu_get_id_info, "passes the struct on without its name buffer") \
    HANDLER(CONTROL, ctrl_register_va_space, "registers a virtual address space and tracks the dependency") \
    HANDLER(CONTROL, ctrl_attach_mem, "attaches memory to fabric memory, which keeps it allocated") \
    HANDLER(CONTROL, ctrl_memacct_get_limits, "returns the limits of the driver's own accounting of memory, for the worker") \
    HANDLER(CONTROL, ctrl_fb_get_info, "returns sizes of the GPU's memory, of which the container sees its quota") \
    HANDLER(CONTROL, ctrl_fb_get_info_v2, "returns sizes of the GPU's memory, of which the container sees its quota") \
    HANDLER(ALLOC, alloc_simple, "allocates the object with its parameters and tracks it") \
    HANDLER(ALLOC, alloc_no_params, "allocates the object without parameters and tracks it") \
    HANDLER(ALLOC, alloc_root_client, "makes a client: the root of a tree of objects") \
    HANDLER(ALLOC, alloc_event_os_event, "makes an event; its file descriptor is translated") \
    HANDLER(ALLOC, alloc_imex_session, "opens an IMEX session; its two file descriptors are translated") \
    HANDLER(ALLOC, alloc_multicast_fabric, "allocates multicast memory; its event descriptor is translated") \
    HANDLER(ALLOC, alloc_memory_virtual, "allocates virtual memory that depends on its address space") \
    HANDLER(ALLOC, alloc_context_dma, "allocates a context DMA that depends on its memory") \
    HANDLER(ALLOC, alloc_context_share, "allocates a context share that depends on its address space") \
    HANDLER(ALLOC, alloc_channel_group, "allocates a channel group that depends on its address space") \
    HANDLER(ALLOC, alloc_channel, "allocates a channel that depends on its address space and context share") \
    HANDLER(ALLOC, alloc_sm_debugger_session, "opens a debugger session that depends on its 3D object")
/* clang-format on */

#define ABI_HANDLER_ENUMERATOR(KIND, NAME, TEXT) HANDLER_##NAME,
typedef enum { ABI_HANDLERS(ABI_HANDLER_ENUMERATOR) N_ABI_HANDLERS } AbiHandler;
#undef ABI_HANDLER_ENUMERATOR

/** abi_handler_name: get a handler's name as in `nvcuse abi list`, for example "ctrl_info_list". */
const char *abi_handler_name(AbiHandler handler);

/** abi_handler_summary: get one phrase on what the handler does, without a full stop. */
const char *abi_handler_summary(AbiHandler handler);
