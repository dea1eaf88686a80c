/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and time as nvcuse ps and nvcuse limit show them. */
#include <criterion/criterion.h>

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/cli/instances/memory-text.h"
#include "cuse-server/cli/instances/time-text.h"

Test(memory_text, amounts_have_the_unit_that_keeps_them_short)
{
    static const struct {
        gint64 bytes;
        const char *text;
    } rows[] = {
        {0, "0"},           {1023, "1023"},          {1024, "1K"},
        {1536, "1.5K"},     {1024 * 1024 - 1, "1M"}, {20LL << 30, "20G"},
        {G_MAXINT64, "8E"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = memory_amount(rows[i].bytes);
        cr_assert_str_eq(text, rows[i].text);
    }
}

static void shows(const char *json, const char *sum, const char *pinned)
{
    g_autoptr(JsonObject) instance = json_read_object(json, NULL);
    g_autofree char *memory = memory_sum(instance);
    g_autofree char *host = memory_pinned(instance);

    cr_assert_str_eq(memory, sum, "%s", json);
    cr_assert_str_eq(host, pinned, "%s", json);
}

Test(memory_text, a_sum_has_a_limit_if_every_gpu_has)
{
    shows("{\"gpu_memory\": [{\"used\": 1024, \"limit\": 2048}, {\"used\": 2048, \"limit\": 4096}],"
          " \"pinned_memory\": {\"used\": 0, \"limit\": 1024}}",
          "3K/6K", "0/1K");
    shows("{\"gpu_memory\": [{\"used\": 1024, \"limit\": 2048}, {\"used\": 0, \"limit\": null}],"
          " \"pinned_memory\": {\"used\": 1, \"limit\": null}}",
          "1K", "1");
    shows("{\"gpu_memory\": [{\"used\": 9223372036854775807}, {\"used\": 9223372036854775807}, 3]}",
          "8E", "?");
    shows("{}", "0", "?");
}

Test(time_text, shows_weight_and_cap_or_the_pause)
{
    static const struct {
        const char *json;
        const char *text;
    } rows[] = {
        {"{}", "-"},
        {"{\"gpu_share\": null, \"gpu_cap\": null, \"paused\": false}", "-"},
        {"{\"gpu_share\": 400, \"gpu_cap\": null}", "400"},
        {"{\"gpu_share\": null, \"gpu_cap\": 20}", "20%"},
        {"{\"gpu_share\": null, \"gpu_cap\": 100}", "-"},
        {"{\"gpu_share\": 400, \"gpu_cap\": 20}", "400,20%"},
        {"{\"gpu_share\": 400, \"gpu_cap\": 20, \"paused\": true}", "paused"},
        {"{\"gpu_share\": \"x\", \"paused\": \"true\"}", "-"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(JsonObject) instance = json_read_object(rows[i].json, NULL);
        g_autofree char *text = time_text(instance);
        cr_assert_str_eq(text, rows[i].text, "%s", rows[i].json);
    }
}
