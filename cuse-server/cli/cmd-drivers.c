/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse drivers: shows the tree of driver versions and the host's driver, and checks NVIDIA's installers. */
#include <unistd.h>

#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/drivers/installer-checksum.h"
#include "cuse-server/cli/options/driver-options.h"
#include "version-tree/driver-abi.h"

/* The parsed command line. */
typedef struct {
    const char *operand;
    DriverArch arch;
    gboolean json;
} Query;

static const char *status_of(const DriverRelease *release)
{
    if (!release) {
        return "unknown";
    }
    return release->qualified ? "qualified" : "unqualified";
}

/* What the tree has about NVIDIA's installer of a release for an architecture. */
typedef enum { INSTALLER_NOT_RECORDED, INSTALLER_NONE, INSTALLER_RECORDED } InstallerKnown;

static InstallerKnown installer_known(const DriverRelease *release, int arch)
{
    const char *sha256 = release->sha256[arch];

    if (!sha256) {
        return INSTALLER_NOT_RECORDED;
    }
    return g_str_equal(sha256, DRIVER_NO_INSTALLER) ? INSTALLER_NONE : INSTALLER_RECORDED;
}

/* Get the installer's checksum. Returns NULL if there is none. */
static const char *checksum_of(const DriverRelease *release, int arch)
{
    return installer_known(release, arch) == INSTALLER_RECORDED ? release->sha256[arch] : NULL;
}

/* Get the word for a column of the list. */
static const char *installer_word(const DriverRelease *release, int arch)
{
    static const char *const words[] = {
        [INSTALLER_NOT_RECORDED] = "-", [INSTALLER_NONE] = "no", [INSTALLER_RECORDED] = "yes"};

    return words[installer_known(release, arch)];
}

static void json_installers(JsonBuilder *json, const DriverRelease *release)
{
    static const char *const words[] = {[INSTALLER_NOT_RECORDED] = "not recorded",
                                        [INSTALLER_NONE] = "none",
                                        [INSTALLER_RECORDED] = "recorded"};

    json_builder_set_member_name(json, "sha256");
    json_builder_begin_object(json);
    for (int arch = 0; arch < N_DRIVER_ARCHS; arch++) {
        json_member_string(json, driver_arch_name((DriverArch)arch), checksum_of(release, arch));
    }
    json_builder_end_object(json);
    json_builder_set_member_name(json, "installer");
    json_builder_begin_object(json);
    for (int arch = 0; arch < N_DRIVER_ARCHS; arch++) {
        json_member_string(json, driver_arch_name((DriverArch)arch),
                           words[installer_known(release, arch)]);
    }
    json_builder_end_object(json);
}

static void json_release(JsonBuilder *json, const DriverRelease *release)
{
    char text[DRIVER_VERSION_MAX];

    json_builder_begin_object(json);
    json_member_string(json, "version", driver_version_format(release->version, text));
    json_member_string(json, "parent",
                       release->parent ? driver_version_format(release->parent->version, text)
                                       : NULL);
    json_member_boolean(json, "qualified", release->qualified);
    json_installers(json, release);
    json_builder_end_object(json);
}

static int list(const Query *query)
{
    size_t n;
    const DriverRelease *const *releases = driver_releases(&n);
    g_autoptr(JsonBuilder) json = json_builder_new();

    json_builder_begin_array(json);
    if (!query->json) {
        g_print("%-12s %-12s %-12s %-7s %s\n", "VERSION", "PARENT", "STATUS", "X86_64", "AARCH64");
    }
    for (size_t i = 0; i < n; i++) {
        char version[DRIVER_VERSION_MAX], parent[DRIVER_VERSION_MAX];

        if (query->json) {
            json_release(json, releases[i]);
            continue;
        }
        g_print("%-12s %-12s %-12s %-7s %s\n", driver_version_format(releases[i]->version, version),
                releases[i]->parent ? driver_version_format(releases[i]->parent->version, parent)
                                    : "-",
                status_of(releases[i]), installer_word(releases[i], DRIVER_ARCH_X86_64),
                installer_word(releases[i], DRIVER_ARCH_AARCH64));
    }
    json_builder_end_array(json);
    if (query->json) {
        json_print(json);
    }
    return EXIT_OK;
}

static int latest(const Query *query)
{
    const DriverRelease *release = driver_release_latest(query->arch);
    char text[DRIVER_VERSION_MAX];

    if (query->json) {
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_release(json, release);
        json_print(json);
    } else {
        g_print("%s\n", driver_version_format(release->version, text));
    }
    return EXIT_OK;
}

static int host(const Query *query)
{
    g_autoptr(GError) error = NULL;
    char text[DRIVER_VERSION_MAX];
    DriverVersion version;
    const char *status;

    if (!driver_version_ask_host(&version, &error)) {
        g_printerr("nvcuse drivers: %s\n", error->message);
        return EXIT_FAILED;
    }
    driver_version_format(version, text);
    status = status_of(driver_release_find(version));
    if (query->json) {
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        json_member_string(json, "version", text);
        json_member_string(json, "status", status);
        json_builder_end_object(json);
        json_print(json);
    } else {
        g_print("%s %s\n", text, status);
    }
    return EXIT_OK;
}

static void show_path(const DriverRelease *release)
{
    char text[DRIVER_VERSION_MAX];

    if (release->parent) {
        show_path(release->parent);
        g_print(" > ");
    }
    g_print("%s", driver_version_format(release->version, text));
}

static void show_text(const DriverRelease *release)
{
    g_autoptr(DriverAbi) abi = driver_abi_new(release);
    char text[DRIVER_VERSION_MAX];

    g_print("version    %s\nstatus     %s\npath       ",
            driver_version_format(release->version, text), status_of(release));
    show_path(release);
    g_print("\nchanges    %zu entries, %zu structs\nentries   ", release->n_changes,
            release->n_shapes);
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;

        driver_abi_entries(abi, (AbiKind)kind, &n);
        g_print(" %s %zu", abi_kind_name((AbiKind)kind), n);
    }
    g_print("\n");
    for (int arch = 0; arch < N_DRIVER_ARCHS; arch++) {
        const char *const texts[] = {[INSTALLER_NOT_RECORDED] = "no checksum recorded",
                                     [INSTALLER_NONE] = "no installer",
                                     [INSTALLER_RECORDED] = release->sha256[arch]};

        g_print("%-10s %s\n", driver_arch_name((DriverArch)arch),
                texts[installer_known(release, arch)]);
    }
}

static int show(const Query *query)
{
    g_autoptr(GError) error = NULL;
    DriverVersion version;
    const DriverRelease *release = NULL;

    if (driver_version_resolve(query->operand, &version, &error)) {
        release = driver_release_choose(version, DRIVER_POLICY_KNOWN, NULL, &error);
    }
    if (!release) {
        g_printerr("nvcuse drivers: %s\n", error->message);
        return EXIT_FAILED;
    }
    if (query->json) {
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_release(json, release);
        json_print(json);
    } else {
        show_text(release);
    }
    return EXIT_OK;
}

static void show_progress(guint64 done, guint64 total, gpointer data)
{
    guint *shown = data;
    guint percent = total == 0 ? 100 : (guint)(MIN(done, total) * 100 / total);

    if (percent != *shown) {
        *shown = percent;
        g_printerr("\r%3u %%%s", percent, percent == 100 ? "\n" : "");
    }
}

static void print_verdict(const Query *query, const Installer *installer, InstallerVerdict verdict,
                          const char *sha256, const char *expected)
{
    char text[DRIVER_VERSION_MAX];

    driver_version_format(installer->version, text);
    if (query->json) {
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        json_member_string(json, "file", query->operand);
        json_member_string(json, "version", text);
        json_member_string(json, "arch", driver_arch_name(installer->arch));
        json_member_string(json, "sha256", sha256);
        json_member_string(json, "expected", expected);
        json_member_string(json, "result", installer_verdict_name(verdict));
        json_builder_end_object(json);
        json_print(json);
        return;
    }
    g_print("%s: driver %s for %s: %s\n", query->operand, text, driver_arch_name(installer->arch),
            installer_verdict_name(verdict));
    g_print("  sha256   %s\n", sha256);
    if (expected) {
        g_print("  recorded %s\n", expected);
    }
}

static int checksum(const Query *query)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *sha256 = NULL;
    const char *expected;
    Installer installer;
    InstallerVerdict verdict;
    guint shown = G_MAXUINT;

    if (installer_parse_name(query->operand, &installer, &error)) {
        sha256 = installer_sha256(query->operand, isatty(STDERR_FILENO) ? show_progress : NULL,
                                  &shown, &error);
    }
    if (!sha256) {
        g_printerr("nvcuse drivers: %s\n", error->message);
        return EXIT_FAILED;
    }
    verdict = installer_judge(&installer, sha256, &expected);
    print_verdict(query, &installer, verdict, sha256, expected);
    return verdict == INSTALLER_MATCH ? EXIT_OK : EXIT_FAILED;
}

static const struct {
    const char *name;
    const char *operand; /* NULL if the action does not take one */
    int (*run)(const Query *query);
} actions[] = {
    {"list", NULL, list}, {"latest", NULL, latest},       {"host", NULL, host},
    {"show", "V", show},  {"checksum", "FILE", checksum},
};

static bool parse_arch(const char *text, DriverArch *arch)
{
    for (int i = 0; i < N_DRIVER_ARCHS; i++) {
        if (g_str_equal(text, driver_arch_name((DriverArch)i))) {
            *arch = (DriverArch)i;
            return true;
        }
    }
    return false;
}

static int run_action(int argc, char **argv, Query *query)
{
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(actions); i++) {
        int n_operands = actions[i].operand ? 1 : 0;

        if (!g_str_equal(argv[1], actions[i].name)) {
            continue;
        }
        if (argc != 2 + n_operands) {
            g_printerr("nvcuse drivers %s: expected %s; see nvcuse drivers --help\n",
                       actions[i].name, n_operands ? "one operand" : "no operand");
            return EXIT_USAGE;
        }
        query->operand = argv[2];
        return actions[i].run(query);
    }
    g_printerr("nvcuse drivers: expected list, latest, host, show V or checksum FILE%s%s\n",
               argc > 1 ? ", not " : "", argc > 1 ? argv[1] : "");
    return EXIT_USAGE;
}

int cmd_drivers(int argc, char **argv)
{
    Query query = {.arch = DRIVER_ARCH_X86_64};
    g_autofree char *arch = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &query.json, "write JSON", NULL},
        {"arch", 0, 0, G_OPTION_ARG_STRING, &arch, "x86_64 (default) or aarch64, for 'latest'",
         "ARCH"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("list | latest | host | show V | checksum FILE");
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(
        context,
        "The driver versions that are known, the one the host runs, and whether a file is\n"
        "the installer that NVIDIA published.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nvcuse drivers: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (arch && !parse_arch(arch, &query.arch)) {
        g_printerr("nvcuse drivers: --arch: '%s': expected x86_64 or aarch64\n", arch);
        return EXIT_USAGE;
    }
    return run_action(argc, argv, &query);
}
