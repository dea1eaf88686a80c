/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/oci-bundle.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "cuse-server/container/json-text.h"
#include "cuse-server/container/oci-schema.h"

/*
 * #syscalls:broker rename
 * #syscalls:before openat newfstatat fstat stat read write close access link unlink
 */

/* In ours, so that it is known for what it is. */
#define OURS "nvcuse.dev/exchanged"

static char *config_of(const char *bundle)
{
    return g_build_filename(bundle, "config.json", NULL);
}

static char *kept_of(const char *bundle)
{
    return g_build_filename(bundle, ".config.json.nvcuse", NULL);
}

static bool fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot %s %s: %s", what, path,
                g_strerror(errno));
    return false;
}

JsonValue *oci_bundle_load_file(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(JsonValue) config = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, error)) {
        return NULL;
    }
    config = json_text_parse(text, (gssize)length, error);
    if (!config || !oci_schema_check(config, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    return g_steal_pointer(&config);
}

static bool is_ours(JsonValue *config)
{
    JsonValue *annotations = json_member_object(config, "annotations");

    return annotations && json_member(annotations, OURS);
}

JsonValue *oci_bundle_load(const char *bundle, GError **error)
{
    g_autofree char *path = config_of(bundle);
    g_autofree char *kept = kept_of(bundle);
    JsonValue *config = oci_bundle_load_file(path, error);

    if (config && is_ours(config) && g_file_test(kept, G_FILE_TEST_EXISTS)) {
        json_unref(config);
        config = oci_bundle_restore(bundle, error) ? oci_bundle_load_file(path, error) : NULL;
    }
    return config;
}

static bool write_new(const char *path, const char *text, mode_t mode, GError **error)
{
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, (int)mode, error);
}

bool oci_bundle_exchange(const char *bundle, JsonValue *config, GError **error)
{
    g_autofree char *path = config_of(bundle);
    g_autofree char *kept = kept_of(bundle);
    g_autofree char *new_path = g_strconcat(kept, ".new", NULL);
    g_autofree char *text = NULL;
    struct stat st;

    json_set_string(json_need_object(config, "annotations"), OURS, "");
    text = json_text_write(config);
    if (stat(path, &st) < 0) {
        return fail(error, "look at", path);
    }
    if (!write_new(new_path, text, st.st_mode & 0777, error)) {
        return false;
    }
    /* One that was left here belongs to a config.json that is there no more. */
    (void)unlink(kept);
    if (link(path, kept) < 0 || rename(new_path, path) < 0) {
        fail(error, "exchange", path);
        (void)unlink(new_path);
        return false;
    }
    return true;
}

bool oci_bundle_restore(const char *bundle, GError **error)
{
    g_autofree char *path = config_of(bundle);
    g_autofree char *kept = kept_of(bundle);

    return rename(kept, path) == 0 || errno == ENOENT || fail(error, "put back", path);
}
