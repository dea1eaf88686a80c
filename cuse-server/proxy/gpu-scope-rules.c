/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/gpu-scope-rules.h"

#include <glib.h>

#include "cuse-server/proxy/params.h"

struct ScopeRules {
    GHashTable *structs; /* AbiLayout -> ScopeStruct */
};

/* @inner: of an element of @outer; NULL: @outer itself */
static ScopeMember member_at(const AbiLayout *layout, const AbiField *outer, const AbiField *inner)
{
    return (ScopeMember){
        .offset = outer->offset,
        .stride = outer->type->size,
        .within = inner ? inner->offset : 0,
        .size = inner ? inner->size : outer->type->size,
        .n = outer->size / outer->type->size,
        .type = inner ? outer->type : layout,
    };
}

/* The struct, or an array's element, has a member that names GPUs. */
static void add_place(ScopeStruct *found, const AbiField *outer, const AbiField *inner)
{
    const char *beside = outer->role.beside;
    ScopePlace place = {.role = (inner ? inner : outer)->role.kind,
                        .member = member_at(found->layout, outer, inner)};

    if (beside) {
        place.beside = member_at(found->layout, params_field(found->layout, beside), NULL);
    }
    g_assert(found->n_places < G_N_ELEMENTS(found->places));
    found->places[found->n_places++] = place;
}

static void add_places(ScopeStruct *found, const AbiField *outer)
{
    const AbiLayout *type = outer->type;

    if (abi_role_is_gpu(&outer->role)) {
        add_place(found, outer, NULL);
        return;
    }
    for (uint32_t i = 0; i < type->n_fields; i++) {
        if (abi_role_is_gpu(&type->fields[i].role)) {
            add_place(found, outer, &type->fields[i]);
        }
    }
}

static void add_struct(ScopeRules *rules, const AbiLayout *layout)
{
    ScopeStruct found = {.layout = layout};

    for (uint32_t i = 0; layout && i < layout->n_fields; i++) {
        add_places(&found, &layout->fields[i]);
    }
    if (found.n_places > 0) {
        g_hash_table_insert(rules->structs, (gpointer)layout, g_memdup2(&found, sizeof found));
    }
}

ScopeRules *scope_rules_new(const DriverAbi *abi)
{
    ScopeRules *rules = g_new0(ScopeRules, 1);

    rules->structs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);
        for (size_t i = 0; i < n; i++) {
            add_struct(rules, entries[i].layout);
        }
    }
    return rules;
}

void scope_rules_free(ScopeRules *rules_of_driver)
{
    g_hash_table_unref(rules_of_driver->structs);
    g_free(rules_of_driver);
}

const ScopeStruct *scope_rules_find(const ScopeRules *rules_of_driver, const AbiLayout *layout)
{
    return g_hash_table_lookup(rules_of_driver->structs, layout);
}
