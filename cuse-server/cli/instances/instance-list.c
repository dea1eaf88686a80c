/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/instances/instance-list.h"

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/observe/run-directory.h"

GPtrArray *instance_list(const char *command)
{
    GPtrArray *instances = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
    g_autoptr(GPtrArray) names = run_directory_list();

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(GError) error = NULL;
        g_autofree char *text = run_directory_ask(name, "control", &error);
        JsonObject *instance = text ? json_read_object(text, &error) : NULL;
        if (instance) {
            g_ptr_array_add(instances, instance);
        } else {
            g_printerr("%s: instance '%s' does not answer: %s\n", command, name, error->message);
        }
    }
    return instances;
}
