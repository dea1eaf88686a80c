/* SPDX-License-Identifier: Apache-2.0 */
/* A refusal as sentences for an operator: what was called, why it was refused, what would allow it. */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/ledger.h"
#include "version-tree/driver-abi.h"
#include "version-tree/nv-caps.h"

/**
 * RefusedCall: as in LedgerRecord.
 * @number: of the ioctl; @detail: of the control command or class, 0: none
 */
typedef struct {
    CallKind kind;
    Refusal refusal;
    uint32_t number;
    uint32_t detail;
} RefusedCall;

/** explain_call: the call's name: "NV_ESC_RM_ALLOC of NV01_DEVICE_0 (0x80)". The caller frees it. */
char *explain_call(const DriverAbi *abi, const RefusedCall *call);

/**
 * explain_refusal: one paragraph of sentences. The caller frees it.
 * @abi: the tables that the instance works with; @caps: what it opens
 */
char *explain_refusal(const DriverAbi *abi, NvCaps caps, const RefusedCall *call);
