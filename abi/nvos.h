/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter structs of the resource manager's escapes, and the flag fields in them.
 * Driver files: nvos.h, rs_access.h. */
#pragma once

#include "abi/layout.h"
#include "abi/nvos32.h"

/* clang-format off */

/* SHIFT and MASK describe a flag field. The mask applies after shifting the word right. */
#define NVOS02_FLAGS_PHYSICALITY_SHIFT          4
#define NVOS02_FLAGS_PHYSICALITY_MASK           0xf
#define NVOS02_FLAGS_PHYSICALITY_CONTIGUOUS     0x0
#define NVOS02_FLAGS_ALLOC_SHIFT                16
#define NVOS02_FLAGS_ALLOC_MASK                 0x3
#define NVOS02_FLAGS_ALLOC_NONE                 0x1
#define NVOS02_FLAGS_MAPPING_SHIFT              30
#define NVOS02_FLAGS_MAPPING_MASK               0x3
#define NVOS02_FLAGS_MAPPING_NO_MAP             0x1
#define NVOS02_FLAGS_ALLOC_USER_READ_ONLY_SHIFT 21
#define NVOS02_FLAGS_ALLOC_USER_READ_ONLY_MASK  0x1
#define NVOS02_FLAGS_ALLOC_USER_READ_ONLY_NO    0x0

#define NVOS33_FLAGS_CACHING_TYPE_SHIFT         23
#define NVOS33_FLAGS_CACHING_TYPE_MASK          0x7
#define NVOS33_FLAGS_CACHING_TYPE_CACHED        0x0
#define NVOS33_FLAGS_CACHING_TYPE_UNCACHED      0x1
#define NVOS33_FLAGS_CACHING_TYPE_WRITECOMBINED 0x2
#define NVOS33_FLAGS_CACHING_TYPE_WRITEBACK     0x5
#define NVOS33_FLAGS_CACHING_TYPE_DEFAULT       0x6
#define NVOS33_FLAGS_CACHING_TYPE_UNCACHED_WEAK 0x7

/* The number of words of an access mask, and the bit that allows NV_ESC_RM_DUP_OBJECT. Driver file: rs_access.h. */
#define SDK_RS_ACCESS_MAX_LIMBS 1
#define RS_ACCESS_DUP_OBJECT    0

/* RS_SHARE_POLICY.type, .action. */
#define RS_SHARE_TYPE_ALL               1
#define RS_SHARE_TYPE_OS_SECURITY_TOKEN 2
#define RS_SHARE_TYPE_CLIENT            3
#define RS_SHARE_TYPE_PID               4
#define RS_SHARE_ACTION_FLAG_REVOKE     0x1
#define RS_SHARE_ACTION_FLAG_REQUIRE    0x2
#define RS_SHARE_ACTION_FLAG_COMPOSE    0x4

ABI_STRUCT(RS_ACCESS_MASK, 4,
    (RsAccessLimb, limbs, [SDK_RS_ACCESS_MAX_LIMBS]))

ABI_STRUCT(RS_SHARE_POLICY, 12,
    (NvU32, target, (INCIDENTAL)),
    (RS_ACCESS_MASK, accessMask),
    (NvU16, type),
    (NvU8, action))

ABI_STRUCT(NVOS00_PARAMETERS, 16,
    (NvHandle, hRoot, (CLIENT, CALL)),
    (NvHandle, hObjectParent, (OBJECT)),
    (NvHandle, hObjectOld, (OBJECT)),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS02_PARAMETERS, 48,
    (NvHandle, hRoot, (CLIENT, CALL)),
    (NvHandle, hObjectParent, (OBJECT)),
    (NvHandle, hObjectNew, (OBJECT)),
    (NvV32, hClass),
    (NvV32, flags),
    (NvP64, pMemory, (ADDRESS)),
    (NvU64, limit, (INCIDENTAL)),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS21_PARAMETERS, 32,
    (NvHandle, hRoot, (CLIENT, CALL)),
    (NvHandle, hObjectParent, (OBJECT)),
    (NvHandle, hObjectNew, (OBJECT)),
    (NvV32, hClass),
    (NvP64, pAllocParms, (POINTER)),
    (NvU32, paramsSize),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS30_PARAMETERS, 56,
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hChannel, (OBJECT)),
    (NvV32, numChannels),
    (NvP64, phClients, (POINTER, INOUT, numChannels, 4, ABI_EMPTY_IS_NULL | ABI_BY_ERRNO | ABI_CLIENTS)),
    (NvP64, phDevices, (POINTER, INOUT, numChannels, 4, ABI_EMPTY_IS_NULL | ABI_BY_ERRNO)),
    (NvP64, phChannels, (POINTER, INOUT, numChannels, 4, ABI_EMPTY_IS_NULL | ABI_BY_ERRNO)),
    (NvV32, flags),
    (NvV32, timeout),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS33_PARAMETERS, 48,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hMemory, (OBJECT)),
    (NvU64, offset),
    (NvU64, length),
    (NvP64, pLinearAddress, (ADDRESS)),
    (NvU32, status, (STATUS)),
    (NvU32, flags))

ABI_STRUCT(NVOS34_PARAMETERS, 32,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hMemory, (OBJECT)),
    (NvP64, pLinearAddress, (MAPPING)),
    (NvU32, status, (STATUS)),
    (NvU32, flags))

ABI_STRUCT(NVOS39_PARAMETERS, 56,
    (NvHandle, hObjectParent, (CLIENT, CALL)),
    (NvHandle, hSubDevice, (OBJECT)),
    (NvHandle, hObjectNew, (OBJECT)),
    (NvV32, hClass),
    (NvV32, flags),
    (NvU32, selector),
    (NvHandle, hMemory, (OBJECT)),
    (NvU64, offset),
    (NvU64, limit, (INCIDENTAL)),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS46_PARAMETERS, 56,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hDma, (OBJECT)),
    (NvHandle, hMemory, (OBJECT)),
    (NvU64, offset),
    (NvU64, length),
    (NvV32, flags),
    (NvU64, dmaOffset),
    (NvV32, status, (STATUS)))
ABI_STRUCT_SINCE(NVOS46_PARAMETERS, 580, 64,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hDma, (OBJECT)),
    (NvHandle, hMemory, (OBJECT)),
    (NvU64, offset),
    (NvU64, length),
    (NvV32, flags),
    (NvV32, flags2),
    (NvV32, kindOverride),
    (NvU64, dmaOffset),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS47_PARAMETERS, 40,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hDma, (OBJECT)),
    (NvHandle, hMemory, (OBJECT)),
    (NvV32, flags),
    (NvU64, dmaOffset),
    (NvV32, status, (STATUS)))
ABI_STRUCT_SINCE(NVOS47_PARAMETERS, 550, 48,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hDma, (OBJECT)),
    (NvHandle, hMemory, (OBJECT)),
    (NvV32, flags),
    (NvU64, dmaOffset),
    (NvU64, size),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS54_PARAMETERS, 32,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hObject, (OBJECT)),
    (NvV32, cmd),
    (NvU32, flags),
    (NvP64, params, (POINTER)),
    (NvU32, paramsSize),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS55_PARAMETERS, 28,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hParent, (OBJECT)),
    (NvHandle, hObject, (OBJECT)),
    (NvHandle, hClientSrc, (LEFT_ALONE, "the handler dup_object checks the sharing policies of its owner")),
    (NvHandle, hObjectSrc, (OBJECT)),
    (NvU32, flags),
    (NvU32, status, (STATUS)))

ABI_STRUCT(NVOS56_PARAMETERS, 40,
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hMemory, (OBJECT)),
    (NvP64, pOldCpuAddress, (MAPPING)),
    (NvP64, pNewCpuAddress, (ADDRESS)),
    (NvV32, status, (STATUS)))

ABI_STRUCT(NVOS57_PARAMETERS, 24,
    (NvHandle, hClient, (CLIENT, CALL)),
    (NvHandle, hObject, (OBJECT)),
    (RS_SHARE_POLICY, sharePolicy),
    (NvU32, status, (STATUS)))

ABI_STRUCT(NVOS64_PARAMETERS, 48,
    (NvHandle, hRoot, (CLIENT, CALL)),
    (NvHandle, hObjectParent, (OBJECT)),
    (NvHandle, hObjectNew, (OBJECT)),
    (NvV32, hClass),
    (NvP64, pAllocParms, (POINTER)),
    (NvP64, pRightsRequested, (POINTER)),
    (NvU32, paramsSize),
    (NvU32, flags),
    (NvV32, status, (STATUS)))
