/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd: a runtime of its CRI plugin, which serves Kubernetes, in config.toml.
 *
 * The schema's version says under which name the plugin is configured. Version 1 has another shape altogether, and
 * nvcuse does not edit it.
 */
#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/toml/toml-reader.h"
#include "cuse-server/cli/install/containerd-program.h"
#include "cuse-server/cli/install/engine.h"
#include "cuse-server/cli/install/toml-block.h"

/* What the schema's versions call the table with the runtimes. */
typedef struct {
    const char *version;
    unsigned since_major;
    TomlDefault engine_default;
    const char *default_type;
    const char *runtimes;
    const char *ours;
    const char *ours_binary;
    const char *runc;
    const char *runc_cgroup;
} Schema;

#define SCHEMA(number, major, cri)                                                                \
    {                                                                                             \
        .version = (number), .since_major = (major),                                              \
        .engine_default = {cri ".containerd", "default_runtime_name"},                            \
        .default_type = cri ".containerd.default_runtime.runtime_type",                           \
        .runtimes = cri ".containerd.runtimes", .ours = cri ".containerd.runtimes." INSTALL_NAME, \
        .ours_binary = cri ".containerd.runtimes." INSTALL_NAME ".options.BinaryName",            \
        .runc = cri ".containerd.runtimes.runc",                                                  \
        .runc_cgroup = cri ".containerd.runtimes.runc.options."                                   \
                           "SystemdCgroup",                                                       \
    }

static const Schema schemas[] = {
    SCHEMA("2", 0, "plugins.\"io.containerd.grpc.v1.cri\""),
    SCHEMA("3", 2, "plugins.'io.containerd.cri.v1.runtime'"),
};

static const char runtime_type[] = "\"io.containerd.runc.v2\"";

/* --- the schema's version ------------------------------------------------------------------------ */

/* Returns the schema that the installed containerd writes. All versions since 1.3 read the first one. */
static const Schema *schema_of_program(const InstallWish *wish)
{
    return wish->engine_major >= schemas[1].since_major ? &schemas[1] : &schemas[0];
}

static const Schema *schema_of_text(const char *text, const GPtrArray *items, GError **error)
{
    const TomlItem *item = toml_find(items, TOML_KIND_KEY, "version");
    g_autofree char *value = item ? toml_value(text, item) : NULL;

    for (size_t i = 0; value && i < G_N_ELEMENTS(schemas); i++) {
        if (g_str_equal(value, schemas[i].version)) {
            return &schemas[i];
        }
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "%s%s: expected 'version = 2' or 'version = 3', which name the CRI plugin's table. "
                "Without such a line, containerd reads the file as version 1. Rewrite the file as "
                "one of them first: 'containerd config dump' prints what containerd makes of it",
                value ? "version = " : "the file has no line for its version", value ? value : "");
    return NULL;
}

/* Give a text without statements the line that says the version. It has to come before all tables. */
static char *with_version(const char *text, const InstallWish *wish)
{
    const bool needs_end = *text && !g_str_has_suffix(text, "\n");

    return g_strdup_printf("%s%sversion = %s\n", text, needs_end ? "\n" : "",
                           schema_of_program(wish)->version);
}

/* --- the tables --------------------------------------------------------------------------------- */

/* Write the tables of nvcuse's runtime. They take the control group's driver over from runc's: the kubelet and all
 * runtimes have to have the same. */
static void add_ours(GString *tables, const TomlBase *base, const Schema *schema,
                     const InstallWish *wish)
{
    const TomlItem *cgroup = toml_find(base->items, TOML_KIND_KEY, schema->runc_cgroup);
    g_autofree char *program = toml_quote(wish->runtime);

    g_string_append_printf(tables,
                           "[%s]\n  runtime_type = %s\n  pod_annotations = [\"nvcuse.dev/*\"]\n",
                           schema->ours, runtime_type);
    g_string_append_printf(tables, "[%s.options]\n  BinaryName = %s\n", schema->ours, program);
    if (cgroup) {
        g_autofree char *value = toml_value(base->text->str, cgroup);
        g_string_append_printf(tables, "  SystemdCgroup = %s\n", value);
    }
}

static void add_runc(GString *tables, const Schema *schema)
{
    g_string_append_printf(tables, "[%s]\n  runtime_type = %s\n", schema->runc, runtime_type);
}

/* Check a runtime that somebody else has put into the file under nvcuse's name. */
static bool check_by_hand(const TomlBase *base, const Schema *schema, const TomlItem *table,
                          const InstallWish *wish, GError **error)
{
    const TomlItem *item = toml_find(base->items, TOML_KIND_KEY, schema->ours_binary);
    g_autofree char *value = item ? toml_value(base->text->str, item) : NULL;
    g_autofree char *program = toml_quote(wish->runtime);

    if (value && strlen(value) == strlen(program) &&
        strncmp(value + 1, program + 1, strlen(program) - 2) == 0) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                "line %u: the file has a runtime " INSTALL_NAME
                " that nvcuse install did not write, with BinaryName = %s: "
                "expected %s. Correct that, or remove the runtime, and try again",
                item ? item->line : table->line, value ? value : "(none)", program);
    return false;
}

static bool has_other_runtimes(const TomlBase *base, const Schema *schema)
{
    g_autofree char *runtimes = toml_path(schema->runtimes);
    g_autofree char *ours = toml_path(schema->ours);

    for (guint i = 0; i < base->items->len; i++) {
        const TomlItem *item = base->items->pdata[i];
        if (item->kind == TOML_KIND_TABLE && toml_is_within(item->path, runtimes) &&
            !g_str_equal(item->path, runtimes) && !toml_is_within(item->path, ours)) {
            return true;
        }
    }
    return false;
}

/* containerd has a runtime runc by itself only as long as the file names no runtime, and its CRI plugin does not start
 * without the default runtime, which is runc if nothing else is said. */
static bool needs_runc(const TomlBase *base, const Schema *schema)
{
    g_autofree char *name = toml_block_default(base, &schema->engine_default);

    return !toml_find(base->items, TOML_KIND_TABLE, schema->runc) &&
           (!has_other_runtimes(base, schema) || !name || g_str_equal(name, "runc"));
}

/* A default runtime in a table of its own, as in containerd before 1.3, hides the name. */
static bool check_default(const TomlBase *base, const Schema *schema, GError **error)
{
    const TomlItem *item = toml_find(base->items, TOML_KIND_KEY, schema->default_type);

    if (!item || item->end - item->value <= strlen("''")) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "line %u: the table default_runtime hides default_runtime_name: remove that table, "
                "and try again",
                item->line);
    return false;
}

static bool make_tables(GString *tables, const TomlBase *base, const Schema *schema,
                        const InstallWish *wish, GError **error)
{
    const TomlItem *by_hand = toml_find(base->items, TOML_KIND_TABLE, schema->ours);

    if (by_hand) {
        if (!check_by_hand(base, schema, by_hand, wish, error)) {
            return false;
        }
    } else {
        add_ours(tables, base, schema, wish);
        if (!toml_block_check_free(base, schema->ours, error)) {
            return false;
        }
    }
    if (needs_runc(base, schema)) {
        add_runc(tables, schema);
        return toml_block_check_free(base, schema->runc, error);
    }
    return true;
}

/* --- editing ------------------------------------------------------------------------------------ */

/* Add what somebody can put into the file by hand to an error. */
static void advise(GError **error, const GString *tables)
{
    if (error && *error && tables->len > 0) {
        g_autofree char *old = g_steal_pointer(&(*error)->message);
        (*error)->message = g_strdup_printf(
            "%s. nvcuse install does not change this; add by hand:\n\n%s", old, tables->str);
    }
}

static char *add(TomlBase *base, const Schema *schema, const InstallWish *wish, GError **error)
{
    g_autoptr(TomlBase) owned = base;
    g_autoptr(GString) tables = g_string_new(NULL);
    const bool make_default = wish->make_default || base->has_default;

    if (make_default && !check_default(base, schema, error)) {
        return NULL;
    }
    if (!make_tables(tables, base, schema, wish, error)) {
        advise(error, tables);
        return NULL;
    }
    return toml_block_put_in(g_steal_pointer(&owned), &schema->engine_default, make_default,
                             tables->str, error);
}

/* Returns what is left without the block: nothing, if nvcuse made the file. */
static char *left(const TomlBase *base, const Schema *schema, const InstallWish *wish,
                  GError **error)
{
    if (!toml_find(base->items, TOML_KIND_TABLE, schema->ours) &&
        !toml_block_check_removable(base, &schema->engine_default, error)) {
        return NULL;
    }
    g_autofree char *made = g_strdup_printf("version = %s\n", schema->version);
    const bool is_made = base->has_block && !wish->before && g_str_equal(base->text->str, made);

    return g_strdup(is_made ? "" : base->text->str);
}

static char *containerd_edit(const char *text, const InstallWish *wish, GError **error)
{
    g_autoptr(GPtrArray) items = toml_read(text ? text : "", error);
    g_autofree char *versioned = NULL;
    const Schema *schema;

    if (!items) {
        return NULL;
    }
    if (items->len == 0) {
        if (wish->remove) {
            return g_strdup(text ? text : "");
        }
        versioned = with_version(text ? text : "", wish);
        schema = schema_of_program(wish);
    } else {
        schema = schema_of_text(text, items, wish->remove ? NULL : error);
    }
    if (!schema && wish->remove) {
        return g_strdup(text);
    }
    g_autoptr(TomlBase) base =
        schema ? toml_block_take_out(versioned ? versioned : text, &schema->engine_default, error)
               : NULL;
    if (!base) {
        return NULL;
    }
    return wish->remove ? left(base, schema, wish, error)
                        : add(g_steal_pointer(&base), schema, wish, error);
}

const Engine engine_containerd = {
    .name = "containerd",
    .path = "/etc/containerd/config.toml",
    .program = "containerd",
    .edit = containerd_edit,
    .major = containerd_program_major,
    .prove = containerd_program_prove,
    .restart = "systemctl restart containerd",
    .restart_without = "systemctl restart containerd",
    .attempt = "a RuntimeClass with 'handler: " INSTALL_NAME
               "', and pods with 'runtimeClassName: " INSTALL_NAME "' (nvcuse-runtime(1))",
};
