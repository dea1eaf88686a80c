/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/runtime-config.h"

#include <gio/gio.h>

#include "cuse-server/base/config-file.h"
#include "cuse-server/oci/runtime/find-program.h"

#define DEFAULT_FILE "/etc/nvcuse/runtime.conf"
#define DEFAULT_CDI  "/etc/cdi/nvcuse.json"

static const char *const keys[] = {"path",        "instance-config", "cdi",  "environment",
                                   "annotations", "cdi-annotations", "caps", NULL};

/* Put the place in the file before the message. */
static bool blame(GError **error, const char *origin, const char *key)
{
    g_prefix_error(error, "%s: %s: ", origin, key);
    return false;
}

/* Read a key that is yes or no. *value stays as it is if the key is absent. */
static bool read_switch(const ConfigFile *file, const char *key, bool *value, GError **error)
{
    g_autofree char *origin = NULL;
    g_autofree char *text = config_file_get(file, key, &origin);

    if (!text) {
        return true;
    }
    if (g_str_equal(text, "yes") || g_str_equal(text, "no")) {
        *value = g_str_equal(text, "yes");
        return true;
    }
    g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                "invalid value '%s': expected yes or no", text);
    return blame(error, origin, key);
}

static bool read_caps(const ConfigFile *file, NvCaps *caps, GError **error)
{
    g_autofree char *origin = NULL;
    g_autofree char *text = config_file_get(file, "caps", &origin);

    return !text || nv_caps_parse(text, caps, error) || blame(error, origin, "caps");
}

static bool read_file(RuntimeConfig *config, GError **error)
{
    const char *named = g_getenv("NVCUSE_RUNTIME_CONFIG");
    const char *path = named ? named : DEFAULT_FILE;
    g_autoptr(ConfigFile) file = NULL;

    if (!named && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        return true;
    }
    file = config_file_read(path, "runtime", keys, error);
    if (!file) {
        return false;
    }
    config->path = config_file_get(file, "path", NULL);
    config->instance_config = config_file_get(file, "instance-config", NULL);
    config->cdi = config_file_get(file, "cdi", NULL);
    return read_switch(file, "environment", &config->policy.environment, error) &&
           read_switch(file, "annotations", &config->policy.annotations, error) &&
           read_switch(file, "cdi-annotations", &config->policy.cdi_annotations, error) &&
           read_caps(file, &config->policy.caps, error);
}

/* Find the runtime's program and make its path absolute. The configured name may be a path, or a
 * name to find in PATH. */
static bool find_runtime(RuntimeConfig *config, GError **error)
{
    const char *wanted = g_getenv("NVCUSE_RUNTIME");
    const char *names[] = {"runc", "crun"};

    if (!wanted) {
        wanted = config->path;
    }
    g_autofree char *chosen = wanted ? find_program(wanted) : NULL;
    for (size_t i = 0; !wanted && !chosen && i < G_N_ELEMENTS(names); i++) {
        chosen = find_program(names[i]);
    }
    if (!chosen) {
        g_set_error(
            error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
            "OCI runtime %s not found: install it, or name another one by 'path' in " DEFAULT_FILE
            " or by the variable NVCUSE_RUNTIME",
            wanted ? wanted : "(runc or crun)");
        return false;
    }
    g_free(config->path);
    config->path = g_steal_pointer(&chosen);
    return true;
}

bool runtime_config_load(RuntimeConfig *config, GError **error)
{
    *config = (RuntimeConfig){.policy = {.environment = true, .caps = NV_CAPS_DEFAULT}};
    if (!read_file(config, error) || !find_runtime(config, error)) {
        return false;
    }
    if (!config->cdi && g_file_test(DEFAULT_CDI, G_FILE_TEST_EXISTS)) {
        config->cdi = g_strdup(DEFAULT_CDI);
    }
    return true;
}

void runtime_config_clear(RuntimeConfig *config)
{
    g_clear_pointer(&config->path, g_free);
    g_clear_pointer(&config->instance_config, g_free);
    g_clear_pointer(&config->cdi, g_free);
}
