/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rooms behind proxy_ioctl(): one dispatcher for each kind of table. All of them look up their
 * entry, refuse what has none or whose capabilities are closed, and run the handler that the table
 * names. A handler kind that is not in a dispatcher's list is refused like an unknown number.
 */
#pragma once

#include <sys/ioctl.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos32.h"
#include "cuse-server/proxy/proxy.h"

/** frontend_ioctl: /dev/nvidiactl and /dev/nvidiaN; by the NR byte of the command. */
RequestResult frontend_ioctl(Request *req);

/** uvm_ioctl: /dev/nvidia-uvm; by the whole command word. */
RequestResult uvm_ioctl(Request *req);

/** frontend_control: NV_ESC_RM_CONTROL; by NVOS54_PARAMETERS.cmd. */
RequestResult frontend_control(Request *req, const AbiEntry *entry);

/** frontend_alloc: NV_ESC_RM_ALLOC in both its forms; by hClass. */
RequestResult frontend_alloc(Request *req, const AbiEntry *entry);

/* Memory, its mappings, and what is allocated by calls of its own: memory.c. */
RequestResult frontend_alloc_memory(Request *req, const AbiEntry *entry);
RequestResult frontend_map_memory(Request *req, const AbiEntry *entry);
RequestResult frontend_vidheap_control(Request *req, const AbiEntry *entry);
RequestResult frontend_alloc_context_dma2(Request *req, const AbiEntry *entry);

/* Memory of the caller's, once the call's struct is committed: os-descriptor.c. */
RequestResult os_descriptor_alloc(Request *req, const AbiEntry *entry,
                                  nv_ioctl_nvos02_parameters_with_fd *p);
RequestResult os_descriptor_heap(Request *req, const AbiEntry *entry, NVOS32_PARAMETERS *p);

/* Arrays of GPUs: gpu-scope-cards.c. */
RequestResult frontend_card_info(Request *req, const AbiEntry *entry);
RequestResult frontend_attach_gpus_to_fd(Request *req, const AbiEntry *entry);

/** frontend_export_dmabuf: memory of a GPU as a dma-buf: dma-buf.c. */
RequestResult frontend_export_dmabuf(Request *req, const AbiEntry *entry);

/**
 * frontend_command: the ioctl word for the host's frontend driver, which looks at number and size
 * only.
 * @size: of the argument, at most 16383 bytes
 */
static inline uint32_t frontend_command(uint32_t number, size_t size)
{
    return NV_FRONTEND_WORD(number, size);
}

/** frontend_size: the argument size in a frontend ioctl word. */
static inline size_t frontend_size(uint32_t command)
{
    return _IOC_SIZE(command);
}
