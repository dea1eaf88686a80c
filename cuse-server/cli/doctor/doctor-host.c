/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what nvcuse needs from the host beside the kernel: the driver, cgroups, a user, runtimes. */
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cuse-server/cli/doctor/doctor-checks.h"
#include "cuse-server/cli/options/driver-options.h"
#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/oci/runtime/find-program.h"
#include "cuse-server/oci/runtime/runtime-config.h"
#include "cuse-server/sandbox/worker-ids.h"

#define PARAMS "/proc/driver/nvidia/params"

static Finding look_at_root(void)
{
    if (geteuid() == 0) {
        return finding_ok("root");
    }
    return finding(FINDING_PROBLEM, g_strdup("not root"),
                   g_strdup("run it as root: most of what follows cannot be seen otherwise"));
}

static bool is_driver_loaded(void)
{
    return g_file_test("/proc/driver/nvidia/version", G_FILE_TEST_EXISTS);
}

static Finding look_at_driver_module(void)
{
    if (is_driver_loaded()) {
        return finding_ok("loaded");
    }
    return finding(FINDING_PROBLEM, g_strdup("not loaded"),
                   g_strdup("install NVIDIA's driver on the host, and modprobe nvidia"));
}

static Finding look_at_uvm_module(void)
{
    if (g_file_test("/sys/module/nvidia_uvm", G_FILE_TEST_EXISTS)) {
        return finding_ok("loaded");
    }
    /* The model driver does not have a module nvidia-uvm: its only module registers the device. */
    g_autofree char *devices = NULL;
    if (g_file_get_contents("/proc/devices", &devices, NULL, NULL) &&
        strstr(devices, " nvidia-uvm\n")) {
        return finding_ok("registered");
    }
    return finding(FINDING_WARNING, g_strdup("not loaded"),
                   g_strdup("CUDA needs it: modprobe nvidia-uvm, before the instance starts"));
}

/* Find out which versions the instances of containers accept: what the file of instance-config says, or the default. */
static DriverPolicy containers_policy(void)
{
    DriverPolicy policy = DRIVER_POLICY_QUALIFIED;
    InstanceOptions options = {0};
    RuntimeConfig runtime;

    if (runtime_config_load(&runtime, NULL) && runtime.instance_config &&
        instance_options_load(&options, runtime.instance_config, NULL) && options.driver.policy) {
        (void)driver_policy_parse(options.driver.policy, &policy, NULL);
    }
    runtime_config_clear(&runtime);
    instance_options_clear(&options);
    return policy;
}

/* What to say of a version for which nvcuse does not vouch. @text: the version; @word: the policy that accepts it */
static Finding not_qualified(const char *text, const char *what, const char *word, bool accepted)
{
    if (accepted) {
        return finding(
            FINDING_WARNING,
            g_strdup_printf("%s is %s; containers have driver-policy = %s", text, what, word),
            g_strdup_printf("other instances need --driver-policy %s", word));
    }
    return finding(
        FINDING_PROBLEM, g_strdup_printf("%s is %s: no instance starts by default", text, what),
        g_strdup_printf("install one of `nvcuse drivers list`; or accept this one: --driver-policy "
                        "%s, and driver-policy = %s in the file that instance-config in "
                        "/etc/nvcuse/runtime.conf names",
                        word, word));
}

static Finding look_at_driver_version(void)
{
    g_autoptr(GError) error = NULL;
    char text[DRIVER_VERSION_MAX];
    DriverVersion version;

    if (!driver_version_ask_host(&version, &error)) {
        return finding(FINDING_PROBLEM, g_strdup(error->message),
                       g_strdup(is_driver_loaded()
                                    ? "look at the kernel's log: the driver is loaded, and does "
                                      "not answer"
                                    : "load the driver: modprobe nvidia"));
    }
    driver_version_format(version, text);
    if (driver_release_choose(version, DRIVER_POLICY_QUALIFIED, NULL, NULL)) {
        return finding(FINDING_OK, g_strdup_printf("%s is qualified", text), NULL);
    }
    const bool accepted = driver_release_choose(version, containers_policy(), NULL, NULL);
    if (driver_release_find(version)) {
        return not_qualified(text, "known, not qualified", "known", accepted);
    }
    if (driver_release_choose(version, DRIVER_POLICY_SERIES, NULL, NULL)) {
        return not_qualified(text, "not known", "series", accepted);
    }
    return finding(FINDING_PROBLEM, g_strdup_printf("%s is not known", text),
                   g_strdup("install one of `nvcuse drivers list`"));
}

/* From this version on, the driver charges GPU memory to the control group of the process that calls it, if the kernel can. */
enum { FIRST_WITH_CHARGES = 610 };

static Finding look_at_driver_limits(void)
{
    DriverVersion version;

    if (!driver_version_ask_host(&version, NULL) || version.major < FIRST_WITH_CHARGES) {
        return finding_ok("the driver has no limits of its own; instances have --gpu-memory");
    }
    return finding(FINDING_WARNING,
                   g_strdup("the driver's limits of GPU memory by control groups do not hold for "
                            "containers that nvcuse serves"),
                   g_strdup("it charges the instance's worker, which is in another group: limit "
                            "instances with --gpu-memory"));
}

static Finding look_at_device_files(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(PARAMS, &text, NULL, NULL)) {
        return finding(FINDING_WARNING, g_strdup("there is no " PARAMS),
                       g_strdup("is the driver loaded?"));
    }
    return finding_ok(strstr(text, "ModifyDeviceFiles: 0")
                          ? "the driver leaves nodes alone"
                          : "the driver's libraries make nodes on the host; instances hide that "
                            "from guests");
}

static Finding look_at_cgroups(void)
{
    if (g_file_test("/sys/fs/cgroup/cgroup.controllers", G_FILE_TEST_EXISTS)) {
        return finding_ok("version 2");
    }
    if (g_file_test("/sys/fs/cgroup/devices", G_FILE_TEST_EXISTS)) {
        return finding_ok("version 1, with the devices controller");
    }
    return finding(FINDING_WARNING, g_strdup("no device control"),
                   g_strdup("runtimes cannot deny containers the host's device numbers: mount "
                            "cgroup2 on /sys/fs/cgroup"));
}

static Finding look_at_user(void)
{
    g_autoptr(GError) error = NULL;
    LockupIdentity identity;
    WorkerIds ids;

    if (!worker_ids_read(&ids, &error) || !worker_ids_find(&ids, 0, &identity, &error)) {
        return finding(FINDING_PROBLEM, g_strdup(error->message),
                       g_strdup("mend or add the line nvcuse:FIRST:COUNT in /etc/subuid, with ids "
                                "that no user has"));
    }
    if (!getpwnam("nvcuse")) {
        return finding(FINDING_WARNING,
                       g_strdup("there is no user nvcuse; the server of /proc runs as nobody"),
                       g_strdup("systemd-sysusers, or useradd --system nvcuse"));
    }
    return finding(FINDING_OK, g_strdup_printf("nvcuse; workers from %u on", identity.uid), NULL);
}

/* --- runtimes --------------------------------------------------------------------------------- */

/* A runtime. @needs: the first version that passes seccomp listeners on; NULL: the program leaves that to runc */
typedef struct {
    const char *program;
    const char *needs;
} Runtime;

static const Runtime runtimes[] = {
    {"runc", "1.1"},  {"crun", "0.19"},     {"youki", "0.0.3"}, {"podman", NULL},
    {"docker", NULL}, {"containerd", NULL}, {"nerdctl", NULL},  {"crio", NULL},
};

/* Find the first text in the output of a program's --version that looks like a version. Returns NULL if there is none. The
 * caller frees it. */
static char *version_of(const char *path)
{
    const char *const argv[] = {path, "--version", NULL};
    g_autofree char *output = NULL;

    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output,
                      NULL, NULL, NULL)) {
        return NULL;
    }
    for (const char *at = output; *at; at++) {
        size_t length = strspn(at, "0123456789.");
        if (g_ascii_isdigit(*at) && memchr(at, '.', length)) {
            return g_strndup(at, length);
        }
        at += length ? length - 1 : 0;
    }
    return NULL;
}

/* Compare dotted numbers. */
static bool is_older(const char *version, const char *than)
{
    while (*than) {
        guint64 a = g_ascii_strtoull(version, (char **)&version, 10);
        guint64 b = g_ascii_strtoull(than, (char **)&than, 10);
        if (a != b) {
            return a < b;
        }
        version += *version == '.';
        than += *than == '.';
    }
    return false;
}

static Finding look_at_runtimes(void)
{
    g_autoptr(GString) found = g_string_new(NULL);
    g_autoptr(GString) old = g_string_new(NULL);
    bool usable = false;

    for (size_t i = 0; i < G_N_ELEMENTS(runtimes); i++) {
        g_autofree char *path = find_program(runtimes[i].program);
        g_autofree char *version = path ? version_of(path) : NULL;
        if (!path) {
            continue;
        }
        g_string_append_printf(found, "%s%s %s", found->len ? ", " : "", runtimes[i].program,
                               version ? version : "(of unknown version)");
        if (runtimes[i].needs && version && is_older(version, runtimes[i].needs)) {
            g_string_append_printf(old, "%s%s %s or newer", old->len ? ", " : "",
                                   runtimes[i].program, runtimes[i].needs);
        } else if (runtimes[i].needs) {
            usable = true;
        }
    }
    if (usable) {
        return finding(FINDING_OK, g_string_free(g_steal_pointer(&found), FALSE), NULL);
    }
    g_autofree char *which = g_strdup(old->len ? old->str : "runc 1.1 or newer, or crun");
    return finding(FINDING_WARNING,
                   found->len ? g_strdup_printf("%s: none passes seccomp listeners on", found->str)
                              : g_strdup("none found"),
                   g_strdup_printf("`nvcuse run` works without; for containers install %s", which));
}

const DoctorCheck *doctor_host_checks(size_t *n)
{
    static const DoctorCheck checks[] = {
        {"user", look_at_root},
        {"nvidia", look_at_driver_module},
        {"driver", look_at_driver_version},
        {"nvidia-uvm", look_at_uvm_module},
        {"gpu-limits", look_at_driver_limits},
        {"device-files", look_at_device_files},
        {"cgroups", look_at_cgroups},
        {"worker-user", look_at_user},
        {"runtimes", look_at_runtimes},
    };

    *n = G_N_ELEMENTS(checks);
    return checks;
}
