/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands whose parameters point at arrays of the caller's: one handler, by the roles of the pointers (abi/role.h). */
#include <errno.h>
#include <string.h>

#include "abi/status.h"
#include "cuse-server/proxy/control.h"
#include "cuse-server/proxy/params.h"

/* Of one array. What is read may be as long as a call can carry, with room for its structs. */
enum {
    ARRAY_BYTES_MAX = 1024 * 1024,
    STRUCTS_BYTES = 4096,
    READ_BYTES_MAX = GUEST_CALL_BYTES_MAX - STRUCTS_BYTES,
};

enum { ARRAYS_MAX = 2 };

/* An array: @at: its pointer in the parameters; @copy: the private copy, NULL: the host gets none */
typedef struct {
    NvP64 *at;
    void *copy;
} Array;

/* The size of an array. Returns false if it is out of bounds. */
static bool array_bytes(const AbiRole *role, NvU32 count, size_t *bytes)
{
    const uint64_t elements = role->flags & ABI_SQUARE ? (uint64_t)count * count : count;
    const uint64_t bytes_max = role->flags & ABI_READ ? READ_BYTES_MAX : ARRAY_BYTES_MAX;

    /* 2^32 squared fits; times an element it need not. */
    if (elements == 0 || elements > bytes_max / role->element) {
        return false;
    }
    *bytes = elements * role->element;
    return true;
}

static RequestResult refuse_size(Request *req, const AbiRole *role, NVOS54_PARAMETERS *guest)
{
    return role->flags & ABI_BY_ERRNO
               ? request_refuse(req, EINVAL, REFUSAL_TOO_LARGE)
               : request_refuse_status(req, &guest->status, NV_ERR_INVALID_ARGUMENT,
                                       REFUSAL_TOO_LARGE);
}

/* Ask for one array. Returns false if it is refused: @req says so. */
static bool map_array(Request *req, const AbiField *field, NVOS54_PARAMETERS *guest, void *params,
                      Array *array)
{
    const AbiRole *role = &field->role;
    NvU32 count;
    size_t bytes;

    *array = (Array){.at = params_at(params, field)};
    memcpy(&count, (const char *)params + role->beside_at, sizeof count);
    if ((*array->at == 0 && (role->flags & ABI_NULL_OK)) ||
        (count == 0 && (role->flags & ABI_EMPTY_IS_NULL))) {
        return true;
    }
    if (!array_bytes(role, count, &bytes)) {
        refuse_size(req, role, guest);
        return false;
    }
    array->copy =
        guest_map(req, *array->at, bytes, role->access == ABI_ACCESS_OUT ? GUEST_OUT : GUEST_INOUT);
    return true;
}

/* Returns false if one is refused. */
static bool map_arrays(Request *req, const AbiLayout *layout, NVOS54_PARAMETERS *guest,
                       void *params, Array *arrays, unsigned *n)
{
    *n = 0;
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (layout->fields[i].role.element == 0) {
            continue;
        }
        g_assert(*n < ARRAYS_MAX);
        if (!map_array(req, &layout->fields[i], guest, params, &arrays[(*n)++])) {
            return false;
        }
    }
    return true;
}

RequestResult control_arrays(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    Array arrays[ARRAYS_MAX];
    unsigned n;
    bool refused;
    void *params = control_map_params(req, guest, entry->layout->size, &refused);

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!map_arrays(req, entry->layout, guest, params, arrays, &n)) {
        return REQUEST_DONE;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    for (unsigned i = 0; i < n; i++) {
        request_swap_pointer(req, arrays[i].at, arrays[i].copy);
    }
    control_call_host(req, entry, guest, params);
    return REQUEST_DONE;
}
