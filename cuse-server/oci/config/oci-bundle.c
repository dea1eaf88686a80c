/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-bundle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "cuse-server/base/durable-file.h"
#include "cuse-server/base/json/json-text.h"
#include "cuse-server/oci/config/oci-compare.h"
#include "cuse-server/oci/config/oci-schema.h"

/*
 * #syscalls:broker rename unlink
 * #syscalls:before openat newfstatat fstat stat read close link
 */

static char *config_of(const char *bundle)
{
    return g_build_filename(bundle, "config.json", NULL);
}

static char *kept_of(const char *bundle)
{
    return g_build_filename(bundle, ".config.json.nvcuse", NULL);
}

/* The path of a second copy of nvcuse's config.json. is_ours() compares with it. A mark in the file
 * itself would prove nothing, because an image could put it there. */
static char *ours_of(const char *bundle)
{
    return g_build_filename(bundle, ".config.json.nvcuse.ours", NULL);
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

/* Is config.json the one that nvcuse has put there? */
static bool is_ours(const char *bundle)
{
    g_autofree char *path = config_of(bundle);
    g_autofree char *ours = ours_of(bundle);
    g_autofree char *text = NULL;
    g_autofree char *ours_text = NULL;
    gsize length;
    gsize ours_length;

    return g_file_get_contents(ours, &ours_text, &ours_length, NULL) &&
           g_file_get_contents(path, &text, &length, NULL) && length == ours_length &&
           memcmp(text, ours_text, length) == 0;
}

JsonValue *oci_bundle_load(const char *bundle, GError **error)
{
    g_autofree char *path = config_of(bundle);

    if (is_ours(bundle) && !oci_bundle_restore(bundle, error)) {
        return NULL;
    }
    return oci_bundle_load_file(path, error);
}

/* --- exchanging -------------------------------------------------------------------------------- */

/* Parse the new text as a runtime will. It must be what nvcuse meant. Where nvcuse had nothing to
 * change, it must be what the engine wrote. */
static bool check_text(const char *path, const char *text, const JsonValue *meant, GError **error)
{
    g_autoptr(JsonValue) before = oci_bundle_load_file(path, error);
    g_autoptr(JsonValue) after = before ? json_text_parse(text, -1, error) : NULL;

    if (!after || !oci_schema_check(after, error)) {
        g_prefix_error(error, "cannot read back the changed config.json: ");
        return false;
    }
    if (!json_equal(after, meant)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "internal error: the changed config.json does not read back as nvcuse "
                            "meant it, so the container is not created; please report this");
        return false;
    }
    return oci_compare(before, after, error);
}

/* Keep the engine's file under another name, and put nvcuse's under the engine's name. */
static bool exchange(const char *bundle, const char *text, GError **error)
{
    g_autofree char *path = config_of(bundle);
    g_autofree char *kept = kept_of(bundle);
    g_autofree char *ours = ours_of(bundle);
    g_autofree char *new_path = g_strconcat(kept, ".new", NULL);
    struct stat st;

    if (stat(path, &st) < 0) {
        return fail(error, "read the attributes of", path);
    }
    /* A kept file that is still here belongs to an earlier config.json. */
    (void)unlink(kept);
    if (!durable_file_write(ours, text, &st, error) ||
        !durable_file_write(new_path, text, &st, error)) {
        return false;
    }
    if (link(path, kept) < 0 || rename(new_path, path) < 0) {
        return fail(error, "exchange", path);
    }
    return durable_file_sync_directory(bundle, error);
}

/* Leave the bundle as the engine made it. */
static void undo(const char *bundle)
{
    g_autofree char *new_path = g_build_filename(bundle, ".config.json.nvcuse.new", NULL);

    (void)unlink(new_path);
    (void)oci_bundle_restore(bundle, NULL);
}

bool oci_bundle_exchange(const char *bundle, const JsonValue *config, GError **error)
{
    g_autofree char *path = config_of(bundle);
    g_autofree char *text = json_text_write(config);

    if (!check_text(path, text, config, error)) {
        return false;
    }
    if (!exchange(bundle, text, error)) {
        undo(bundle);
        return false;
    }
    return true;
}

bool oci_bundle_restore(const char *bundle, GError **error)
{
    g_autofree char *path = config_of(bundle);
    g_autofree char *kept = kept_of(bundle);
    g_autofree char *ours = ours_of(bundle);

    if (rename(kept, path) < 0 && errno != ENOENT) {
        return fail(error, "put back", path);
    }
    /* rename(2) does nothing if both names refer to the same file. That is the case where nvcuse's
     * file did not get into its place. So the second name is removed here. */
    (void)unlink(kept);
    (void)unlink(ours);
    return true;
}
