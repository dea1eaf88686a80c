/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse cdi: makes and lists CDI specifications of our devices for container engines. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-text.h"
#include "cuse-server/base/json/yaml-json.h"
#include "cuse-server/base/visible-line.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/oci/hooks/cdi-spec.h"

/* Directories in which engines look for specifications; see the CDI specification. */
static const char *const directories[] = {"/etc/cdi", "/var/run/cdi"};

static JsonValue *load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    JsonValue *spec = NULL;

    if (g_file_get_contents(path, &text, NULL, error) && !(spec = yaml_json_parse(text, error))) {
        g_prefix_error(error, "%s: ", path);
    }
    return spec;
}

static bool fail(GError **error, const char *what, const char *path)
{
    const int saved = errno;

    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved), "cannot %s %s: %s", what, path,
                g_strerror(saved));
    return false;
}

/* Write to what the kernel opens under this name: a pipe, a terminal, /dev/null, or what a link leads to. The kernel also decides
 * whether root may follow a link that somebody else has put there (fs.protected_symlinks). */
static bool write_into(const char *path, const char *text, GError **error)
{
    FILE *file = fopen(path, "we");
    const bool written = file && fputs(text, file) >= 0;

    if (file && fclose(file) == 0 && written) {
        return true;
    }
    return fail(error, "write to", path);
}

/* Write a new file, and rename it to @path, so that engines never read a part of it. */
static bool write_file(const char *path, const char *text, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);

    if (g_mkdir_with_parents(directory, 0755) < 0) {
        return fail(error, "create directory", directory);
    }
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}

static bool write_spec(JsonValue *spec, const char *path, GError **error)
{
    g_autofree char *text = json_text_pretty(spec);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    struct stat status;

    if (!path || g_str_equal(path, "-")) {
        g_print("%s", line);
        return true;
    }
    const bool is_there = lstat(path, &status) == 0;
    if (!is_there && errno != ENOENT) {
        return fail(error, "look at", path);
    }
    return is_there && !S_ISREG(status.st_mode) ? write_into(path, line, error)
                                                : write_file(path, line, error);
}

static bool generate(const char *from_path, const char *output, GError **error)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    g_autoptr(JsonValue) from = program && from_path ? load(from_path, error) : NULL;
    g_autoptr(JsonValue) spec = NULL;
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);

    if (!program || (from_path && !from)) {
        return false;
    }
    spec = cdi_spec_new(program, from, notes);
    for (guint i = 0; i < notes->len; i++) {
        g_autofree char *line = visible_line(g_ptr_array_index(notes, i));
        g_printerr("nvcuse cdi: %s\n", line);
    }
    return write_spec(spec, output, error);
}

/* List the devices of one file, if the file specifies our devices. Returns false if it cannot be read: engines cannot, either. */
static bool list_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonValue) spec = load(path, &error);

    if (!spec) {
        g_printerr("nvcuse cdi list: %s\n", error->message);
        return false;
    }
    JsonValue *devices = json_member_array(spec, "devices");
    if (g_strcmp0(json_member_string(spec, "kind"), CDI_KIND) != 0) {
        return true;
    }
    for (guint i = 0; devices && i < json_length(devices); i++) {
        JsonValue *device = json_element_object(devices, i);
        const char *name = device ? json_member_string(device, "name") : NULL;
        if (name) {
            g_print(CDI_KIND "=%s\n", name);
        }
    }
    return true;
}

static bool list(void)
{
    bool ok = true;

    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autoptr(GDir) directory = g_dir_open(directories[i], 0, NULL);
        const char *name;
        while (directory && (name = g_dir_read_name(directory))) {
            g_autofree char *path = g_build_filename(directories[i], name, NULL);
            if (g_str_has_suffix(name, ".json") || g_str_has_suffix(name, ".yaml")) {
                ok = list_file(path) && ok;
            }
        }
    }
    return ok;
}

int cmd_cdi(int argc, char **argv)
{
    g_autofree char *from = NULL;
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &from,
         "NVIDIA's own specification: libraries and programs are taken from it", "FILE"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write to FILE, not to standard output",
         "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("generate|list");

    g_option_context_set_summary(
        context, "generate: write a CDI specification of this host's GPUs through nvcuse.\n"
                 "list: show the devices that engines find.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nvcuse cdi: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (argc == 2 && g_str_equal(argv[1], "list")) {
        return list() ? EXIT_OK : EXIT_FAILED;
    }
    if (argc != 2 || !g_str_equal(argv[1], "generate")) {
        g_printerr("nvcuse cdi: expected 'generate' or 'list'; see nvcuse cdi --help\n");
        return EXIT_USAGE;
    }
    if (!generate(from, output, &error)) {
        g_printerr("nvcuse cdi: %s\n", error->message);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
