/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the readers of text: versions, capabilities from options and from containers' variables, configuration files, the
 * state that a container's runtime sends, and containers' configurations, whole and with the input in a place that an image
 * can fill. The first byte of the input selects the reader.
 *
 * Beside the findings of the sanitizers: an error has a message, and text that is accepted means the same when it is written
 * and read again.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/base/json/yaml-json.h"
#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/oci/config/oci-compare.h"
#include "cuse-server/oci/config/oci-edit.h"
#include "cuse-server/oci/config/oci-schema.h"
#include "cuse-server/oci/runtime/seccomp-socket.h"
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
    NvCaps unserved;

    if (nv_caps_from_environment(text, strlen(text) & 1, allowed, &caps, &unserved, &error)) {
        g_assert_cmpuint(caps & ~allowed, ==, 0);
        g_assert_cmpuint(unserved & NV_CAPS_SUPPORTED, ==, 0);
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
    SeccompState state;

    if (!seccomp_state_read(text, (gssize)strlen(text), &state, &error)) {
        check_refusal(error);
    }
}

/* @text without the white space outside of strings. */
static char *without_space(const char *text)
{
    GString *out = g_string_new(NULL);
    bool in_string = false;

    for (const char *c = text; *c; c++) {
        if (in_string && *c == '\\') {
            g_string_append_c(out, *c++);
        } else if (*c == '"') {
            in_string = !in_string;
        } else if (!in_string && strchr(" \t\r\n", *c)) {
            continue;
        }
        g_string_append_c(out, *c);
    }
    return g_string_free(out, FALSE);
}

static void check_reads_as(const char *text, const JsonValue *meant)
{
    g_autoptr(JsonValue) value = json_text_parse(text, -1, NULL);

    g_assert_nonnull(value);
    g_assert_true(json_equal(value, meant));
}

/* Returns: NULL if it is refused. */
static JsonValue *read_json(const char *text)
{
    g_autoptr(GError) error = NULL;
    JsonValue *value = json_text_parse(text, -1, &error);

    if (!value) {
        check_refusal(error);
        return NULL;
    }
    g_autoptr(JsonValue) copy = json_copy(value);
    g_autofree char *expected = without_space(text);
    g_autofree char *written = json_text_write(copy);
    g_autofree char *pretty = json_text_pretty(value);
    g_assert_cmpstr(written, ==, expected);
    check_reads_as(written, value);
    check_reads_as(pretty, value);
    return value;
}

static void read_container(const char *text)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    const OciEdit edit = {.instance = "box-0123456789ab",
                          .pid = 1,
                          .listener_path = "/run/box",
                          .wait_killable = true,
                          .program = "/usr/bin/nvcuse",
                          .bundle = "/bundle",
                          .notes = notes};
    g_autoptr(JsonValue) config = read_json(text);
    g_autoptr(JsonValue) before = NULL;
    g_autoptr(GError) error = NULL;

    if (!config) {
        return;
    }
    before = json_copy(config);
    if (!oci_schema_check(config, &error) || !oci_edit_apply(config, &edit, &error)) {
        check_refusal(error);
        return;
    }
    g_autofree char *written = json_text_write(config);
    check_reads_as(written, config);
    g_assert_true(oci_schema_check(config, NULL));
    g_assert_true(oci_compare(before, config, NULL));
}

/* A container with @text, whatever it is, as a value and as the contents of a string. */
static void read_image(const char *text)
{
    static const char *const places[] = {
        "{\"annotations\":{\"a\":%s},\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}}",
        "{\"process\":{\"env\":[%s,\"A=B\"],\"rlimits\":[]},\"hooks\":null}",
        "{\"process\":{\"oomScoreAdj\":%s,\"env\":[]}}",
        "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true},%s]}}}",
        "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[%s]}}}",
        "{\"mounts\":[{\"destination\":\"/a\",\"options\":[%s]}]}",
    };
    g_autoptr(JsonValue) quoted = json_new_string(text);

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        char **parts = g_strsplit(places[i], "%s", 2);
        g_autofree char *as_value = g_strconcat(parts[0], text, parts[1], NULL);
        g_autofree char *as_string = g_strconcat(parts[0], json_token(quoted), parts[1], NULL);
        read_container(as_value);
        read_container(as_string);
        g_strfreev(parts);
    }
}

static void read_yaml(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonValue) value = yaml_json_parse(text, &error);

    if (!value) {
        check_refusal(error);
        return;
    }
    g_autofree char *pretty = json_text_pretty(value);
    check_reads_as(pretty, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *) = {read_version, read_caps,  read_environment,
                                                    read_config,  read_state, read_container,
                                                    read_image,   read_yaml};

    if (size > 0) {
        g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
        readers[data[0] % G_N_ELEMENTS(readers)](text);
    }
    return 0;
}
