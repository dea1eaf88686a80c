/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations by a guest that has one control file. */
#pragma once

#include "abi/nvos.h"
#include "tests/unit/support/fake-host.h"

enum {
    CLIENT = 0xc1d00001,
    DEVICE = 0xcaf00001,
    PARAMS = GUEST_BASE + 0x1000,
};

/** fake: the host of the current test. */
extern Fake *fake;

/** alloc64: NV_ESC_RM_ALLOC in its long form. Returns: errno value. */
int alloc64(NVOS64_PARAMETERS *p);

/** make_client: allocate CLIENT. */
void make_client(void);
