/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/hooks/hook-environment.h"

void hook_environment_close(JsonValue *hook)
{
    JsonValue *env = json_member_array(hook, "env");

    if (json_length(env) > 0) {
        return;
    }
    env = json_new_array();
    json_append_string(env, "PATH=" HOOK_PATH);
    json_set(hook, "env", env);
}

void hook_environment_close_all(JsonValue *hooks)
{
    for (guint i = 0; i < json_length(hooks); i++) {
        JsonValue *hook = json_element_object(hooks, i);
        if (hook) {
            hook_environment_close(hook);
        }
    }
}
