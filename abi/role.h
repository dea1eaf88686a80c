/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a member of a struct is, if it is more than a number: it stands in parentheses behind the member's name and dimensions.
 *
 *     (NvHandle, hClient, (CLIENT, CALL)),
 *     (NvU32, gpuIds, [32], (GPU_LIST, gpuFlags)),
 *     (NvU8, clusterUuid, [16], (LEFT_ALONE, "names a cluster, not a GPU"))
 *
 * A handle, a pointer and a UUID without a role do not compile (abi/layouts.c). The roles, with what follows their names:
 *
 *     STATUS               an NvStatus: what the driver says of an ioctl that it has carried out, or refused to
 *     LEFT_ALONE, REASON   looks like one of those below, and goes as it is
 *     CLIENT, WHOSE        handle of a client: CALL: in which the call is made, and which was allocated through the caller's file,
 *                          or the driver refuses it (src/nvidia/src/kernel/rmapi/client.c, rmclientValidate_IMPL); INSTANCE:
 *                          any of the instance's; PROCESS: one that the calling process allocated
 *     OBJECT               handle of an object, which the driver looks up in the call's client
 *     DEPENDENCY           the same; with it, the driver frees what is allocated here
 *     FD, DEVICE [, NONE]  descriptor of a file of ours: FRONTEND, UVM, OPEN_ONLY, DMA_BUF. NEGATIVE or ZERO: such a number is none;
 *                          BY_EFFECT: what it is depends on other members, and the effect of the call translates it
 *     POINTER [, ACCESS, COUNT, ELEMENT, FLAGS]
 *                          address in the caller's memory, of which the driver reads or writes what is there. Of an array:
 *                          ACCESS: OUT, or INOUT; COUNT: the member that says how many elements there are; ELEMENT: bytes of
 *                          each; FLAGS: of AbiArrayFlags. Otherwise it leads to the parameters of a command or a class
 *     ADDRESS              address that is a key to the driver, or what it returns: nobody of ours reads or writes there
 *     MAPPING              the same, of a mapping: the driver looks for it among those of the calling process, and only the process
 *                          that allocated the client beside it (hClient) can have one in it (src/nvidia/src/kernel/rmapi/rs_utils.c,
 *                          serverutilMappingFilterCurrentUserProc; src/nvidia/arch/nvalloc/unix/src/osapi.c,
 *                          RmUpdateDeviceMappingInfo, rm_create_mmap_context)
 *     PID                  number of a process
 *     SAID_PID             the same, where the driver says it of whatever process it is: all ones for the guest
 *     SAID_PROCESS         what the driver says beside it: zeroes for the guest
 *     INCIDENTAL           number that differs from run to run, and that comparisons of recordings leave out
 *     SECRET               what tells this machine from others; blanked in a recording that is scrubbed
 *     NULLED               pointer that never reaches the driver
 *     REFUSED              the same; the call is refused if it is not null
 *     MEMORY_SIZE          bytes of the memory that is allocated, once the driver has rounded them up
 *     COUNT, MEMBER        an array of structs, of which there are as many as that member says
 *
 * Of GPUs, what the guest says, which is put back as it was after the call:
 *
 *     GPU_ID               ids. NV0000_CTRL_GPU_INVALID_ID, and NV0000_CTRL_GPU_ATTACH_ALL_PROBED_IDS where a list begins with it,
 *                          are no ids
 *     GPU_DEVICE           the device instance that a device is allocated of
 *     GPU_UUID             UUIDs that the driver looks for among the GPUs that the file has registered
 *     GPU_UUID_TO_REGISTER the UUID of a GPU to register: one of ours or nothing. The driver may answer with another,
 *                          which is a partition's
 *
 * and what the driver says:
 *
 *     GPU_FAILED_ID, IDS   the one of IDS that the call failed for
 *     GPU_SAID_ID, GPU_SAID_DEVICE   id or device instance of one GPU
 *     GPU_MASK [, BY]      bits that are device instances; BY is an array by device instance
 *     GPU_LIST [, BESIDE]  ids, the rest NV0000_CTRL_GPU_INVALID_ID; BESIDE goes along
 *     GPU_RECORD           the id in an element of an array with COUNT
 *     GPU_GROUP            the ids in such an element: NV0000_SYNC_GPU_BOOST_GROUP_CONFIG
 *     GPU_LINK             what is at the other end of a link
 *     GPU_LINK_REST, BYTE  what else there is of a link: where the other end is not said, each byte of it is BYTE
 */
#pragma once

#include <stdint.h>

/* Each with what `nvcuse abi show` says of it; more of it is in version-tree/role-text.c. */
#define ABI_ROLES(ROLE)                                                                         \
    ROLE(PLAIN, "")                                                                             \
    ROLE(STATUS, "the driver's answer")                                                         \
    ROLE(LEFT_ALONE, "left alone")                                                              \
    ROLE(CLIENT, "")                                                                            \
    ROLE(OBJECT, "object of the client")                                                        \
    ROLE(DEPENDENCY, "object of the client, with which this one is freed")                      \
    ROLE(FD, "")                                                                                \
    ROLE(POINTER, "pointer, to a copy of what the caller has there")                            \
    ROLE(ADDRESS, "address, which nobody reads from or writes to")                              \
    ROLE(MAPPING, "address of a mapping: another process's names none")                         \
    ROLE(PID, "number of a process")                                                            \
    ROLE(SAID_PID, "number of a process of any container: never said")                          \
    ROLE(SAID_PROCESS, "tells a process of any container: never said")                          \
    ROLE(INCIDENTAL, "differs from run to run")                                                 \
    ROLE(SECRET, "tells this machine from others: blanked where a recording is scrubbed")       \
    ROLE(NULLED, "pointer, which the driver gets as null")                                      \
    ROLE(REFUSED, "pointer, which must be null")                                                \
    ROLE(MEMORY_SIZE, "how much memory it is, which is recorded")                               \
    ROLE(COUNT, "array")                                                                        \
    ROLE(GPU_ID, "GPU id: another's names none")                                                \
    ROLE(GPU_DEVICE, "device instance: another's names none")                                   \
    ROLE(GPU_UUID, "GPU's UUID: another's names none")                                          \
    ROLE(GPU_UUID_TO_REGISTER, "UUID of a GPU to register: none but the container's names one") \
    ROLE(GPU_FAILED_ID, "GPU id, as the caller named it")                                       \
    ROLE(GPU_SAID_ID, "GPU id: another's is not said")                                          \
    ROLE(GPU_SAID_DEVICE, "device instance: another's is not said")                             \
    ROLE(GPU_MASK, "bits of device instances: others' are cleared")                             \
    ROLE(GPU_LIST, "list of GPU ids: others' are taken out")                                    \
    ROLE(GPU_RECORD, "GPU id: the records of others are taken out")                             \
    ROLE(GPU_GROUP, "GPU ids: groups with others are taken out")                                \
    ROLE(GPU_LINK, "other end of a link: another's GPU is not said")                            \
    ROLE(GPU_LINK_REST, "of the same link: another's GPU is not told by it")

#define ABI_ROLE_ENUMERATOR(NAME, TEXT) ABI_ROLE_##NAME,
typedef enum { ABI_ROLES(ABI_ROLE_ENUMERATOR) N_ABI_ROLES } AbiRoleKind;
#undef ABI_ROLE_ENUMERATOR

/** AbiClientOf: whose a client may be that a member names. */
typedef enum { ABI_CLIENT_CALL, ABI_CLIENT_INSTANCE, ABI_CLIENT_PROCESS } AbiClientOf;

/** AbiFdKind: of what a descriptor is. */
typedef enum { ABI_FD_FRONTEND, ABI_FD_UVM, ABI_FD_OPEN_ONLY, ABI_FD_DMA_BUF } AbiFdKind;

/** AbiFdNone: which descriptor stands for none. ABI_FD_BY_EFFECT: see above. */
typedef enum { ABI_FD_ALWAYS, ABI_FD_NEGATIVE, ABI_FD_ZERO, ABI_FD_BY_EFFECT } AbiFdNone;

/**
 * AbiArrayFlags: of an array that a member points to.
 * @ABI_NULL_OK: a null pointer is passed on, whatever the count
 * @ABI_EMPTY_IS_NULL: with a count of 0 the driver gets a null pointer; without it, that is refused
 * @ABI_SQUARE: there are as many elements as the count squared
 * @ABI_BY_ERRNO: a count out of bounds is refused with EINVAL instead of a status
 * @ABI_CLIENTS: the elements are handles of clients, any of the instance's
 * @ABI_ON_TERMS: the effect of the call asks for it, on terms of its own
 * @ABI_READ: the driver has no bound for it: it may be as long as a call can carry. Of others the driver takes 1 MiB
 * (src/nvidia/inc/kernel/rmapi/param_copy.h, RMAPI_PARAM_COPY_MAX_PARAMS_SIZE)
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
 * AbiRole: a member's.
 * @client, @fd, @none: of ABI_ROLE_CLIENT and ABI_ROLE_FD
 * @beside: another member of the struct, NULL: none; @beside_at: its offset
 * @element: of an array that ABI_ROLE_POINTER points to, with @access and @flags; 0: it is none
 * @byte: of ABI_ROLE_GPU_LINK_REST
 * @reason: of ABI_ROLE_LEFT_ALONE
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

/** abi_role_is_gpu: whether it is one of those of GPUs. */
static inline _Bool abi_role_is_gpu(const AbiRole *role)
{
    return role->kind >= ABI_ROLE_GPU_ID;
}

/* --- how they are read from a struct's list ---------------------------------------------------- */

/* 1 if what is given begins with a parenthesis. */
#define ABI_IS_ROLE(...)       ABI_SECOND(ABI_PROBE __VA_ARGS__, 0, ~)
#define ABI_SECOND(...)        ABI_SECOND_(__VA_ARGS__)
#define ABI_SECOND_(A, B, ...) B
#define ABI_PROBE(...)         ~, 1
#define ABI_PASTE(A, B)        ABI_PASTE_(A, B)
#define ABI_PASTE_(A, B)       A##B
#define ABI_FIRST(...)         ABI_FIRST_(__VA_ARGS__, ~)
#define ABI_FIRST_(A, ...)     A

/* Of what stands behind a member's name: its dimensions, if there are any, and its role, or no more. */
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

/* Types whose members need a role: those that are defined, as nothing in parentheses. */
#define ABI_NEEDS_ROLE_NvHandle        ()
#define ABI_NEEDS_ROLE_NvP64           ()
#define ABI_NEEDS_ROLE_NvProcessorUuid ()
#define ABI_NEEDS_ROLE(TYPE)           ABI_IS_ROLE(ABI_NEEDS_ROLE_##TYPE)
#define ABI_HAS_ROLE(...) \
    (ABI_IS_ROLE(ABI_FIRST(__VA_ARGS__)) || ABI_IS_ROLE(ABI_SECOND(__VA_ARGS__, , ~)))
