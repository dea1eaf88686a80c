/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/drivers/installer-checksum.h"

#include <gio/gio.h>
#include <string.h>

#define INSTALLER_PREFIX "NVIDIA-Linux-"
#define INSTALLER_SUFFIX ".run"
#define INSTALLER_BLOCK  (1u << 20)

/* Read "ARCH-VERSION". */
static bool parse_arch_and_version(const char *text, Installer *installer)
{
    for (int arch = 0; arch < N_DRIVER_ARCHS; arch++) {
        const char *name = driver_arch_name((DriverArch)arch);
        size_t length = strlen(name);

        if (strncmp(text, name, length) == 0 && text[length] == '-') {
            installer->arch = (DriverArch)arch;
            return driver_version_parse(text + length + 1, &installer->version, NULL);
        }
    }
    return false;
}

bool installer_parse_name(const char *path, Installer *installer, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *middle = NULL;

    if (g_str_has_prefix(name, INSTALLER_PREFIX) && g_str_has_suffix(name, INSTALLER_SUFFIX)) {
        size_t outside = strlen(INSTALLER_PREFIX) + strlen(INSTALLER_SUFFIX);

        middle = g_strndup(name + strlen(INSTALLER_PREFIX), strlen(name) - outside);
        if (parse_arch_and_version(middle, installer)) {
            return true;
        }
    }
    g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_PARSE,
                "cannot tell the driver from the file name '%s': expected a name like "
                "NVIDIA-Linux-x86_64-580.65.06.run, or aarch64 in place of x86_64",
                name);
    return false;
}

/* Add the bytes of a stream to @checksum. */
static bool digest_stream(GInputStream *stream, guint64 total, GChecksum *checksum,
                          InstallerProgress progress, gpointer data, GError **error)
{
    g_autofree guchar *block = g_malloc(INSTALLER_BLOCK);
    guint64 done = 0;
    gssize n;

    while ((n = g_input_stream_read(stream, block, INSTALLER_BLOCK, NULL, error)) > 0) {
        g_checksum_update(checksum, block, n);
        done += (guint64)n;
        if (progress) {
            progress(done, total, data);
        }
    }
    return n == 0;
}

char *installer_sha256(const char *path, InstallerProgress progress, gpointer data, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, error);
    g_autoptr(GFileInfo) info = NULL;

    if (!stream) {
        return NULL;
    }
    info = g_file_input_stream_query_info(stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, error);
    if (!info) {
        return NULL;
    }
    if (!digest_stream(G_INPUT_STREAM(stream), (guint64)g_file_info_get_size(info), checksum,
                       progress, data, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    return g_strdup(g_checksum_get_string(checksum));
}

InstallerVerdict installer_judge(const Installer *installer, const char *sha256,
                                 const char **expected)
{
    const DriverRelease *release = driver_release_find(installer->version);
    const char *recorded = release ? release->sha256[installer->arch] : NULL;

    *expected = NULL;
    if (!recorded) {
        return INSTALLER_UNKNOWN;
    }
    if (g_str_equal(recorded, DRIVER_NO_INSTALLER)) {
        return INSTALLER_NOT_PUBLISHED;
    }
    *expected = recorded;
    return g_str_equal(recorded, sha256) ? INSTALLER_MATCH : INSTALLER_MISMATCH;
}

const char *installer_verdict_name(InstallerVerdict verdict)
{
    static const char *const names[] = {"match", "mismatch", "unknown", "no installer"};

    return names[verdict];
}
