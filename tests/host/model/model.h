/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of NVIDIA's kernel driver, with GPUs that do no work.
 *
 * Everything that a program can observe of the driver through system calls is as in the driver: device
 * numbers, who owns a client, which calls are refused and how, which memory a mapping shows, in whose
 * address space a pointer is valid, which events poll consumes. Nothing is computed.
 *
 * Where it is simpler than the driver:
 * - A GPU's memory is ordinary pages, allocated at their first use; mappings of it are page by page
 *   and are never revoked. Caching attributes are those of the mapping only, not of the kernel's.
 * - A mapping context keeps the pages of its memory until its file is closed; that does not count as
 *   a holder of the memory (memory/usage.h).
 * - There is one lock for the resource manager; in the driver there are several.
 * - Classes and controls without code here are generic: their parameters must have the right
 *   size, and a control answers with a pattern computed from its input.
 * - Access rights, MIG, SLI, suspend, non-blocking opens and accounting do not exist.
 * - OS descriptors of device memory (VM_IO) are refused; so is NV_ESC_RM_VID_HEAP_CONTROL except
 *   ALLOC_SIZE. Compression, and the host's memory that some GPUs take part in (EGM), do not exist.
 * - Contexts, channels and page tables take no memory of the GPU. A channel has no work; it is known when the GPU would run it
 *   (rm/rm-channel.h).
 * - Only memory can be exported to files.
 * - Calls that the project's tables do not have are unknown here, except event data and the long
 *   form of an ioctl.
 * - The object that a capability's file allows keeps the file; the driver also puts a duplicate of
 *   it into the caller's table.
 *
 * Locks: rm_lock, then mmap_lock, then those of a file. Nothing that runs under mmap_lock takes
 * rm_lock. User memory is read before rm_lock is taken and written after it is released.
 */
#pragma once

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "abi-tree.h"
#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "memory/usage.h"
#include "record.h"

#define MODEL_NAME     "nvcuse-model"
#define MODEL_GPUS_MAX 8

/* --- GPUs (main.c) */

struct nv_gpu {
    u32 index; /* device instance and minor */
    u32 gpu_id;
    u32 bus;
    u64 memory; /* bytes */
    u64 heap;   /* bytes of them that can be allocated */
    struct memory_usage used;
    atomic64_t next_address; /* of memory objects, in its framebuffer BAR */
    u8 uuid[16];
    char uuid_text[41]; /* "GPU-..." */
};

#define GPU_FB_BAR(GPU)       (0x100000000000ULL + ((u64)(GPU)->index << 40))
#define GPU_REGISTER_BAR(GPU) (0xf0000000ULL + ((u64)(GPU)->index << 24))
#define GPU_REGISTER_BAR_SIZE 0x1000000ULL
#define GPU_PCI_DEVICE_ID     0x20b0
#define GPU_NAME              "NVIDIA Model GPU"

/* Minor of nvidia-caps that stands for /proc/driver/nvidia/capabilities/fabric-imex-mgmt. */
#define MODEL_CAP_FABRIC_IMEX_MGMT 3

extern struct nv_gpu model_gpus[MODEL_GPUS_MAX];
extern unsigned int model_n_gpus;
extern const char *model_version;
extern struct memory_usage model_system_used;

/** gpu_by_id, gpu_by_uuid: a GPU, or NULL. */
struct nv_gpu *gpu_by_id(u32 gpu_id);
struct nv_gpu *gpu_by_uuid(const u8 uuid[16]);

/* --- open files of /dev/nvidiactl and /dev/nvidiaN (main.c) */

struct model_memory;

/** struct map_context: the memory that mmap of a file shows. At most one in a file's life. */
struct map_context {
    struct model_memory *memory;
    u64 offset; /* bytes, of the page that the mapping starts with */
    u64 length; /* bytes, whole pages */
    bool read_only;
    u32 caching; /* NVOS33_FLAGS_CACHING_TYPE_* */
};

/** struct export_slot: a duplicate of an object, which a file has. @memory: NULL: it is empty */
struct export_slot {
    struct model_memory *memory;
    u32 class;
    struct nv_gpu *gpu;
};

/** export_slot_clear: free what is in a place. */
void export_slot_clear(struct export_slot *slot);

struct nv_file {
    char name[12];      /* of its device node */
    unsigned int id;    /* for the record */
    struct nv_gpu *gpu; /* NULL: nvidiactl */
    struct file *ctl;   /* NV_ESC_REGISTER_FD; holds a reference */
    bool attached;      /* NV_ESC_ATTACH_GPUS_TO_FD was done */
    bool is_descriptor; /* passed to the driver as the descriptor of a GPU */

    struct mutex context_lock;
    struct map_context *context;
    struct export_slot *exports; /* @max_exports of them, or NULL: none yet; under rm_lock */
    u16 max_exports;
    u32 export_device; /* instance of the GPU that all of them are of; U32_MAX: no GPU */
    u8 export_metadata[64];

    spinlock_t event_lock;
    wait_queue_head_t event_queue;
    struct list_head events; /* queued, with data */
    bool event_pending;      /* posted, without data */
};

extern const struct file_operations nv_fops, caps_fops, uvm_fops;

/** nv_file_get: the open file of a descriptor of the calling task, if it is of the wanted kind: NV_FILE_CTL, NV_FILE_GPU or
 * NV_FILE_ANY; else NULL. The caller releases it with fput. */
enum nv_file_kind { NV_FILE_ANY, NV_FILE_CTL, NV_FILE_GPU };
struct file *nv_file_get(int fd, enum nv_file_kind kind);

/** nv_file_owner: the file that owns clients which are allocated through this one. */
struct nv_file *nv_file_owner(struct nv_file *file);

/** fd_name: for the record, the file of a descriptor of the calling task: "nvidiactl.3", "-", "other". Returns: @buffer */
const char *fd_name(int fd, char *buffer, size_t size);

/* --- live counts (record.c shows them) */

#define LIVE_COUNTS(COUNT) \
    COUNT(files)           \
    COUNT(clients)         \
    COUNT(objects)         \
    COUNT(memory)          \
    COUNT(pinned_pages)    \
    COUNT(mappings)        \
    COUNT(contexts)        \
    COUNT(vmas)            \
    COUNT(os_events)       \
    COUNT(exports)         \
    COUNT(dma_bufs)        \
    COUNT(uvm_files)       \
    COUNT(uvm_spaces)      \
    COUNT(uvm_ranges)      \
    COUNT(uvm_externals)   \
    COUNT(uvm_pages)

#define LIVE_ENUMERATOR(NAME) LIVE_##NAME,
enum live_count { LIVE_COUNTS(LIVE_ENUMERATOR) N_LIVE_COUNTS };
extern atomic_long_t live[N_LIVE_COUNTS];
#define live_add(NAME, N) atomic_long_add(N, &live[LIVE_##NAME])

/* --- a call of an NVIDIA ioctl (escape.c) */

struct nv_call {
    struct nv_file *file;
    unsigned int nr;
    struct params params; /* the argument, copied in; copied out when the handler returns */
    u32 size;
    struct record *record;
};

long nv_ioctl(struct file *filp, unsigned int command, unsigned long argument);

/** Handlers: return 0 or a negative errno; only after -EFAULT nothing is copied out. */
int nv_rm_alloc(struct nv_call *call);
int nv_rm_alloc_memory(struct nv_call *call);
int nv_rm_free(struct nv_call *call);
int nv_rm_control(struct nv_call *call);
int nv_rm_dup_object(struct nv_call *call);
int nv_rm_share(struct nv_call *call);
int nv_rm_vid_heap_control(struct nv_call *call);
int nv_rm_map_memory(struct nv_call *call);
int nv_rm_unmap_memory(struct nv_call *call);
int nv_rm_update_mapping(struct nv_call *call);
int nv_rm_idle_channels(struct nv_call *call);
int nv_rm_alloc_context_dma2(struct nv_call *call);
int nv_rm_map_memory_dma(struct nv_call *call);
int nv_rm_unmap_memory_dma(struct nv_call *call);
int nv_rm_get_event_data(struct nv_call *call);
int nv_card_info(struct nv_call *call);
int nv_register_fd(struct nv_call *call);
int nv_alloc_os_event(struct nv_call *call);
int nv_free_os_event(struct nv_call *call);
int nv_check_version(struct nv_call *call);
int nv_attach_gpus(struct nv_call *call);
int nv_sys_params(struct nv_call *call);
int nv_numa_info(struct nv_call *call);
int nv_export_dma_buf(struct nv_call *call);
int nv_wait_open_complete(struct nv_call *call);

/* --- memory.c */

/** enum memory_place: @MEMORY_FABRIC: addresses behind which other memory can be */
enum memory_place { MEMORY_SYSTEM, MEMORY_VIDEO, MEMORY_PINNED, MEMORY_VIRTUAL, MEMORY_FABRIC };

/* The most bytes that can be asked for. */
#define MEMORY_LENGTH_MAX (1ULL << 48)

/** struct memory_wanted: what a caller asks for, by the driver's names. */
struct memory_wanted {
    u32 flags, attr, attr2;
    u64 size, alignment, offset;
};

/** struct memory_size: bytes. @length: what the caller gets; @page: of its pages; @taken: what counts as used */
struct memory_size {
    u64 length, page, taken;
};

#define ATTR_PHYSICALITY_SHIFT 27
#define PHYSICALITY_CONTIGUOUS 2U

/** memory_size: round up as the driver does (size.c). Returns: NvStatus. */
u32 memory_size(const struct memory_wanted *wanted, enum memory_place place,
                struct memory_size *size);

struct model_memory {
    struct kref refs; /* of this and the pages; the holders have one of them together */
    atomic_t holders; /* what keeps it allocated */
    enum memory_place place;
    struct nv_gpu *gpu;
    u64 length, page, taken; /* see struct memory_size */
    u64 address;             /* bus address of its first byte */
    size_t n_pages;          /* 0: none (virtual) */
    struct page **pages;     /* those in use; NULL: none yet */
    bool user_read_only;
    struct list_head attached; /* what it holds: see fabric.c */
};

/** memory_new: allocate zeroed memory, with one holder. Returns: NvStatus. */
u32 memory_new(enum memory_place place, struct nv_gpu *gpu, const struct memory_size *size,
               struct model_memory **memory);

/** memory_new_plain: allocate memory that does not count as used. Returns: NvStatus. */
u32 memory_new_plain(enum memory_place place, struct nv_gpu *gpu, u64 length,
                     struct model_memory **memory);

/** memory_pages: get pages of memory, zeroed at their first use. Returns: the first one's place in the array; NULL: no memory. */
struct page **memory_pages(struct model_memory *memory, size_t first, size_t n);

/** memory_pin: pin the pages at @address in the caller's address space. Returns: NvStatus (os-descriptor.c). */
u32 memory_pin(u64 address, u64 length, bool writable, struct model_memory **memory);
void memory_unpin(struct model_memory *memory);

/** memory_get, memory_put: add or remove a holder. memory_get_again() does nothing and returns false if the last holder has gone.
 */
struct model_memory *memory_get(struct model_memory *memory);
bool memory_get_again(struct model_memory *memory);
void memory_put(struct model_memory *memory);

/** memory_keep, memory_drop: keep the pages, without holding the memory. */
struct model_memory *memory_keep(struct model_memory *memory);
void memory_drop(struct model_memory *memory);

/** memory_copy: copy bytes from or to its pages. Returns: false if they reach beyond its end. */
bool memory_copy(struct model_memory *memory, u64 offset, void *data, u32 length, bool write);

/* --- mmap.c */

int nv_mmap(struct file *filp, struct vm_area_struct *vma);

/** context_add: let mmap of the file of @fd show @memory. @gpu: the file must be of this GPU; NULL: it must be of nvidiactl.
 * Returns: NvStatus. */
u32 context_add(int fd, struct nv_gpu *gpu, struct model_memory *memory, u64 offset, u64 length,
                u32 caching);
void context_free(struct nv_file *file);

/* --- event.c */

struct rm_object;

__poll_t nv_poll(struct file *filp, poll_table *wait);

/** os_event_exists: whether a file was named for this client's event (NV_ESC_ALLOC_OS_EVENT). */
bool os_event_exists(u32 client, u32 fd);

/** event_post: deliver an event object to its file. */
void event_post(struct rm_object *event, u32 info32, u16 info16);

/** event_file_closed: drop the events that are queued on a file, and the names that lead to it. */
void event_file_closed(struct nv_file *file);

/* --- proc.c */

int proc_init(void);
void proc_exit(void);

/* --- uvm.c */

int uvm_init(void);
void uvm_exit(void);

/* --- os checks */

/** caller_is_admin: whether the caller has the driver's administrator level. */
bool caller_is_admin(void);
