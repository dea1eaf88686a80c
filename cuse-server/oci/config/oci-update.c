/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-update.h"

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/config/oci-schema.h"

/* Check the limits against OCI's names, in the place that they have in a configuration. */
static bool check(JsonValue *resources, GError **error)
{
    g_autoptr(JsonValue) config = json_new_object();
    JsonValue *section = json_need_object(config, "linux");

    json_set(section, "resources", json_ref(resources));
    return oci_schema_check(config, error);
}

char *oci_update_close(const char *text, gssize length, bool *dropped, GError **error)
{
    g_autoptr(JsonValue) resources = json_text_parse(text, length, error);

    if (!resources || !check(resources, error)) {
        return NULL;
    }
    *dropped = json_member(resources, "devices") != NULL;
    if (*dropped) {
        json_remove_member(resources, "devices");
    }
    return json_text_write(resources);
}
