/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/config/oci-compare.h"

#include <gio/gio.h>

/*
 * Place: a member that may differ. Without @is_longer and @inside it may become anything. So may a
 * member that is null or absent in the engine's file.
 * @is_longer: it is a list, and may only get more elements at its end
 * @inside: it is an object; only these members of it may differ
 */
typedef struct Place {
    const char *name;
    bool is_longer;
    const struct Place *inside;
} Place;

static const Place in_seccomp[] = {
    {.name = "syscalls"}, {.name = "listenerPath"}, {.name = "flags", .is_longer = true}, {0}};
static const Place in_resources[] = {{.name = "devices"}, {0}};
static const Place in_linux[] = {{.name = "seccomp", .inside = in_seccomp},
                                 {.name = "resources", .inside = in_resources},
                                 {.name = "devices"},
                                 {0}};
static const Place in_process[] = {{.name = "env", .is_longer = true}, {0}};
static const Place in_config[] = {{.name = "linux", .inside = in_linux},
                                  {.name = "process", .inside = in_process},
                                  {.name = "mounts"},
                                  {.name = "hooks"},
                                  {0}};

static const Place *find_place(const Place *places, const char *name)
{
    for (; places->name; places++) {
        if (g_str_equal(places->name, name)) {
            return places;
        }
    }
    return NULL;
}

static bool begins_with(const JsonValue *after, const JsonValue *before)
{
    for (guint i = 0; i < json_length(before); i++) {
        if (i >= json_length(after) ||
            !json_equal(json_element(after, i), json_element(before, i))) {
            return false;
        }
    }
    return json_kind(after) == JSON_KIND_ARRAY;
}

static bool compare_objects(const JsonValue *before, const JsonValue *after, const Place *places,
                            GError **error);

/* Compare one member. NULL means that it is absent. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static bool compare_member(const JsonValue *before, const JsonValue *after, const Place *place,
                           GError **error)
{
    bool same = before && after && json_equal(before, after);

    if (same || (place && json_kind(before) == JSON_KIND_NULL)) {
        return true;
    }
    if (place && place->inside) {
        return compare_objects(before, after, place->inside, error);
    }
    if (place && (!place->is_longer || begins_with(after, before))) {
        return true;
    }
    g_set_error_literal(
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "internal error: nvcuse changed this value, which it must not, so it does not create the "
        "container; please report this");
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool compare_name(const JsonValue *before, const JsonValue *after, const char *name,
                         const Place *places, GError **error)
{
    const Place *place = find_place(places, name);

    if (compare_member(json_member(before, name), json_member(after, name), place, error)) {
        return true;
    }
    g_prefix_error(error, "%s: ", name);
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool compare_objects(const JsonValue *before, const JsonValue *after, const Place *places,
                            GError **error)
{
    const JsonValue *both[] = {before, after};

    if (json_kind(before) != JSON_KIND_OBJECT || json_kind(after) != JSON_KIND_OBJECT) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "expected an object");
        return false;
    }
    for (size_t which = 0; which < G_N_ELEMENTS(both); which++) {
        for (guint i = 0; i < json_length(both[which]); i++) {
            const char *name = json_string(json_key(both[which], i));
            if (!compare_name(before, after, name, places, error)) {
                return false;
            }
        }
    }
    return true;
}

bool oci_compare(const JsonValue *before, const JsonValue *after, GError **error)
{
    return compare_objects(before, after, in_config, error);
}
