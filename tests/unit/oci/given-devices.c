/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine gives a container explicitly: nodes, mounts and CDI devices. This host has no GPU and no driver. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/inventory/cdi-names.h"
#include "cuse-server/oci/config/oci-mounts.h"
#include "cuse-server/oci/request/given-devices.h"
#include "cuse-server/oci/request/oci-request.h"

static bool given_of(const char *text, GivenDevices *given, GError **error)
{
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);

    cr_assert_not_null(config, "%s", text);
    return given_devices_read(config, given, error);
}

#define NODES(list)  "{\"linux\": {\"devices\": [" list "]}}"
#define NODE(a, b)   "{\"path\": \"/dev/x\", \"type\": \"c\", \"major\": " #a ", \"minor\": " #b "}"
#define MOUNT(s, to) "{\"mounts\": [{\"source\": \"" s "\", \"destination\": \"" to "\"}]}"
#define AT           "/var/run/nvidia-container-devices/"

Test(given_devices, all_ways_count_together)
{
    static const struct {
        const char *config;
        const char *gpus;
    } rows[] = {
        {"{}", NULL},
        {NODES(NODE(1, 3)), NULL},
        {NODES(NODE(195, 255)), "none"},
        {NODES(NODE(195, 3) ", " NODE(195, 255) ", " NODE(195, 0)), "3,0"},
        {MOUNT("/dev/null", AT "all"), "all"},
        {MOUNT("/dev/null", "/run/nvidia-container-devices/all"), "all"},
        {MOUNT("/dev/null", AT "cdi/nvidia.com/gpu/all"), "all"},
        {MOUNT("/dev/null", AT "cdi/runtime.nvidia.com/gpu/all"), "all"},
        /* An image's own volume has another source. */
        {MOUNT("/var/lib/volumes/1", AT "all"), NULL},
        {MOUNT("/dev/null", "/var/run/nvidia-container-devicesx/all"), NULL},
        {MOUNT("/dev/null", "/etc/shadow"), NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GivenDevices given;
        cr_assert(given_of(rows[i].config, &given, NULL), "%s", rows[i].config);
        cr_assert_str_eq(given.gpus ? given.gpus : "-", rows[i].gpus ? rows[i].gpus : "-", "%s",
                         rows[i].config);
        given_devices_clear(&given);
    }
}

Test(given_devices, what_cannot_be_given_is_an_error)
{
    static const struct {
        const char *config;
        const char *words;
    } rows[] = {
        {MOUNT("/dev/null", AT "7"), "GPU '7' not found"},
        {MOUNT("/dev/null", AT "void"), "'void': expected a GPU"},
        {MOUNT("/dev/null", AT ""), "expected an index"},
        {MOUNT("/dev/null", AT "0,all"), "expected an index"},
        {MOUNT("/dev/null", AT "../../x"), "expected an index"},
        {MOUNT("/dev/null", AT "MIG-1"), "GPU 'MIG-1' not found"},
        {MOUNT("/dev/null", AT "cdi/nvidia.com/gds/all"), "cdi/nvidia.com/gds/all names"},
        {MOUNT("/dev/null", AT "cdi/nvidia.com/gpu/"), "expected an index"},
        {MOUNT("/dev/null", AT "cdi"), "GPU 'cdi' not found"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        GivenDevices given;
        cr_assert_not(given_of(rows[i].config, &given, &error), "%s", rows[i].config);
        cr_assert(strstr(error->message, rows[i].words), "%s: %s", rows[i].config, error->message);
    }
}

/* --- annotations for CDI ----------------------------------------------------------------------- */

/* What a container with this annotation and variable asks for; NULL: it is refused. The caller frees it. */
static char *asked(const char *value, const char *visible, bool counts)
{
    g_autofree char *text =
        g_strdup_printf("{\"annotations\": {\"cdi.k8s.io/plugin_a\": \"%s\"}, "
                        "\"process\": {\"env\": [\"NVIDIA_VISIBLE_DEVICES=%s\"]}}",
                        value, visible);
    g_autoptr(JsonValue) config = json_text_parse(text, -1, NULL);
    const OciPolicy policy = {
        .environment = true, .cdi_annotations = counts, .caps = NV_CAPS_DEFAULT};
    OciRequest request;

    if (!oci_request_read(config, &policy, &request, NULL)) {
        return NULL;
    }
    char *gpus = g_strdup(request.gpus ? request.gpus : "-");
    oci_request_clear(&request);
    return gpus;
}

Test(cdi_annotations, they_count_before_the_variable_if_the_operator_says_so)
{
    static const struct {
        const char *value;
        const char *visible;
        const char *gpus;
    } rows[] = {
        {"nvidia.com/gpu=all", "void", "all"},
        {" k8s.device-plugin.nvidia.com/gpu=all , other.org/nic=1", "void", "all"},
        {"nvcuse.dev/gpu=all", "none", "all"},
        {"nvidia.com/gpu=7", "all", NULL},
        {"nvidia.com/gpu=", "all", NULL},
        {"nvidia.com/gpu=void,nvidia.com/gpu=all", "all", NULL},
        {"nvidia.com/gpu=none", "all", NULL},
        {"other.org/nic=1", "none", "none"},
        {"management.nvidia.com/gpu=all", "void", NULL},
        {"k8s.gpu.nvidia.com/claim=x", "void", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *gpus = asked(rows[i].value, rows[i].visible, true);
        cr_assert_str_eq(gpus ? gpus : "refused", rows[i].gpus ? rows[i].gpus : "refused", "%s",
                         rows[i].value);
    }
}

/* An image can bring them, and a user's variable would not replace them. */
Test(cdi_annotations, otherwise_they_are_refused)
{
    g_autofree char *gpus = asked("nvidia.com/gpu=all", "none", false);
    g_autofree char *of_others = asked("other.org/nic=1", "none", false);

    cr_assert_null(gpus);
    cr_assert_str_eq(of_others, "none");
}

Test(imex_channels, the_operators_list_is_a_limit)
{
    g_autoptr(JsonValue) config = json_text_parse(
        "{\"process\": {\"env\": [\"NVIDIA_VISIBLE_DEVICES=all\", \"NVIDIA_IMEX_CHANNELS=1\"]}}",
        -1, NULL);
    const OciPolicy policy = {.environment = true, .caps = NV_CAPS_DEFAULT};
    OciRequest request;

    cr_assert(oci_request_read(config, &policy, &request, NULL));
    cr_assert_null(request.imex_channels, "an image gives itself no channel");
    oci_request_clear(&request);
}

Test(cdi_names, names_of_every_kind)
{
    static const struct {
        const char *text;
        CdiKind kind;
        const char *name;
    } rows[] = {
        {"nvidia.com/gpu=0", CDI_GPU, "0"},
        {"nvidia.com/gpu=", CDI_GPU, ""},
        {"nvidia.com/gpu=a=b", CDI_GPU, "a=b"},
        {"nvidia.com/gpu", CDI_OTHER, NULL},
        {"GPU-1", CDI_OTHER, NULL},
        {"xnvidia.com/gpu=0", CDI_OTHER, NULL},
        {"a=b/c", CDI_OTHER, NULL},
        {"management.nvidia.com/gpu=all", CDI_UNKNOWN, NULL},
        {"nvidia.com/imex-channel=0", CDI_UNKNOWN, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *name = NULL;
        cr_assert_eq(cdi_name_read(rows[i].text, &name), rows[i].kind, "%s", rows[i].text);
        cr_assert_str_eq(name ? name : "-", rows[i].name ? rows[i].name : "-", "%s", rows[i].text);
    }
}

/* --- mounts that lead around nvcuse ------------------------------------------------------------- */

Test(oci_mounts, services_and_nodes_go_and_libraries_stay)
{
    static const struct {
        const char *source;
        const char *destination;
        bool stays;
    } rows[] = {
        {"/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket", false},
        {"/var/run/nvidia-fabricmanager/socket", "/x", false},
        {"/run/nvidia/driver/run/nvidia-persistenced/socket", "/x", false},
        {"/run//nvidia-persistenced/./socket", "/x", false},
        {"/x", "/tmp/nvidia-mps", false},
        {"/dev/nvidia0", "/x", false},
        {"/dev/../dev/nvidiactl", "/x", false},
        {"//dev/nvidia0", "/x", false},
        {"/x", "//proc/driver/nvidia/params", false},
        {"/run/nvidia/mps/nvidia.com/gpu/pipe", "/mps/nvidia.com/gpu/pipe", false},
        {"/x", "/proc/driver/nvidia/params", false},
        {"/run/nvidia/driver/usr/lib/libcuda.so.1", "/usr/lib/libcuda.so.1", true},
        {"/usr/bin/nvidia-persistenced", "/usr/bin/nvidia-persistenced", true},
        {"/run/nvidia-persistenced-notes", "/x", true},
        {"proc", "/proc", true},
        {NULL, "/tmp", true},
        {NULL, NULL, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        cr_assert_eq(oci_mount_bypass(rows[i].source, rows[i].destination) == NULL, rows[i].stays,
                     "%s at %s", rows[i].source, rows[i].destination);
    }
}
