/* SPDX-License-Identifier: Apache-2.0 */
/* Effect of NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION, which returns three strings. */
#include <errno.h>

#include "abi/control/ctrl0000.h"
#include "cuse-server/proxy/effects/effects.h"

typedef NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_PARAMS Params;

/* In bytes; longer than the driver's longest version string. The driver fills in as much as it gets room for. */
enum { BUILD_STRING_MAX = 256 };

static NvU32 string_bytes(const Params *p)
{
    return MIN(p->sizeOfStrings, BUILD_STRING_MAX);
}

/* Map all three strings or none: if the caller leaves out one of them, the driver returns only the numbers. */
static bool map_strings(Call *call)
{
    Params *p = call->params;
    NvP64 *const strings[] = {&p->pDriverVersionBuffer, &p->pVersionBuffer, &p->pTitleBuffer};
    const bool all = *strings[0] && *strings[1] && *strings[2];

    if (all && string_bytes(p) == 0) {
        return call_refuse(call, EINVAL, REFUSAL_SIZE);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        call_map_array(call, strings[i], all ? string_bytes(p) : 0, GUEST_OUT);
    }
    return true;
}

static bool bound_strings(Call *call)
{
    Params *p = call->params;
    const NvU32 bytes = string_bytes(p);

    call_swap(call, &p->sizeOfStrings, &bytes, sizeof bytes);
    return true;
}

const Effect effect_get_build_version = {.map = map_strings, .before = bound_strings};
