/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/quota/quota-text.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/choice.h"

static const char units[] = "KMGT"; /* the first is 1 << 10, each is 1 << 10 of the one before */

#define UNLIMITED_WORD "max"

/* --- sizes ------------------------------------------------------------------------------------ */

/* Read the unit at the end of a size. Returns its power of two, or 0 if @text is no unit. */
static unsigned parse_unit(const char *text)
{
    const char *unit = *text ? strchr(units, g_ascii_toupper(*text)) : NULL;

    return unit && (text[1] == '\0' || strcmp(text + 1, "i") == 0)
               ? 10 * (unsigned)(unit - units + 1)
               : 0;
}

bool quota_size_parse(const char *text, uint64_t *bytes, GError **error)
{
    const size_t digits = strspn(text, "0123456789");
    const unsigned shift = parse_unit(text + digits);
    g_autofree char *number = g_strndup(text, digits);
    guint64 value;

    if (strcmp(text, UNLIMITED_WORD) == 0) {
        *bytes = QUOTA_UNLIMITED;
        return true;
    }
    if (shift &&
        g_ascii_string_to_unsigned(number, 10, 1, (guint64)G_MAXINT64 >> shift, &value, NULL)) {
        *bytes = value << shift;
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s': expected a size like 512M or 20G (a whole number from 1, and K, M, G or T), "
                "or " UNLIMITED_WORD " for no limit",
                text);
    return false;
}

bool quota_size_check(const char *text, GError **error)
{
    uint64_t bytes;

    return quota_size_parse(text, &bytes, error);
}

char *quota_size_format(uint64_t bytes)
{
    size_t unit = 0;

    if (bytes == QUOTA_UNLIMITED) {
        return g_strdup(UNLIMITED_WORD);
    }
    for (bytes >>= 10; bytes && bytes % 1024 == 0 && units[unit + 1]; unit++) {
        bytes >>= 10;
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT "%c", bytes, units[unit]);
}

/* --- lists ------------------------------------------------------------------------------------ */

static bool refuse_item(const char *item, const char *why, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s': %s", item, why);
    return false;
}

/* Take the limit of all GPUs that are not named. */
static bool take_others(QuotaList *list, const char *item, GError **error)
{
    if (list->has_others) {
        return refuse_item(item, "expected only one size without a GPU", error);
    }
    list->has_others = 1;
    return quota_size_parse(item, &list->others, error);
}

/* Take the limit of one GPU. @size: the text after the '=' in @item */
static bool take_own(QuotaList *list, const char *item, const char *size, GError **error)
{
    g_autofree char *number = g_strndup(item, (gsize)(size - 1 - item));
    guint64 minor_no;

    if (!g_ascii_string_to_unsigned(g_strstrip(number), 10, 0, QUOTA_MINORS - 1, &minor_no, NULL)) {
        return refuse_item(item, "expected a GPU's device minor before the '='", error);
    }
    if (list->has_own[minor_no]) {
        return refuse_item(item, "expected only one size for each GPU", error);
    }
    g_autofree char *stripped = g_strstrip(g_strdup(size));
    list->has_own[minor_no] = 1;
    return quota_size_parse(stripped, &list->own[minor_no], error);
}

bool quota_list_parse(const char *text, QuotaList *list, GError **error)
{
    g_auto(GStrv) items = g_strsplit(text, ",", -1);
    bool ok = true;

    *list = (QuotaList){0};
    if (!*items) {
        return quota_size_check("", error);
    }
    for (char **item = items; ok && *item; item++) {
        const char *equals = strchr(g_strstrip(*item), '=');
        ok = equals ? take_own(list, *item, equals + 1, error) : take_others(list, *item, error);
    }
    return ok;
}

char *quota_list_format(const QuotaList *list)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (list->has_others) {
        g_autofree char *size = quota_size_format(list->others);
        g_string_append(text, size);
    }
    for (unsigned i = 0; i < QUOTA_MINORS; i++) {
        if (list->has_own[i]) {
            g_autofree char *size = quota_size_format(list->own[i]);
            g_string_append_printf(text, "%s%u=%s", text->len ? "," : "", i, size);
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

bool quota_list_find(const QuotaList *list, unsigned minor_no, uint64_t *bytes)
{
    const bool own = minor_no < QUOTA_MINORS && list->has_own[minor_no];

    if (own || list->has_others) {
        *bytes = own ? list->own[minor_no] : list->others;
        return true;
    }
    return false;
}

uint64_t quota_lower(uint64_t a, uint64_t b)
{
    if (a == QUOTA_UNLIMITED || b == QUOTA_UNLIMITED) {
        return a == QUOTA_UNLIMITED ? b : a;
    }
    return MIN(a, b);
}

void quota_list_lower(QuotaList *list, const QuotaList *other)
{
    const QuotaList before = *list;

    for (unsigned i = 0; i < QUOTA_MINORS; i++) {
        uint64_t ours = QUOTA_UNLIMITED;
        uint64_t theirs = QUOTA_UNLIMITED;
        (void)quota_list_find(&before, i, &ours);
        (void)quota_list_find(other, i, &theirs);
        if (before.has_own[i] || other->has_own[i]) {
            list->has_own[i] = 1;
            list->own[i] = quota_lower(ours, theirs);
        }
    }
    if (other->has_others) {
        list->others =
            before.has_others ? quota_lower(before.others, other->others) : other->others;
        list->has_others = 1;
    }
}

static bool has_gpu(const Device *devices, unsigned n_devices, unsigned minor_no)
{
    for (unsigned i = 0; i < n_devices; i++) {
        if (device_is_gpu(&devices[i]) && minor(devices[i].number) == minor_no) {
            return true;
        }
    }
    return false;
}

int quota_list_stray(const QuotaList *list, const Device *devices, unsigned n_devices)
{
    for (unsigned i = 0; i < QUOTA_MINORS; i++) {
        if (list->has_own[i] && !has_gpu(devices, n_devices, i)) {
            return (int)i;
        }
    }
    return -1;
}

/* --- managed memory --------------------------------------------------------------------------- */

static const char *const managed_words[] = {
    [MANAGED_FREE] = "free", [MANAGED_REFUSE] = "refuse", NULL};

bool managed_memory_parse(const char *text, ManagedMemory *managed, GError **error)
{
    unsigned index;
    const bool found = choice_parse(text, managed_words, &index, error);

    *managed = (ManagedMemory)index;
    return found;
}

bool managed_memory_check(const char *text, GError **error)
{
    ManagedMemory managed;

    return managed_memory_parse(text, &managed, error);
}

const char *managed_memory_name(ManagedMemory managed)
{
    g_return_val_if_fail((unsigned)managed < G_N_ELEMENTS(managed_words) - 1, "?");
    return managed_words[managed];
}
