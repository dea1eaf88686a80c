/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of NV_ESC_RM_ALLOC for classes of channels, and of the engines that channels use. Driver files: nvos.h, alloc/,
 * class/cl<id>.h. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

/* NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS.engineType: the graphics engines, which also compute. */
#define NV2080_ENGINE_TYPE_GR0 0x1
#define NV2080_ENGINE_TYPE_GR7 0x8

/* Lengths of arrays. */
#define NV_MAX_SUBDEVICES              8
#define CC_CHAN_ALLOC_IV_SIZE_DWORD    3
#define CC_CHAN_ALLOC_NONCE_SIZE_DWORD 8

ABI_STRUCT(NV_GR_ALLOCATION_PARAMETERS, 16,
    (NvU32, version),
    (NvU32, flags),
    (NvU32, size),
    (NvU32, caps))

ABI_STRUCT(NV_CTXSHARE_ALLOCATION_PARAMETERS, 12,
    (NvHandle, hVASpace, (DEPENDENCY)),
    (NvU32, flags),
    (NvU32, subctxId))

ABI_STRUCT(NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS, 20,
    (NvHandle, hObjectError, (OBJECT)),
    (NvHandle, hObjectEccError, (OBJECT)),
    (NvHandle, hVASpace, (DEPENDENCY)),
    (NvU32, engineType),
    (NvBool, bIsCallingContextVgpuPlugin))

ABI_STRUCT(NV_BSP_ALLOCATION_PARAMETERS, 12,
    (NvU32, size),
    (NvU32, prohibitMultipleInstances),
    (NvU32, engineInstance))

ABI_STRUCT(NV_NVJPG_ALLOCATION_PARAMETERS, 12,
    (NvU32, size),
    (NvU32, prohibitMultipleInstances),
    (NvU32, engineInstance))

ABI_STRUCT(NV_OFA_ALLOCATION_PARAMETERS, 8,
    (NvU32, size),
    (NvU32, prohibitMultipleInstances))
ABI_STRUCT_SINCE(NV_OFA_ALLOCATION_PARAMETERS, 545, 12,
    (NvU32, size),
    (NvU32, prohibitMultipleInstances),
    (NvU32, engineInstance))

ABI_STRUCT(NV_MEMORY_DESC_PARAMS, 24,
    (NvU64, base, (INCIDENTAL)),
    (NvU64, size),
    (NvU32, addressSpace),
    (NvU32, cacheAttrib))

ABI_STRUCT(NV_CHANNEL_ALLOC_PARAMS, 360,
    (NvHandle, hObjectError, (OBJECT)),
    (NvHandle, hObjectBuffer, (OBJECT)),
    (NvU64, gpFifoOffset),
    (NvU32, gpFifoEntries),
    (NvU32, flags),
    (NvHandle, hContextShare, (DEPENDENCY)),
    (NvHandle, hVASpace, (DEPENDENCY)),
    (NvHandle, hUserdMemory, [NV_MAX_SUBDEVICES], (OBJECT)),
    (NvU64, userdOffset, [NV_MAX_SUBDEVICES]),
    (NvU32, engineType),
    (NvU32, cid),
    (NvU32, subDeviceId, (LEFT_ALONE, "counts GPUs within one device")),
    (NvHandle, hObjectEccError, (OBJECT)),
    (NV_MEMORY_DESC_PARAMS, instanceMem),
    (NV_MEMORY_DESC_PARAMS, userdMem),
    (NV_MEMORY_DESC_PARAMS, ramfcMem),
    (NV_MEMORY_DESC_PARAMS, mthdbufMem),
    (NvHandle, hPhysChannelGroup, (OBJECT)),
    (NvU32, internalFlags),
    (NV_MEMORY_DESC_PARAMS, errorNotifierMem),
    (NV_MEMORY_DESC_PARAMS, eccErrorNotifierMem),
    (NvU32, ProcessID, (PID)),
    (NvU32, SubProcessID, (PID)),
    (NvU32, encryptIv, [CC_CHAN_ALLOC_IV_SIZE_DWORD]),
    (NvU32, decryptIv, [CC_CHAN_ALLOC_IV_SIZE_DWORD]),
    (NvU32, hmacNonce, [CC_CHAN_ALLOC_NONCE_SIZE_DWORD]))
ABI_STRUCT_SINCE(NV_CHANNEL_ALLOC_PARAMS, 570, 368,
    (NvHandle, hObjectError, (OBJECT)),
    (NvHandle, hObjectBuffer, (OBJECT)),
    (NvU64, gpFifoOffset),
    (NvU32, gpFifoEntries),
    (NvU32, flags),
    (NvHandle, hContextShare, (DEPENDENCY)),
    (NvHandle, hVASpace, (DEPENDENCY)),
    (NvHandle, hUserdMemory, [NV_MAX_SUBDEVICES], (OBJECT)),
    (NvU64, userdOffset, [NV_MAX_SUBDEVICES]),
    (NvU32, engineType),
    (NvU32, cid),
    (NvU32, subDeviceId, (LEFT_ALONE, "counts GPUs within one device")),
    (NvHandle, hObjectEccError, (OBJECT)),
    (NV_MEMORY_DESC_PARAMS, instanceMem),
    (NV_MEMORY_DESC_PARAMS, userdMem),
    (NV_MEMORY_DESC_PARAMS, ramfcMem),
    (NV_MEMORY_DESC_PARAMS, mthdbufMem),
    (NvHandle, hPhysChannelGroup, (OBJECT)),
    (NvU32, internalFlags),
    (NV_MEMORY_DESC_PARAMS, errorNotifierMem),
    (NV_MEMORY_DESC_PARAMS, eccErrorNotifierMem),
    (NvU32, ProcessID, (PID)),
    (NvU32, SubProcessID, (PID)),
    (NvU32, encryptIv, [CC_CHAN_ALLOC_IV_SIZE_DWORD]),
    (NvU32, decryptIv, [CC_CHAN_ALLOC_IV_SIZE_DWORD]),
    (NvU32, hmacNonce, [CC_CHAN_ALLOC_NONCE_SIZE_DWORD]),
    (NvU32, tpcConfigID))
ABI_STRUCT_SINCE(NV_CHANNEL_ALLOC_PARAMS, 610, 376,
    (NvHandle, hObjectError, (OBJECT)),
    (NvHandle, hObjectBuffer, (OBJECT)),
    (NvU64, gpFifoOffset),
    (NvU32, gpFifoEntries),
    (NvU32, flags),
    (NvHandle, hContextShare, (DEPENDENCY)),
    (NvHandle, hVASpace, (DEPENDENCY)),
    (NvHandle, hHandleVASpace, (OBJECT)),
    (NvHandle, hUserdMemory, [NV_MAX_SUBDEVICES], (OBJECT)),
    (NvU64, userdOffset, [NV_MAX_SUBDEVICES]),
    (NvU32, engineType),
    (NvU32, cid),
    (NvU32, subDeviceId, (LEFT_ALONE, "counts GPUs within one device")),
    (NvHandle, hObjectEccError, (OBJECT)),
    (NV_MEMORY_DESC_PARAMS, instanceMem),
    (NV_MEMORY_DESC_PARAMS, userdMem),
    (NV_MEMORY_DESC_PARAMS, ramfcMem),
    (NV_MEMORY_DESC_PARAMS, mthdbufMem),
    (NvHandle, hPhysChannelGroup, (OBJECT)),
    (NvU32, internalFlags),
    (NV_MEMORY_DESC_PARAMS, errorNotifierMem),
    (NV_MEMORY_DESC_PARAMS, eccErrorNotifierMem),
    (NvU32, ProcessID, (PID)),
    (NvU32, SubProcessID, (PID)),
    (NvU32, encryptIv, [CC_CHAN_ALLOC_IV_SIZE_DWORD]),
    (NvU32, decryptIv, [CC_CHAN_ALLOC_IV_SIZE_DWORD]),
    (NvU32, hmacNonce, [CC_CHAN_ALLOC_NONCE_SIZE_DWORD]),
    (NvU32, tpcConfigID))

ABI_STRUCT(NV_MSENC_ALLOCATION_PARAMETERS, 12,
    (NvU32, size),
    (NvU32, prohibitMultipleInstances),
    (NvU32, engineInstance))

ABI_STRUCT(NVB0B5_ALLOCATION_PARAMETERS, 8,
    (NvU32, version),
    (NvU32, engineType))

/* From 610 on, the decoder and encoder classes have the shapes of BSP and MSENC under new names. */
ABI_STRUCT(NV_NVDEC_ALLOCATION_PARAMETERS, 12,
    (NvU32, size),
    (NvU32, prohibitMultipleInstances),
    (NvU32, engineInstance))

ABI_STRUCT(NV_NVENC_ALLOCATION_PARAMETERS, 12,
    (NvU32, size),
    (NvU32, prohibitMultipleInstances),
    (NvU32, engineInstance))
