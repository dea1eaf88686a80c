/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter structs of the resource manager's escapes, and the flag fields in them.
 * Driver files: nvos.h, rs_access.h. */
#pragma once

#include "abi/layout.h"

/* clang-format off: one member per line */

/* A flag field is given by its SHIFT and its MASK (before shifting). */
#define NVOS02_FLAGS_ALLOC_SHIFT                16
#define NVOS02_FLAGS_ALLOC_MASK                 0x3
#define NVOS02_FLAGS_ALLOC_NONE                 0x1
#define NVOS02_FLAGS_MAPPING_SHIFT              30
#define NVOS02_FLAGS_MAPPING_MASK               0x3
#define NVOS02_FLAGS_MAPPING_NO_MAP             0x1
#define NVOS02_FLAGS_ALLOC_USER_READ_ONLY_SHIFT 21
#define NVOS02_FLAGS_ALLOC_USER_READ_ONLY_MASK  0x1
#define NVOS02_FLAGS_ALLOC_USER_READ_ONLY_NO    0x0

#define NVOS32_FUNCTION_ALLOC_SIZE  2
#define NVOS32_ALLOC_FLAGS_VIRTUAL  0x80000
#define NVOS32_ATTR_LOCATION_SHIFT  25
#define NVOS32_ATTR_LOCATION_MASK   0x3
#define NVOS32_ATTR_LOCATION_VIDMEM 0x0
#define NVOS32_ATTR2_USE_EGM_SHIFT  24
#define NVOS32_ATTR2_USE_EGM_MASK   0x1
#define NVOS32_ATTR2_USE_EGM_FALSE  0x0
#define NVOS32_ATTR2_USE_EGM_TRUE   0x1

#define NVOS33_FLAGS_CACHING_TYPE_SHIFT         23
#define NVOS33_FLAGS_CACHING_TYPE_MASK          0x7
#define NVOS33_FLAGS_CACHING_TYPE_CACHED        0x0
#define NVOS33_FLAGS_CACHING_TYPE_UNCACHED      0x1
#define NVOS33_FLAGS_CACHING_TYPE_WRITECOMBINED 0x2
#define NVOS33_FLAGS_CACHING_TYPE_WRITEBACK     0x5
#define NVOS33_FLAGS_CACHING_TYPE_DEFAULT       0x6
#define NVOS33_FLAGS_CACHING_TYPE_UNCACHED_WEAK 0x7

ABI_STRUCT(NVOS02_PARAMETERS, 48,
    (NvHandle, hRoot),
    (NvHandle, hObjectParent),
    (NvHandle, hObjectNew),
    (NvV32, hClass),
    (NvV32, flags),
    (NvP64, pMemory),
    (NvU64, limit),
    (NvV32, status))

ABI_STRUCT(NVOS00_PARAMETERS, 16,
    (NvHandle, hRoot),
    (NvHandle, hObjectParent),
    (NvHandle, hObjectOld),
    (NvV32, status))

ABI_STRUCT(NVOS54_PARAMETERS, 32,
    (NvHandle, hClient),
    (NvHandle, hObject),
    (NvV32, cmd),
    (NvU32, flags),
    (NvP64, params),
    (NvU32, paramsSize),
    (NvV32, status))

ABI_STRUCT(NVOS21_PARAMETERS, 32,
    (NvHandle, hRoot),
    (NvHandle, hObjectParent),
    (NvHandle, hObjectNew),
    (NvV32, hClass),
    (NvP64, pAllocParms),
    (NvU32, paramsSize),
    (NvV32, status))

ABI_STRUCT(NVOS64_PARAMETERS, 48,
    (NvHandle, hRoot),
    (NvHandle, hObjectParent),
    (NvHandle, hObjectNew),
    (NvV32, hClass),
    (NvP64, pAllocParms),
    (NvP64, pRightsRequested),
    (NvU32, paramsSize),
    (NvU32, flags),
    (NvV32, status))

ABI_STRUCT(NVOS55_PARAMETERS, 28,
    (NvHandle, hClient),
    (NvHandle, hParent),
    (NvHandle, hObject),
    (NvHandle, hClientSrc),
    (NvHandle, hObjectSrc),
    (NvU32, flags),
    (NvU32, status))

ABI_STRUCT(RS_ACCESS_MASK, 4,
    (RsAccessLimb, limbs, [1]))

ABI_STRUCT(RS_SHARE_POLICY, 12,
    (NvU32, target),
    (RS_ACCESS_MASK, accessMask),
    (NvU16, type),
    (NvU8, action))

ABI_STRUCT(NVOS57_PARAMETERS, 24,
    (NvHandle, hClient),
    (NvHandle, hObject),
    (RS_SHARE_POLICY, sharePolicy),
    (NvU32, status))

ABI_STRUCT(NVOS30_PARAMETERS, 56,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hChannel),
    (NvV32, numChannels),
    (NvP64, phClients),
    (NvP64, phDevices),
    (NvP64, phChannels),
    (NvV32, flags),
    (NvV32, timeout),
    (NvV32, status))

ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_AllocSize,
    (NvU32, owner),
    (NvHandle, hMemory),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, attr),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU32, partitionStride),
    (NvU32, width),
    (NvU32, height),
    (NvU64, size),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit),
    (NvP64, address),
    (NvU64, rangeBegin),
    (NvU64, rangeEnd),
    (NvU32, attr2),
    (NvU32, ctagOffset))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_AllocTiledPitchHeight,
    (NvU32, owner),
    (NvHandle, hMemory),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, height),
    (NvS32, pitch),
    (NvU32, attr),
    (NvU32, width),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU32, partitionStride),
    (NvU64, size),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit),
    (NvP64, address),
    (NvU64, rangeBegin),
    (NvU64, rangeEnd),
    (NvU32, attr2),
    (NvU32, ctagOffset))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_Free,
    (NvU32, owner),
    (NvHandle, hMemory),
    (NvU32, flags))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_ReleaseCompr,
    (NvU32, owner),
    (NvU32, flags),
    (NvHandle, hMemory))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_ReacquireCompr,
    (NvU32, owner),
    (NvU32, flags),
    (NvHandle, hMemory))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_Info,
    (NvU32, attr),
    (NvU64, offset),
    (NvU64, size),
    (NvU64, base))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_Dump,
    (NvU32, flags),
    (NvP64, pBuffer),
    (NvU32, numBlocks))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_AllocSizeRange,
    (NvU32, owner),
    (NvHandle, hMemory),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, attr),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU32, partitionStride),
    (NvU64, size),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit),
    (NvU64, rangeBegin),
    (NvU64, rangeEnd),
    (NvP64, address),
    (NvU32, attr2),
    (NvU32, ctagOffset))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_AllocHintAlignment,
    (NvU32, alignType),
    (NvU32, alignAttr),
    (NvU32, alignInputFlags),
    (NvU64, alignSize),
    (NvU32, alignHeight),
    (NvU32, alignWidth),
    (NvU32, alignPitch),
    (NvU32, alignPad),
    (NvU32, alignMask),
    (NvU32, alignOutputFlags, [4]),
    (NvU32, alignBank, [4]),
    (NvU32, alignKind),
    (NvU32, alignAdjust),
    (NvU32, alignAttr2))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_HwAlloc_comprInfo,
    (NvU32, compPageShift),
    (NvU32, compressedKind),
    (NvU32, compTagLineMin),
    (NvU32, compPageIndexLo),
    (NvU32, compPageIndexHi),
    (NvU32, compTagLineMultiplier))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_HwAlloc,
    (NvU32, allocOwner),
    (NvHandle, allochMemory),
    (NvU32, flags),
    (NvU32, allocType),
    (NvU32, allocAttr),
    (NvU32, allocInputFlags),
    (NvU64, allocSize),
    (NvU32, allocHeight),
    (NvU32, allocWidth),
    (NvU32, allocPitch),
    (NvU32, allocMask),
    (NvU32, allocComprCovg),
    (NvU32, allocZcullCovg),
    (NvP64, bindResultFunc),
    (NvP64, pHandle),
    (NvHandle, hResourceHandle),
    (NvU32, retAttr),
    (NvU32, kind),
    (NvU64, osDeviceHandle),
    (NvU32, allocAttr2),
    (NvU32, retAttr2),
    (NvU64, allocAddr),
    (NVOS32_PARAMETERS_data_HwAlloc_comprInfo, comprInfo),
    (NvU32, uncompressedKind))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_HwFree,
    (NvHandle, hResourceHandle),
    (NvU32, flags))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_data_AllocOsDesc,
    (NvHandle, hMemory),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, attr),
    (NvU32, attr2),
    (NvP64, descriptor),
    (NvU64, limit),
    (NvU32, descriptorType))
ABI_UNNAMED_UNION(NVOS32_PARAMETERS_data,
    (NVOS32_PARAMETERS_data_AllocSize, AllocSize),
    (NVOS32_PARAMETERS_data_AllocTiledPitchHeight, AllocTiledPitchHeight),
    (NVOS32_PARAMETERS_data_Free, Free),
    (NVOS32_PARAMETERS_data_ReleaseCompr, ReleaseCompr),
    (NVOS32_PARAMETERS_data_ReacquireCompr, ReacquireCompr),
    (NVOS32_PARAMETERS_data_Info, Info),
    (NVOS32_PARAMETERS_data_Dump, Dump),
    (NVOS32_PARAMETERS_data_AllocSizeRange, AllocSizeRange),
    (NVOS32_PARAMETERS_data_AllocHintAlignment, AllocHintAlignment),
    (NVOS32_PARAMETERS_data_HwAlloc, HwAlloc),
    (NVOS32_PARAMETERS_data_HwFree, HwFree),
    (NVOS32_PARAMETERS_data_AllocOsDesc, AllocOsDesc))
ABI_STRUCT(NVOS32_PARAMETERS, 184,
    (NvHandle, hRoot),
    (NvHandle, hObjectParent),
    (NvU32, function),
    (NvHandle, hVASpace),
    (NvS16, ivcHeapNumber),
    (NvV32, status),
    (NvU64, total),
    (NvU64, free),
    (NVOS32_PARAMETERS_data, data))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_V550_data_AllocSize,
    (NvU32, owner),
    (NvHandle, hMemory),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, attr),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU32, partitionStride),
    (NvU32, width),
    (NvU32, height),
    (NvU64, size),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit),
    (NvP64, address),
    (NvU64, rangeBegin),
    (NvU64, rangeEnd),
    (NvU32, attr2),
    (NvU32, ctagOffset),
    (NvS32, numaNode))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_V550_data_AllocTiledPitchHeight,
    (NvU32, owner),
    (NvHandle, hMemory),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, height),
    (NvS32, pitch),
    (NvU32, attr),
    (NvU32, width),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU32, partitionStride),
    (NvU64, size),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit),
    (NvP64, address),
    (NvU64, rangeBegin),
    (NvU64, rangeEnd),
    (NvU32, attr2),
    (NvU32, ctagOffset),
    (NvS32, numaNode))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_V550_data_AllocSizeRange,
    (NvU32, owner),
    (NvHandle, hMemory),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, attr),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU32, partitionStride),
    (NvU64, size),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit),
    (NvU64, rangeBegin),
    (NvU64, rangeEnd),
    (NvP64, address),
    (NvU32, attr2),
    (NvU32, ctagOffset),
    (NvS32, numaNode))
ABI_UNNAMED_UNION(NVOS32_PARAMETERS_V550_data,
    (NVOS32_PARAMETERS_V550_data_AllocSize, AllocSize),
    (NVOS32_PARAMETERS_V550_data_AllocTiledPitchHeight, AllocTiledPitchHeight),
    (NVOS32_PARAMETERS_data_Free, Free),
    (NVOS32_PARAMETERS_data_ReleaseCompr, ReleaseCompr),
    (NVOS32_PARAMETERS_data_ReacquireCompr, ReacquireCompr),
    (NVOS32_PARAMETERS_data_Info, Info),
    (NVOS32_PARAMETERS_data_Dump, Dump),
    (NVOS32_PARAMETERS_V550_data_AllocSizeRange, AllocSizeRange),
    (NVOS32_PARAMETERS_data_AllocHintAlignment, AllocHintAlignment),
    (NVOS32_PARAMETERS_data_HwAlloc, HwAlloc),
    (NVOS32_PARAMETERS_data_HwFree, HwFree),
    (NVOS32_PARAMETERS_data_AllocOsDesc, AllocOsDesc))
ABI_STRUCT_SINCE(NVOS32_PARAMETERS, 550, 184,
    (NvHandle, hRoot),
    (NvHandle, hObjectParent),
    (NvU32, function),
    (NvHandle, hVASpace),
    (NvS16, ivcHeapNumber),
    (NvV32, status),
    (NvU64, total),
    (NvU64, free),
    (NVOS32_PARAMETERS_V550_data, data))
ABI_UNNAMED_STRUCT(NVOS32_PARAMETERS_V575_data_AllocHintAlignment,
    (NvU32, alignType),
    (NvU32, alignAttr),
    (NvU32, alignInputFlags),
    (NvU64, alignSize),
    (NvU32, alignHeight),
    (NvU32, alignWidth),
    (NvU32, alignPitch),
    (NvU32, alignPad),
    (NvU32, alignMask),
    (NvU32, alignKind),
    (NvU32, alignAdjust),
    (NvU32, alignAttr2))
ABI_UNNAMED_UNION(NVOS32_PARAMETERS_V575_data,
    (NVOS32_PARAMETERS_V550_data_AllocSize, AllocSize),
    (NVOS32_PARAMETERS_V550_data_AllocTiledPitchHeight, AllocTiledPitchHeight),
    (NVOS32_PARAMETERS_data_Free, Free),
    (NVOS32_PARAMETERS_data_ReleaseCompr, ReleaseCompr),
    (NVOS32_PARAMETERS_data_ReacquireCompr, ReacquireCompr),
    (NVOS32_PARAMETERS_data_Info, Info),
    (NVOS32_PARAMETERS_V550_data_AllocSizeRange, AllocSizeRange),
    (NVOS32_PARAMETERS_V575_data_AllocHintAlignment, AllocHintAlignment),
    (NVOS32_PARAMETERS_data_HwAlloc, HwAlloc),
    (NVOS32_PARAMETERS_data_HwFree, HwFree),
    (NVOS32_PARAMETERS_data_AllocOsDesc, AllocOsDesc))
ABI_STRUCT_SINCE(NVOS32_PARAMETERS, 575, 184,
    (NvHandle, hRoot),
    (NvHandle, hObjectParent),
    (NvU32, function),
    (NvHandle, hVASpace),
    (NvS16, ivcHeapNumber),
    (NvV32, status),
    (NvU64, total),
    (NvU64, free),
    (NVOS32_PARAMETERS_V575_data, data))

ABI_STRUCT(NVOS33_PARAMETERS, 48,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hMemory),
    (NvU64, offset),
    (NvU64, length),
    (NvP64, pLinearAddress),
    (NvU32, status),
    (NvU32, flags))

ABI_STRUCT(NVOS34_PARAMETERS, 32,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hMemory),
    (NvP64, pLinearAddress),
    (NvU32, status),
    (NvU32, flags))

ABI_STRUCT(NVOS39_PARAMETERS, 56,
    (NvHandle, hObjectParent),
    (NvHandle, hSubDevice),
    (NvHandle, hObjectNew),
    (NvV32, hClass),
    (NvV32, flags),
    (NvU32, selector),
    (NvHandle, hMemory),
    (NvU64, offset),
    (NvU64, limit),
    (NvV32, status))

ABI_STRUCT(NVOS46_PARAMETERS, 56,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hDma),
    (NvHandle, hMemory),
    (NvU64, offset),
    (NvU64, length),
    (NvV32, flags),
    (NvU64, dmaOffset),
    (NvV32, status))
ABI_STRUCT_SINCE(NVOS46_PARAMETERS, 580, 64,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hDma),
    (NvHandle, hMemory),
    (NvU64, offset),
    (NvU64, length),
    (NvV32, flags),
    (NvV32, flags2),
    (NvV32, kindOverride),
    (NvU64, dmaOffset),
    (NvV32, status))

ABI_STRUCT(NVOS47_PARAMETERS, 40,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hDma),
    (NvHandle, hMemory),
    (NvV32, flags),
    (NvU64, dmaOffset),
    (NvV32, status))
ABI_STRUCT_SINCE(NVOS47_PARAMETERS, 550, 48,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hDma),
    (NvHandle, hMemory),
    (NvV32, flags),
    (NvU64, dmaOffset),
    (NvU64, size),
    (NvV32, status))

ABI_STRUCT(NVOS56_PARAMETERS, 40,
    (NvHandle, hClient),
    (NvHandle, hDevice),
    (NvHandle, hMemory),
    (NvP64, pOldCpuAddress),
    (NvP64, pNewCpuAddress),
    (NvV32, status))

ABI_STRUCT(NvUnixEvent, 16,
    (NvHandle, hObject),
    (NvV32, NotifyIndex),
    (NvV32, info32),
    (NvU16, info16))
