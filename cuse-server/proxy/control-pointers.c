/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands whose parameters hold pointers of the caller's. */
#include <errno.h>

#include "abi/ctrl0000.h"
#include "cuse-server/proxy/control.h"

/* More than the driver's longest version string; it fills in what it is given room for. */
enum { BUILD_STRING_MAX = 256 };

/*
 * ctrl_get_build_version: three strings come back. If the caller leaves out one of them, the driver
 * is given none, as it then returns the numbers alone.
 */
RequestResult control_get_build_version(Request *req, const AbiEntry *entry,
                                        NVOS54_PARAMETERS *guest)
{
    bool refused;
    NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_PARAMS *p =
        control_map_params(req, guest, sizeof *p, &refused);
    void *driver = NULL;
    void *version = NULL;
    void *title = NULL;

    if (!p) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    const NvU32 bytes = MIN(p->sizeOfStrings, BUILD_STRING_MAX);
    if (p->pDriverVersionBuffer && p->pVersionBuffer && p->pTitleBuffer) {
        if (bytes == 0) {
            return request_refuse(req, EINVAL, REFUSAL_SIZE);
        }
        driver = guest_map(req, p->pDriverVersionBuffer, bytes, GUEST_OUT);
        version = guest_map(req, p->pVersionBuffer, bytes, GUEST_OUT);
        title = guest_map(req, p->pTitleBuffer, bytes, GUEST_OUT);
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    request_swap(req, &p->sizeOfStrings, &bytes, sizeof bytes);
    request_swap_pointer(req, &p->pDriverVersionBuffer, driver);
    request_swap_pointer(req, &p->pVersionBuffer, version);
    request_swap_pointer(req, &p->pTitleBuffer, title);
    control_call_host(req, entry, guest, p);
    return REQUEST_DONE;
}

/* ctrl_gpu_get_id_info: the name has long moved to another command; its pointer is never passed on.
 */
RequestResult control_gpu_get_id_info(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    bool refused;
    NV0000_CTRL_GPU_GET_ID_INFO_PARAMS *p = control_map_params(req, guest, sizeof *p, &refused);

    if (!p) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    request_swap_pointer(req, &p->szName, NULL);
    control_call_host(req, entry, guest, p);
    return REQUEST_DONE;
}
