/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles: what a member of a struct is, if it is more than a number. A role stands in parentheses behind the member's name
 * and dimensions:
 *
 *     (NvHandle, hClient, (CLIENT, CALL)),
 *     (NvU32, gpuIds, [32], (GPU_LIST, gpuFlags)),
 *     (NvU8, clusterUuid, [16], (LEFT_ALONE, "names a cluster, not a GPU"))
 *
 * A handle, a pointer or a UUID without a role does not compile (abi/layouts.c). These are the roles, with the arguments that
 * follow their names:
 *
 *     STATUS               an NvStatus: the driver's answer to an ioctl that it has carried out or refused
 *     LEFT_ALONE, REASON   a member that looks like one of those below, but is passed on unchanged
 *     CLIENT, WHOSE        handle of a client. CALL: the client in which the call is made; if it was not allocated through the
 *                          caller's file, the driver refuses it (src/nvidia/src/kernel/rmapi/client.c,
 *                          rmclientValidate_IMPL). INSTANCE: any client of the instance. PROCESS: a client that the calling
 *                          process allocated
 *     OBJECT               handle of an object. The driver looks it up in the call's client
 *     DEPENDENCY           an OBJECT on which the object that is allocated here depends: the driver frees both together
 *     HOLDS                an OBJECT whose memory is kept allocated by what the call makes or changes: a new object, the object on
 *                          which a command is made, or a dma-buf
 *     FD, DEVICE [, NONE]  descriptor of one of our files: FRONTEND, UVM, OPEN_ONLY, DMA_BUF. NONE says which number stands for
 *                          no file. NEGATIVE: a negative one. ZERO: 0. BY_EFFECT: whether the member is a descriptor depends
 *                          on other members, and the effect of the call decides it
 *     POINTER [, ACCESS, COUNT, ELEMENT, FLAGS]
 *                          address in the caller's memory, at which the driver reads or writes. With arguments it points to an
 *                          array. ACCESS: OUT or INOUT; COUNT: the member that has the number of elements; ELEMENT: bytes of
 *                          each element; FLAGS: of AbiArrayFlags. Without, it points to the parameters of a command or a class
 *     ADDRESS              address that the driver uses as a key, or that it returns. nvcuse does not read or write there
 *     MAPPING              an ADDRESS of a mapping. The driver looks for it among the mappings of the calling process. Only the
 *                          process that allocated the client beside it (hClient) can have a mapping in that client
 *                          (src/nvidia/src/kernel/rmapi/rs_utils.c, serverutilMappingFilterCurrentUserProc;
 *                          src/nvidia/arch/nvalloc/unix/src/osapi.c, RmUpdateDeviceMappingInfo, rm_create_mmap_context)
 *     PID                  number of a process
 *     SAID_PID             number of a process that the driver returns, of any container: the guest gets all ones
 *     SAID_PROCESS         what the driver returns about such a process: the guest gets zeroes
 *     INCIDENTAL           number that differs from run to run. Comparisons of recordings leave it out
 *     SECRET               identifies this machine. It is blanked when a recording is scrubbed
 *     NULLED               pointer that never reaches the driver
 *     REFUSED              pointer that never reaches the driver. If it is not null, the call is refused
 *     MEMORY_SIZE          bytes of the memory that is allocated, after the driver has rounded them up
 *     COUNT, MEMBER        an array of structs. MEMBER has the number of its elements
 *
 * Roles of GPUs that the guest names. After the call, the guest gets its own values back:
 *
 *     GPU_ID               ids. NV0000_CTRL_GPU_INVALID_ID is not an id. NV0000_CTRL_GPU_ATTACH_ALL_PROBED_IDS is not an id if
 *                          a list begins with it
 *     GPU_DEVICE           the device instance of the GPU for which a device is allocated
 *     GPU_UUID             UUIDs that the driver looks for among the GPUs that the file has registered
 *     GPU_UUID_TO_REGISTER the UUID of a GPU to register. Only the UUID of one of our GPUs is passed on. The driver may return
 *                          another UUID, which is a partition's
 *
 * Roles of GPUs that the driver returns:
 *
 *     GPU_FAILED_ID, IDS   the id for which the call failed. It is one of the member IDS
 *     GPU_SAID_ID, GPU_SAID_DEVICE   id or device instance of one GPU
 *     GPU_MASK [, BY]      bits that are device instances; BY is an array, indexed by device instance
 *     GPU_LIST [, BESIDE]  ids; the rest is NV0000_CTRL_GPU_INVALID_ID. BESIDE is an array whose elements move with the ids
 *     GPU_RECORD           the id in an element of an array with COUNT
 *     GPU_GROUP            the ids in such an element: NV0000_SYNC_GPU_BOOST_GROUP_CONFIG
 *     GPU_LINK             identifies the device at the other end of a link
 *     GPU_LINK_REST, BYTE  the other members about a link. If the other end is hidden from the guest, each of their bytes is BYTE
 */
#pragma once

#include <stdint.h>

/* ROLE(name, text for `nvcuse abi show`). version-tree/show/role-text.c has more text. */
#define ABI_ROLES(ROLE)                                                                         \
    ROLE(PLAIN, "")                                                                             \
    ROLE(STATUS, "the driver's answer")                                                         \
    ROLE(LEFT_ALONE, "passed on unchanged")                                                     \
    ROLE(CLIENT, "")                                                                            \
    ROLE(OBJECT, "object of the client")                                                        \
    ROLE(DEPENDENCY, "object of the client; freeing it also frees this one")                    \
    ROLE(HOLDS, "object of the client; what the call makes keeps its memory allocated")         \
    ROLE(FD, "")                                                                                \
    ROLE(POINTER, "pointer, replaced by one to a copy of the caller's memory")                  \
    ROLE(ADDRESS, "address, passed on unchanged; nvcuse does not access memory there")          \
    ROLE(MAPPING,                                                                               \
         "address of a mapping, replaced by an invalid one if the client is another process's") \
    ROLE(PID, "number of a process")                                                            \
    ROLE(SAID_PID, "number of a process of any container; hidden from the caller")              \
    ROLE(SAID_PROCESS, "identifies a process of any container; hidden from the caller")         \
    ROLE(INCIDENTAL, "differs from run to run")                                                 \
    ROLE(SECRET, "identifies this machine; blanked when a recording is scrubbed")               \
    ROLE(NULLED, "pointer, replaced by a null pointer")                                         \
    ROLE(REFUSED, "pointer that must be null; the call is refused otherwise")                   \
    ROLE(MEMORY_SIZE, "size of the memory, which nvcuse counts")                                \
    ROLE(COUNT, "array")                                                                        \
    ROLE(GPU_ID, "GPU id, replaced by an invalid one if it is another GPU's")                   \
    ROLE(GPU_DEVICE, "device instance, replaced by an unused one if it is another GPU's")       \
    ROLE(GPU_UUID, "UUID of a GPU, replaced by an invalid one if it is another GPU's")          \
    ROLE(GPU_UUID_TO_REGISTER,                                                                  \
         "UUID of a GPU to register, replaced by an invalid one unless it is the container's")  \
    ROLE(GPU_FAILED_ID, "GPU id that the call failed for, as the caller gave it")               \
    ROLE(GPU_SAID_ID, "GPU id in the answer; another GPU's is removed")                         \
    ROLE(GPU_SAID_DEVICE, "device instance in the answer; another GPU's is removed")            \
    ROLE(GPU_MASK, "bits of device instances; those of other GPUs are cleared")                 \
    ROLE(GPU_LIST, "list of GPU ids; those of other GPUs are removed")                          \
    ROLE(GPU_RECORD, "GPU id of a record; records of other GPUs are removed")                   \
    ROLE(GPU_GROUP, "GPU ids of a group; other GPUs, and groups of only these, are removed")    \
    ROLE(GPU_LINK, "other end of a link; another GPU is hidden")                                \
    ROLE(GPU_LINK_REST, "about the same link; blanked if its other end is hidden")

#define ABI_ROLE_ENUMERATOR(NAME, TEXT) ABI_ROLE_##NAME,
typedef enum { ABI_ROLES(ABI_ROLE_ENUMERATOR) N_ABI_ROLES } AbiRoleKind;
#undef ABI_ROLE_ENUMERATOR

/** AbiClientOf: to whom a client that a member names must belong. */
typedef enum { ABI_CLIENT_CALL, ABI_CLIENT_INSTANCE, ABI_CLIENT_PROCESS } AbiClientOf;

/** AbiFdKind: the kind of file that a descriptor refers to. */
typedef enum { ABI_FD_FRONTEND, ABI_FD_UVM, ABI_FD_OPEN_ONLY, ABI_FD_DMA_BUF } AbiFdKind;

/** AbiFdNone: which number stands for no file. ABI_FD_ALWAYS: none does. ABI_FD_BY_EFFECT: see above. */
typedef enum { ABI_FD_ALWAYS, ABI_FD_NEGATIVE, ABI_FD_ZERO, ABI_FD_BY_EFFECT } AbiFdNone;

/**
 * AbiArrayFlags: flags of an array that a member points to.
 * @ABI_NULL_OK: a null pointer is passed on, whatever the count
 * @ABI_EMPTY_IS_NULL: if the count is 0, the driver gets a null pointer; without this flag the call is refused
 * @ABI_SQUARE: there are as many elements as the count squared
 * @ABI_BY_ERRNO: a count out of bounds is refused with EINVAL instead of a status
 * @ABI_CLIENTS: the elements are handles of clients, any of the instance's
 * @ABI_ON_TERMS: the effect of the call maps the array, under its own conditions
 * @ABI_READ: the driver has no limit for the array, so it may be as long as a call can carry. Of other arrays the driver
 * accepts 1 MiB (src/nvidia/inc/kernel/rmapi/param_copy.h, RMAPI_PARAM_COPY_MAX_PARAMS_SIZE)
 */
typedef enum {
    ABI_NO_FLAGS = 0,
    ABI_NULL_OK = 1,
    ABI_EMPTY_IS_NULL = 2,
    ABI_SQUARE = 4,
    ABI_BY_ERRNO = 8,
    ABI_READ = 16,
    ABI_CLIENTS = 32,
    ABI_ON_TERMS = 64,
} AbiArrayFlags;

/** AbiAccess: what the driver does with an array. */
typedef enum { ABI_ACCESS_OUT, ABI_ACCESS_INOUT } AbiAccess;

/**
 * AbiRole: the role of a member.
 * @client: for ABI_ROLE_CLIENT
 * @fd, @none: for ABI_ROLE_FD
 * @beside: another member of the struct, which the role names, or NULL; @beside_at: its offset
 * @element, @access, @flags: for ABI_ROLE_POINTER, of the array; @element 0: it does not point to an array
 * @byte: for ABI_ROLE_GPU_LINK_REST
 * @reason: for ABI_ROLE_LEFT_ALONE
 */
typedef struct {
    AbiRoleKind kind;
    AbiClientOf client;
    AbiFdKind fd;
    AbiFdNone none;
    AbiAccess access;
    unsigned flags;
    uint32_t element;
    uint8_t byte;
    uint32_t beside_at;
    const char *beside;
    const char *reason;
} AbiRole;

/** abi_role_is_gpu: check whether it is one of the roles of GPUs. */
static inline _Bool abi_role_is_gpu(const AbiRole *role)
{
    return role->kind >= ABI_ROLE_GPU_ID;
}

/* --- macros that read roles from a struct's list ----------------------------------------------- */

/* ABI_IS_ROLE: 1 if the arguments begin with a parenthesis, else 0. */
#define ABI_IS_ROLE(...)       ABI_SECOND(ABI_PROBE __VA_ARGS__, 0, ~)
#define ABI_SECOND(...)        ABI_SECOND_(__VA_ARGS__)
#define ABI_SECOND_(A, B, ...) B
#define ABI_PROBE(...)         ~, 1
#define ABI_PASTE(A, B)        ABI_PASTE_(A, B)
#define ABI_PASTE_(A, B)       A##B
#define ABI_FIRST(...)         ABI_FIRST_(__VA_ARGS__, ~)
#define ABI_FIRST_(A, ...)     A

/* ABI_DIMENSIONS and ABI_ROLE take what stands behind a member's name, and give its dimensions and its role, if any. */
#define ABI_DIMENSIONS(...) \
    ABI_PASTE(ABI_DIMENSIONS_, ABI_IS_ROLE(ABI_FIRST(__VA_ARGS__)))(__VA_ARGS__)
#define ABI_DIMENSIONS_0(...) __VA_OPT__(ABI_FIRST(__VA_ARGS__))
#define ABI_DIMENSIONS_1(...)
#define ABI_ROLE(OWNER, ...) \
    ABI_PASTE(ABI_ROLE_AT_, ABI_IS_ROLE(ABI_FIRST(__VA_ARGS__)))(OWNER, __VA_ARGS__)
#define ABI_ROLE_AT_1(OWNER, ROLE, ...) ABI_ROLE_OF(OWNER, ABI_STRIP ROLE)
#define ABI_ROLE_AT_0(OWNER, ...)       __VA_OPT__(ABI_ROLE_BEHIND(OWNER, __VA_ARGS__))
#define ABI_ROLE_BEHIND(OWNER, DIMENSIONS, ...) \
    __VA_OPT__(ABI_ROLE_OF(OWNER, ABI_STRIP __VA_ARGS__))
#define ABI_ROLE_OF(...) ABI_ROLE_IS(__VA_ARGS__)
#define ABI_ROLE_IS(OWNER, KIND, ...) \
    .kind = ABI_ROLE_##KIND, __VA_OPT__(ABI_DETAILS_##KIND(OWNER, __VA_ARGS__))
#define ABI_STRIP(...) __VA_ARGS__

#define ABI_DETAILS_LEFT_ALONE(OWNER, REASON)  .reason = (REASON),
#define ABI_DETAILS_GPU_LINK_REST(OWNER, BYTE) .byte = (BYTE),
#define ABI_DETAILS_CLIENT(OWNER, WHOSE)       .client = ABI_CLIENT_##WHOSE,
#define ABI_DETAILS_FD(OWNER, DEVICE, ...) \
    .fd = ABI_FD_##DEVICE, __VA_OPT__(.none = ABI_FD_##__VA_ARGS__, )
#define ABI_DETAILS_POINTER(OWNER, ACCESS, COUNT, ELEMENT, FLAGS) \
    .access = ABI_ACCESS_##ACCESS, .flags = (FLAGS), .element = (ELEMENT), ABI_BESIDE(OWNER, COUNT)
#define ABI_BESIDE(OWNER, MEMBER)                .beside = #MEMBER, .beside_at = offsetof(OWNER, MEMBER),
#define ABI_DETAILS_COUNT(OWNER, MEMBER)         ABI_BESIDE(OWNER, MEMBER)
#define ABI_DETAILS_GPU_FAILED_ID(OWNER, MEMBER) ABI_BESIDE(OWNER, MEMBER)
#define ABI_DETAILS_GPU_MASK(OWNER, MEMBER)      ABI_BESIDE(OWNER, MEMBER)
#define ABI_DETAILS_GPU_LIST(OWNER, MEMBER)      ABI_BESIDE(OWNER, MEMBER)

/* Types whose members need a role. Each is a macro ABI_NEEDS_ROLE_TYPE that expands to empty parentheses. */
#define ABI_NEEDS_ROLE_NvHandle        ()
#define ABI_NEEDS_ROLE_NvP64           ()
#define ABI_NEEDS_ROLE_NvProcessorUuid ()
#define ABI_NEEDS_ROLE(TYPE)           ABI_IS_ROLE(ABI_NEEDS_ROLE_##TYPE)
#define ABI_HAS_ROLE(...) \
    (ABI_IS_ROLE(ABI_FIRST(__VA_ARGS__)) || ABI_IS_ROLE(ABI_SECOND(__VA_ARGS__, , ~)))
