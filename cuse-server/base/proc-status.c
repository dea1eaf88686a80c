/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/proc-status.h"

#include <stdlib.h>
#include <string.h>

#include <glib.h>

bool proc_status_number(const char *status, const char *name, unsigned index, int base,
                        uint64_t *value)
{
    g_autofree char *start = g_strdup_printf("\n%s:", name);
    const char *at = strstr(status, start);
    char *end = NULL;

    if (!at) {
        return false;
    }
    at += strlen(start);
    for (unsigned i = 0; i <= index; i++, at = end) {
        *value = strtoull(at, &end, base);
        if (end == at) {
            return false;
        }
    }
    return true;
}
