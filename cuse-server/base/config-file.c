/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/config-file.h"

#include <stdbool.h>
#include <string.h>

#include "cuse-server/base/nearest.h"

struct ConfigFile {
    char *path;
    const char *group;
    const char *const *known;
    GKeyFile *keys;
    GHashTable *lines; /* key -> its line */
};

static bool fail_at(const ConfigFile *file, guint line, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static bool fail_at(const ConfigFile *file, guint line, GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_PARSE, "%s:%u: %s", file->path, line,
                text);
    return false;
}

static bool check_group(const ConfigFile *file, const char *text, guint line, GError **error)
{
    const char *const groups[] = {file->group, NULL};
    const char *end = strchr(text, ']');
    g_autofree char *name = end ? g_strndup(text + 1, (gsize)(end - text - 1)) : NULL;

    if (!name || end[1] != '\0') {
        return fail_at(file, line, error, "invalid line '%s': expected [%s]", text, file->group);
    }
    if (strcmp(name, file->group) != 0) {
        g_autofree char *hint = nearest_hint(name, groups);
        return fail_at(file, line, error, "unknown group [%s]%s", name, hint);
    }
    return true;
}

static bool check_key(ConfigFile *file, const char *text, guint line, GError **error)
{
    const char *equals = strchr(text, '=');
    g_autofree char *key = equals ? g_strchomp(g_strndup(text, (gsize)(equals - text))) : NULL;

    if (!key) {
        return fail_at(file, line, error,
                       "invalid line '%s': expected KEY = VALUE, [GROUP] or # COMMENT", text);
    }
    if (!g_strv_contains(file->known, key)) {
        g_autofree char *hint = nearest_hint(key, file->known);
        return fail_at(file, line, error, "unknown option '%s'%s", key, hint);
    }
    if (g_hash_table_contains(file->lines, key)) {
        return fail_at(file, line, error, "option '%s' is set twice: line %u sets it too", key,
                       GPOINTER_TO_UINT(g_hash_table_lookup(file->lines, key)));
    }
    g_hash_table_insert(file->lines, g_steal_pointer(&key), GUINT_TO_POINTER(line));
    return true;
}

/* Check each line of the file. GKeyFile does not report line numbers. */
static bool check_lines(ConfigFile *file, const char *contents, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(contents, "\n", -1);
    bool in_group = false;

    for (guint i = 0; lines[i]; i++) {
        const char *text = g_strstrip(lines[i]);
        if (*text == '\0' || *text == '#') {
            continue;
        }
        if (*text == '[') {
            in_group = true;
            if (!check_group(file, text, i + 1, error)) {
                return false;
            }
        } else if (!in_group) {
            return fail_at(file, i + 1, error, "'%s' comes before [%s]: move it below that line",
                           text, file->group);
        } else if (!check_key(file, text, i + 1, error)) {
            return false;
        }
    }
    return true;
}

/* Refuse empty values, and values with a bad escape, which GKeyFile treats as missing. */
static bool check_values(const ConfigFile *file, GError **error)
{
    for (const char *const *key = file->known; *key; key++) {
        guint line = GPOINTER_TO_UINT(g_hash_table_lookup(file->lines, *key));
        g_autoptr(GError) bad = NULL;
        g_autofree char *value =
            line ? g_key_file_get_string(file->keys, file->group, *key, &bad) : NULL;
        if (bad) {
            return fail_at(file, line, error, "%s: %s", *key, bad->message);
        }
        if (value && *value == '\0') {
            return fail_at(file, line, error,
                           "option '%s' has no value: set one, or remove the line", *key);
        }
    }
    return true;
}

ConfigFile *config_file_read(const char *path, const char *group, const char *const *keys,
                             GError **error)
{
    g_autoptr(ConfigFile) file = g_new0(ConfigFile, 1);
    g_autofree char *contents = NULL;
    gsize length;

    file->path = g_strdup(path);
    file->group = group;
    file->known = keys;
    file->keys = g_key_file_new();
    file->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!g_file_get_contents(path, &contents, &length, error)) {
        return NULL;
    }
    if (strlen(contents) != length || !g_utf8_validate(contents, -1, NULL)) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING,
                    "%s: expected a text file in UTF-8", path);
        return NULL;
    }
    if (!check_lines(file, contents, error)) {
        return NULL;
    }
    if (!g_key_file_load_from_data(file->keys, contents, length, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    if (!check_values(file, error)) {
        return NULL;
    }
    return g_steal_pointer(&file);
}

char *config_file_get(const ConfigFile *file, const char *key, char **origin)
{
    char *value = g_key_file_get_string(file->keys, file->group, key, NULL);
    guint line = GPOINTER_TO_UINT(g_hash_table_lookup(file->lines, key));

    if (origin) {
        *origin = value ? g_strdup_printf("%s:%u", file->path, line) : NULL;
    }
    return value;
}

void config_file_free(ConfigFile *file)
{
    g_free(file->path);
    g_clear_pointer(&file->keys, g_key_file_unref);
    g_clear_pointer(&file->lines, g_hash_table_unref);
    g_free(file);
}
