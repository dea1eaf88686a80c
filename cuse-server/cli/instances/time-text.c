/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/instances/time-text.h"

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/wire/quota/quota.h"

char *time_text(JsonObject *instance)
{
    const gint64 share = json_read_int(instance, "gpu_share");
    const gint64 given = json_read_int(instance, "gpu_cap");
    const gint64 cap = given < QUOTA_CAP_MAX ? given : 0;

    if (json_read_boolean(instance, "paused")) {
        return g_strdup("paused");
    }
    if (share && cap) {
        return g_strdup_printf("%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "%%", share, cap);
    }
    if (share || cap) {
        return g_strdup_printf("%" G_GINT64_FORMAT "%s", share ? share : cap, cap ? "%" : "");
    }
    return g_strdup("-");
}
