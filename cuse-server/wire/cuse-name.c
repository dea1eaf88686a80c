/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/cuse-name.h"

#include <glib.h>

char *cuse_device_name(const char *instance, const char *device)
{
    char *name = g_strdup_printf("nvcuse!%s!%s", instance, device);

    return g_strdelimit(name, "/", '!');
}
