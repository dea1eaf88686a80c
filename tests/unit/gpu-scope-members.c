/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever adds a struct decides about its members that sound like a GPU's: at every driver version
 * each of them has a rule, or a reason why not.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/proxy/gpu-scope-rules.h"
#include "version-tree/abi-layouts.h"

/* Parts of names, without regard to case. "pci" only begins them: there are TPCs and GPCs. */
static const char *const parts[] = {"gpuid", "gpu_id", "gpuinstance", "deviceinstance", "deviceid",
                                    "uuid",  "minor",  "busid",       "remotedevice"};

static bool sounds_like_gpu(const AbiFieldRow *row)
{
    g_autofree char *name = g_ascii_strdown(row->path, -1);
    const char *last = strrchr(name, '.') ? strrchr(name, '.') + 1 : name;

    /* A chip's GPCs and TPCs, and a half of its memory, are within one GPU. */
    if (strcmp(last, "ugpuid") == 0) {
        return false;
    }
    if (g_str_has_prefix(last, "pci") || g_str_has_prefix(row->type, "NvProcessorUuid")) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (strstr(last, parts[i])) {
            return true;
        }
    }
    return false;
}

static bool *rule_used;
static bool *left_used;

static bool is_decided(const char *structure, const char *member)
{
    size_t n_rules;
    size_t n_left;
    const ScopeRule *rules = scope_rule_list(&n_rules);
    const ScopeLeftAlone *left = scope_left_alone_list(&n_left);
    bool found = false;

    for (size_t i = 0; i < n_rules; i++) {
        if (strcmp(rules[i].structure, structure) == 0 && strcmp(rules[i].member, member) == 0) {
            found = rule_used[i] = true;
        }
    }
    for (size_t i = 0; i < n_left; i++) {
        if (strcmp(left[i].structure, structure) == 0 && strcmp(left[i].member, member) == 0) {
            cr_assert_gt(strlen(left[i].reason), 0);
            found = left_used[i] = true;
        }
    }
    return found;
}

static void check_structs(const DriverAbi *abi, const char *version)
{
    g_autoptr(GPtrArray) structs = driver_abi_structs(abi);

    for (guint s = 0; s < structs->len; s++) {
        const AbiLayout *layout = g_ptr_array_index(structs, s);
        g_autoptr(GArray) rows = abi_layout_rows(layout);
        for (guint r = 0; r < rows->len; r++) {
            const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, r);
            bool decided = is_decided(layout->name, row->path);
            cr_assert(decided || !sounds_like_gpu(row),
                      "%s: %s.%s is neither scoped nor on the list of those left alone", version,
                      layout->name, row->path);
        }
    }
}

/* A later shape may have lost it. */
static bool has_member(const AbiLayout *layout, const char *path)
{
    size_t length = strcspn(path, ".");

    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const char *name = layout->fields[i].name;
        if (strlen(name) == length && memcmp(name, path, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Rules for members of members, and members without such a name, are found by the rules' own code. */
static void check_places(const DriverAbi *abi)
{
    size_t n;
    const ScopeRule *rules = scope_rule_list(&n);
    g_autoptr(GPtrArray) structs = driver_abi_structs(abi);
    ScopeRules *places = scope_rules_new(abi);

    for (guint s = 0; s < structs->len; s++) {
        const AbiLayout *layout = g_ptr_array_index(structs, s);
        const ScopeStruct *found = scope_rules_find(places, layout);
        size_t expected = 0;
        for (size_t i = 0; i < n; i++) {
            if (strcmp(rules[i].structure, layout->name) == 0 &&
                has_member(layout, rules[i].member)) {
                expected++;
                rule_used[i] = true;
            }
        }
        cr_assert_eq(found ? found->n_places : 0, expected, "%s", layout->name);
    }
    scope_rules_free(places);
}

Test(gpu_scope_members, are_decided_about_at_every_version)
{
    size_t n_nodes;
    size_t n_rules;
    size_t n_left;
    const DriverNode *const *nodes = driver_nodes(&n_nodes);
    const ScopeRule *rules = scope_rule_list(&n_rules);
    const ScopeLeftAlone *left = scope_left_alone_list(&n_left);

    rule_used = g_new0(bool, n_rules);
    left_used = g_new0(bool, n_left);
    for (size_t i = 0; i < n_nodes; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[i]);
        char buffer[DRIVER_VERSION_MAX];
        check_structs(abi, driver_version_format(nodes[i]->version, buffer));
        check_places(abi);
    }
    for (size_t i = 0; i < n_rules; i++) {
        cr_assert(rule_used[i], "there is no %s.%s", rules[i].structure, rules[i].member);
    }
    for (size_t i = 0; i < n_left; i++) {
        cr_assert(left_used[i], "there is no %s.%s", left[i].structure, left[i].member);
    }
    g_free(rule_used);
    g_free(left_used);
}
