/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas as people write them: what is read, what is refused, and how lists of limits are combined. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/wire/quota/quota-text.h"

#define GIB (UINT64_C(1) << 30)

static QuotaList list_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    QuotaList list;

    cr_assert(quota_list_parse(text, &list, &error), "%s: %s", text, error ? error->message : "");
    return list;
}

/* The limit of a GPU; 1 if there is none. */
static uint64_t limit_of(const QuotaList *list, unsigned minor_no)
{
    uint64_t bytes = 1;

    (void)quota_list_find(list, minor_no, &bytes);
    return bytes;
}

Test(quota_size, units_are_binary)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows[] = {
        {"1K", 1024},
        {"512M", 512 * (UINT64_C(1) << 20)},
        {"20G", 20 * GIB},
        {"20g", 20 * GIB},
        {"20Gi", 20 * GIB},
        {"2T", 2048 * GIB},
        {"007G", 7 * GIB},
        {"max", QUOTA_UNLIMITED},
        {"9007199254740991K", UINT64_C(9007199254740991) << 10},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t bytes = 1;
        cr_assert(quota_size_parse(rows[i].text, &bytes, NULL), "%s", rows[i].text);
        cr_assert_eq(bytes, rows[i].bytes, "%s", rows[i].text);
    }
}

Test(quota_size, what_is_no_size_is_refused)
{
    static const char *const texts[] = {
        "",
        "0",
        "0G",
        "-1",
        "-1G",
        "+1G",
        "20",
        "20Q",
        "20GB",
        "20GiB",
        "G",
        "1.5G",
        "1 G",
        "max ",
        "MAX",
        "maxG",
        "0x1G",
        "1Gi1",
        "20i",
        "1e3M",
        "9007199254740992K",
        "9223372036854775807G",
        "99999999999999999999999999T",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        cr_assert_not(quota_size_check(texts[i], &error), "%s", texts[i]);
        cr_assert_not_null(strstr(error->message, "20G"), "%s", error->message);
    }
}

Test(quota_size, is_written_as_it_is_read)
{
    static const char *const texts[] = {"1K", "1025K", "512M", "20G", "1023G", "5000T", "max"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        uint64_t bytes;
        cr_assert(quota_size_parse(texts[i], &bytes, NULL));
        g_autofree char *text = quota_size_format(bytes);
        cr_assert_str_eq(text, texts[i]);
    }
}

Test(quota_list, one_size_is_for_all_gpus_and_a_minor_names_one)
{
    const QuotaList all = list_of("20G");
    const QuotaList some = list_of(" 0=20G, 1 = max ,247=1K");
    const QuotaList both = list_of("1=max,20G");

    cr_assert_eq(limit_of(&all, 0), 20 * GIB);
    cr_assert_eq(limit_of(&all, 247), 20 * GIB);
    cr_assert_eq(limit_of(&some, 0), 20 * GIB);
    cr_assert_eq(limit_of(&some, 1), QUOTA_UNLIMITED);
    cr_assert_eq(limit_of(&some, 247), 1024);
    cr_assert_eq(limit_of(&some, 2), 1, "no limit was given for GPU 2");
    cr_assert_eq(limit_of(&both, 0), 20 * GIB);
    cr_assert_eq(limit_of(&both, 1), QUOTA_UNLIMITED);
}

Test(quota_list, what_is_no_list_is_refused)
{
    static const char *const texts[] = {
        "",        ",",      "20G,",  "20G,10G", "0=20G,0=20G", "0=",
        "=20G",    "248=1G", "-1=1G", "a=20G",   "0=1=20G",     "0=20G;1=",
        "0 1=20G", "0=0",    "all",   "0=20Q",   "00=1G,0=2G",  "18446744073709551616=1G",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        QuotaList list;
        cr_assert_not(quota_list_parse(texts[i], &list, &error), "%s", texts[i]);
        cr_assert_not_null(error, "%s", texts[i]);
    }
}

Test(quota_list, is_written_as_it_is_read)
{
    static const char *const texts[] = {"20G", "0=20G,1=max", "max,3=512M", ""};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const QuotaList list = *texts[i] ? list_of(texts[i]) : (QuotaList){0};
        g_autofree char *text = quota_list_format(&list);
        cr_assert_str_eq(text, texts[i]);
    }
}

Test(quota_list, two_lists_give_the_lower_limit_of_each_gpu)
{
    static const struct {
        const char *a;
        const char *b;
        const char *lower;
    } rows[] = {
        {"20G", "30G", "20G"},         {"20G", "max", "20G"},
        {"max", "max", "max"},         {"20G", "0=30G,1=10G", "20G,0=20G,1=10G"},
        {"0=20G", "10G", "10G,0=10G"}, {"0=20G", "1=10G", "0=20G,1=10G"},
        {"0=max", "0=10G", "0=10G"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        QuotaList ab = list_of(rows[i].a);
        QuotaList ba = list_of(rows[i].b);
        const QuotaList a = ab;
        const QuotaList b = ba;
        quota_list_lower(&ab, &b);
        quota_list_lower(&ba, &a);
        g_autofree char *one = quota_list_format(&ab);
        g_autofree char *other = quota_list_format(&ba);
        cr_assert_str_eq(one, rows[i].lower, "%s and %s", rows[i].a, rows[i].b);
        cr_assert_str_eq(other, rows[i].lower, "%s and %s", rows[i].b, rows[i].a);
    }
}

Test(quota_list, a_gpu_that_is_not_among_the_devices_is_found)
{
    const Device devices[] = {
        {DEVICE_FRONTEND, "nvidiactl", makedev(195, 255)},
        {DEVICE_FRONTEND, "nvidia2", makedev(195, 2)},
        {DEVICE_UVM, "nvidia-uvm", makedev(236, 0)},
    };
    const QuotaList known = list_of("1G,2=2G");
    const QuotaList strange = list_of("2=2G,5=1G");
    const QuotaList uvm = list_of("0=1G");

    cr_assert_eq(quota_list_stray(&known, devices, G_N_ELEMENTS(devices)), -1);
    cr_assert_eq(quota_list_stray(&strange, devices, G_N_ELEMENTS(devices)), 5);
    cr_assert_eq(quota_list_stray(&uvm, devices, G_N_ELEMENTS(devices)), 0, "minor 0 is no GPU's");
}

Test(managed_memory, each_word_is_read_and_written)
{
    for (int i = MANAGED_FREE; i <= MANAGED_REFUSE; i++) {
        ManagedMemory managed;
        cr_assert(managed_memory_parse(managed_memory_name((ManagedMemory)i), &managed, NULL));
        cr_assert_eq(managed, (ManagedMemory)i);
    }
    cr_assert_not(managed_memory_check("yes", NULL));
}
