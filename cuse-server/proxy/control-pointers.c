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

    (void)entry;
    if (!p) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_PARAMS host = *p;
    if (p->pDriverVersionBuffer && p->pVersionBuffer && p->pTitleBuffer) {
        if (p->sizeOfStrings == 0) {
            return request_refuse(req, EINVAL, REFUSAL_SIZE);
        }
        host.sizeOfStrings = MIN(p->sizeOfStrings, BUILD_STRING_MAX);
        driver = guest_map(req, p->pDriverVersionBuffer, host.sizeOfStrings, GUEST_OUT);
        version = guest_map(req, p->pVersionBuffer, host.sizeOfStrings, GUEST_OUT);
        title = guest_map(req, p->pTitleBuffer, host.sizeOfStrings, GUEST_OUT);
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    host.pDriverVersionBuffer = (uintptr_t)driver;
    host.pVersionBuffer = (uintptr_t)version;
    host.pTitleBuffer = (uintptr_t)title;
    if (control_call_host(req, guest, &host)) {
        p->changelistNumber = host.changelistNumber;
        p->officialChangelistNumber = host.officialChangelistNumber;
    }
    return REQUEST_DONE;
}

/* ctrl_gpu_get_id_info: the name has long moved to another command; its pointer is never passed on.
 */
RequestResult control_gpu_get_id_info(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    bool refused;
    NV0000_CTRL_GPU_GET_ID_INFO_PARAMS *p = control_map_params(req, guest, sizeof *p, &refused);

    (void)entry;
    if (!p) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    NV0000_CTRL_GPU_GET_ID_INFO_PARAMS host = *p;
    host.szName = 0;
    if (control_call_host(req, guest, &host)) {
        host.szName = p->szName;
        *p = host;
    }
    return REQUEST_DONE;
}
