/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/nvidia-uvm: address spaces that CPUs and GPUs share. */
#pragma once

#include "abi/uvm.h"
#include "rm/rm.h"

enum uvm_range_kind { UVM_RANGE_MANAGED, UVM_RANGE_EXTERNAL, UVM_RANGE_SEMAPHORES };

#define UVM_CHANNELS_MAX 32

/** struct uvm_external: a mapping of memory for one GPU. It holds the memory. */
struct uvm_external {
    struct list_head link; /* in the range, by address */
    u32 gpu;               /* index */
    u64 start, end;        /* [start, end) */
    u64 page;              /* bytes: of the GPU's page table; the mapping can be split at these */
    struct model_memory *memory;
};

struct uvm_range {
    struct list_head link;
    enum uvm_range_kind kind;
    u64 start, end; /* [start, end) */
    size_t n_pages;
    struct page **pages; /* those that were touched; NULL for external ranges */
    unsigned int vmas;   /* that show it */
    u64 group;
    struct list_head externals;
};

struct uvm_channel {
    u32 client, channel;
    u64 base, length;
};

struct uvm_space {
    struct kref refs;
    struct mutex lock;
    u64 flags;
    struct mm_struct *mm; /* the one it is tied to; NULL with multi-process sharing */
    bool mm_initialized;  /* UVM_MM_INITIALIZE was done */
    bool mm_released;     /* and its file closed */
    struct list_head ranges;
    u64 next_group, groups;    /* a bit for each group that exists */
    u32 gpus, vaspaces;        /* a bit for each GPU */
    u32 peers[MODEL_GPUS_MAX]; /* for each GPU: a bit for each GPU whose memory it may use */
    struct uvm_channel channels[UVM_CHANNELS_MAX];
};

struct uvm_file {
    unsigned int id;
    struct mutex lock;
    struct uvm_space *space; /* UVM_INITIALIZE */
    struct uvm_space *mm_of; /* UVM_MM_INITIALIZE: the space that this file keeps */
};

struct uvm_call {
    struct uvm_file *file;
    struct uvm_space *space; /* its own; NULL before UVM_INITIALIZE */
    struct params params;
    struct record *record;
};

/** uvm_function: answer a call, under no lock. Returns: NvStatus. */
typedef u32 uvm_function(struct uvm_call *call);

/* uvm-file.c */
uvm_function uvm_initialize, uvm_mm_initialize, uvm_register_gpu, uvm_unregister_gpu,
    uvm_register_vaspace, uvm_unregister_vaspace, uvm_register_channel, uvm_unregister_channel,
    uvm_enable_peer_access, uvm_disable_peer_access, uvm_pageable_access,
    uvm_pageable_access_on_gpu;
int uvm_open(struct inode *inode, struct file *filp);
int uvm_release(struct inode *inode, struct file *filp);

/** uvm_gpu: index of the GPU whose UUID a parameter contains; NV_ERR_INVALID_DEVICE if there is none. */
u32 uvm_gpu(struct uvm_call *call, const char *name, u32 *index);

/* uvm-range.c */
uvm_function uvm_create_range_group, uvm_destroy_range_group, uvm_set_range_group,
    uvm_migrate_range_group, uvm_create_external_range, uvm_alloc_semaphore_pool, uvm_free,
    uvm_validate_range, uvm_on_managed_range, uvm_map_dynamic_parallelism, uvm_read_memory,
    uvm_write_memory;
int uvm_mmap(struct file *filp, struct vm_area_struct *vma);

/** uvm_ranges_free: free all ranges of a space that ends. */
void uvm_ranges_free(struct uvm_space *space);

/** uvm_call_bounds: the addresses [start, end) that a call is about. */
void uvm_call_bounds(struct uvm_call *call, u64 *start, u64 *end);

/** uvm_call_range: the range that contains all addresses of a call, or NULL. */
struct uvm_range *uvm_call_range(struct uvm_call *call);

/* uvm-external.c */
uvm_function uvm_map_external, uvm_unmap_external;

/** uvm_externals_free: end all mappings of a range. */
void uvm_externals_free(struct uvm_range *range);

/** uvm_externals_of_gpu_free: end a GPU's mappings in all ranges. */
void uvm_externals_of_gpu_free(struct uvm_space *space, u32 gpu);

/** uvm_externals_of_owner_free: end the mappings of memory of GPU @owner, by GPU @gpu; U32_MAX: by any GPU. */
void uvm_externals_of_owner_free(struct uvm_space *space, u32 gpu, u32 owner);
