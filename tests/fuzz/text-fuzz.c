/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reads text: versions, capabilities from options and from containers' variables, configuration
 * files, and the state that a container's runtime sends. The first byte of the input says which.
 *
 * Beside what the sanitizers find: what is refused says why, and what is taken means the same when it
 * is written down and read again.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cuse-server/cli/instance-options.h"
#include "cuse-server/container/seccomp-socket.h"
#include "version-tree/driver-version.h"
#include "version-tree/nv-caps.h"

static void check_refusal(const GError *error)
{
    g_assert_nonnull(error);
    g_assert_true(g_utf8_validate(error->message, -1, NULL) || strlen(error->message) > 0);
}

static void read_version(const char *text)
{
    g_autoptr(GError) error = NULL;
    char again[DRIVER_VERSION_MAX];
    DriverVersion version;
    DriverVersion second;

    if (!driver_version_parse(text, &version, &error)) {
        check_refusal(error);
        return;
    }
    driver_version_format(version, again);
    g_assert_true(driver_version_parse(again, &second, NULL));
    g_assert_cmpint(driver_version_compare(version, second), ==, 0);
}

static void read_caps(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *again = NULL;
    NvCaps caps;
    NvCaps second;

    if (!nv_caps_parse(text, &caps, &error)) {
        check_refusal(error);
        return;
    }
    again = nv_caps_format(caps, ",");
    g_assert_true(nv_caps_parse(again, &second, NULL));
    g_assert_cmpuint(caps, ==, second);
}

static void read_environment(const char *text)
{
    const NvCaps allowed = NV_CAP_COMPUTE | NV_CAP_UTILITY | NV_CAP_VIDEO;
    g_autoptr(GError) error = NULL;
    NvCaps caps;

    if (nv_caps_from_environment(text, strlen(text) & 1, allowed, &caps, &error)) {
        g_assert_cmpuint(caps & ~allowed, ==, 0);
    } else {
        check_refusal(error);
    }
}

static void read_config(const char *text)
{
    g_autoptr(GError) error = NULL;
    InstanceOptions options = {0};
    int fd = memfd_create("config", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    g_assert_cmpint((int)write(fd, text, strlen(text)), ==, (int)strlen(text));
    if (!instance_options_load(&options, path, &error)) {
        check_refusal(error);
    }
    instance_options_clear(&options);
    close(fd);
}

static void read_state(const char *text)
{
    g_autoptr(GError) error = NULL;

    if (seccomp_state_listener(text, (gssize)strlen(text), &error) < 0) {
        check_refusal(error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *) = {read_version, read_caps, read_environment,
                                                    read_config, read_state};

    if (size > 0) {
        g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
        readers[data[0] % G_N_ELEMENTS(readers)](text);
    }
    return 0;
}
