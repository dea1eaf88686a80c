/* SPDX-License-Identifier: Apache-2.0 */
/* Explains a refusal to an operator in sentences: what was called, why it was refused, what would allow it. */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/ledger.h"
#include "version-tree/driver-abi.h"
#include "version-tree/nv-caps.h"

/**
 * RefusedCall: as in LedgerRecord.
 * @number: number of the ioctl; @detail: number of the control command or class; 0: none
 */
typedef struct {
    CallKind kind;
    Refusal refusal;
    uint32_t number;
    uint32_t detail;
} RefusedCall;

/** explain_call: name a call: "NV_ESC_RM_ALLOC of NV01_DEVICE_0 (0x80)". The caller frees it. */
char *explain_call(const DriverAbi *abi, const RefusedCall *call);

/**
 * explain_refusal: explain a refusal in one paragraph. The caller frees it.
 * @abi: the driver's tables that the instance uses; @caps: the capabilities that are enabled
 */
char *explain_refusal(const DriverAbi *abi, NvCaps caps, const RefusedCall *call);
