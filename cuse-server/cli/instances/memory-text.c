/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/instances/memory-text.h"

#include <stdbool.h>
#include <string.h>

#include "cuse-server/base/json/json-reader.h"

char *memory_amount(gint64 bytes)
{
    static const char units[] = "\0KMGTPE";
    double amount = (double)bytes;
    size_t unit = 0;

    while (amount >= 1023.95 && unit < sizeof units - 2) {
        amount /= 1024;
        unit++;
    }
    g_autofree char *number = g_strdup_printf("%.1f", amount);
    if (g_str_has_suffix(number, ".0") || g_str_has_suffix(number, ",0")) {
        number[strlen(number) - 2] = '\0';
    }
    return g_strdup_printf("%s%.1s", number, &units[unit]);
}

/* @limit: 0 if there is none */
static char *show(gint64 used, gint64 limit)
{
    g_autofree char *amount = memory_amount(used);
    g_autofree char *most = memory_amount(limit);

    return limit ? g_strconcat(amount, "/", most, NULL) : g_steal_pointer(&amount);
}

/* Add without overflow: the worker can report any number. */
static gint64 add(gint64 a, gint64 b)
{
    return a > G_MAXINT64 - b ? G_MAXINT64 : a + b;
}

char *memory_sum(JsonObject *instance)
{
    JsonArray *gpus = json_read_array(instance, "gpu_memory");
    const guint n = gpus ? json_array_get_length(gpus) : 0;
    gint64 used = 0;
    gint64 limits = 0;
    bool limited = n > 0;

    for (guint i = 0; i < n; i++) {
        JsonNode *node = json_array_get_element(gpus, i);
        if (JSON_NODE_HOLDS_OBJECT(node)) {
            JsonObject *gpu = json_node_get_object(node);
            const gint64 limit = json_read_int(gpu, "limit");
            used = add(used, json_read_int(gpu, "used"));
            limits = add(limits, limit);
            limited = limited && limit;
        }
    }
    return show(used, limited ? limits : 0);
}

char *memory_pinned(JsonObject *instance)
{
    JsonObject *pinned = json_read_object_member(instance, "pinned_memory");

    return pinned ? show(json_read_int(pinned, "used"), json_read_int(pinned, "limit"))
                  : g_strdup("?");
}
