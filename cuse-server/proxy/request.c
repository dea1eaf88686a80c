/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/request.h"

#include <errno.h>
#include <string.h>

#include "cuse-server/proxy/proxy.h"

RequestResult request_refuse(Request *req, int error, Refusal refusal)
{
    req->error = error;
    req->write_back = 0;
    req->event.error = error;
    req->event.refusal = refusal;
    return REQUEST_DONE;
}

RequestResult request_refuse_status(Request *req, NvU32 *status_field, NvU32 status,
                                    Refusal refusal)
{
    *status_field = status;
    req->error = 0;
    req->write_back = 1;
    req->event.status = status;
    req->event.refusal = refusal;
    return REQUEST_DONE;
}

/* The driver spells it in three ways. */
static bool is_status(const AbiField *field)
{
    return strcmp(field->name, "status") == 0 || strcmp(field->name, "Status") == 0 ||
           strcmp(field->name, "rmStatus") == 0;
}

static void note_status(Request *req, const AbiLayout *layout, const void *params)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        if (is_status(field) && field->size == sizeof req->event.status) {
            memcpy(&req->event.status, (const char *)params + field->offset, field->size);
        }
    }
}

bool request_host_ioctl(Request *req, uint32_t command, void *argument)
{
    Host *host = req->proxy->host;

    g_assert(
        req->committed); /* or a handler acts on memory that it may be asked to look at again */
    req->error = host->ops->ioctl(host, req->file->fd, command, argument);
    req->event.error = req->error;
    req->write_back = req->error ? 0 : WRITE_BACK_ALL;
    return req->error == 0;
}

bool request_host_struct(Request *req, uint32_t command, const AbiLayout *layout, void *params)
{
    if (!request_host_ioctl(req, command, params)) {
        return false;
    }
    note_status(req, layout, params);
    return true;
}

RequestResult request_pass_struct(Request *req, uint32_t command, const AbiLayout *layout)
{
    void *params = guest_map(req, req->argument, layout->size, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    request_host_struct(req, command, layout, params);
    return REQUEST_DONE;
}

NvFile *request_file(Request *req, int guest_fd, DeviceKind kind)
{
    Host *host = req->proxy->host;
    uint32_t id = 0;

    g_assert(req->committed);
    if (guest_fd < 0 || host->ops->identify(host, req->tid, guest_fd, &id) != 0) {
        return NULL;
    }
    g_autoptr(NvFile) file = nv_file_table_get(req->proxy->files, id);
    return file && file->device->kind == kind ? g_steal_pointer(&file) : NULL;
}
