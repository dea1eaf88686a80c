/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/status.h"

#include <stddef.h>

const char *nv_status_name(uint32_t status)
{
    switch (status) {
#define NV_STATUS_CASE(NAME, VALUE) \
    case VALUE:                     \
        return #NAME;
        NV_STATUSES(NV_STATUS_CASE)
#undef NV_STATUS_CASE
    default:
        return NULL;
    }
}
