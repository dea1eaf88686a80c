/* SPDX-License-Identifier: Apache-2.0 */
/* Driver versions: parsing, formatting, comparing. */
#include <criterion/criterion.h>

#include "version-tree/driver-version.h"

static void check_reads(const char *text, guint major, guint minor, guint patch,
                        const char *written)
{
    char buffer[DRIVER_VERSION_MAX];
    DriverVersion v;
    GError *error = NULL;

    cr_assert(driver_version_parse(text, &v, &error), "%s", text);
    cr_assert_null(error);
    cr_assert(v.major == major && v.minor == minor && v.patch == patch, "%s", text);
    cr_assert_str_eq(driver_version_format(v, buffer), written);
}

Test(versions, reads_two_or_three_numbers)
{
    check_reads("580.95.05", 580, 95, 5, "580.95.05");
    check_reads("535.98", 535, 98, 0, "535.98.00");
    check_reads("570.190", 570, 190, 0, "570.190.00");
    check_reads("615.15.00", 615, 15, 0, "615.15.00");
    check_reads("0580.095.0005", 580, 95, 5, "580.95.05");
    check_reads("1.2.3", 1, 2, 3, "1.02.03");
    check_reads("65535.65535.65535", 65535, 65535, 65535, "65535.65535.65535");
}

Test(versions, refuses_everything_else)
{
    static const char *const texts[] = {
        "",
        "580",
        "580.",
        "580.95.",
        "580.95.05.1",
        ".95.05",
        " 580.95.05",
        "580.95.05 ",
        "580.95.05\n",
        "580,95,05",
        "580..05",
        "-580.95.05",
        "+580.95.05",
        "580.-95.05",
        "0x244.5.6",
        "580.95.05rc1",
        "v580.95.05",
        "latest",
        "65536.1.1",
        "580.65536.1",
        "1.1.65536",
        "99999999999999999999.1.1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        DriverVersion v = {1, 2, 3};
        g_autoptr(GError) error = NULL;

        cr_assert_not(driver_version_parse(texts[i], &v, &error), "'%s' was read", texts[i]);
        cr_assert(g_error_matches(error, DRIVER_ERROR, DRIVER_ERROR_PARSE));
        cr_assert(v.major == 1 && v.minor == 2 && v.patch == 3, "'%s' left a mark", texts[i]);
    }
}

Test(versions, are_ordered_number_by_number)
{
    static const DriverVersion ascending[] = {
        {9, 99, 99},   {535, 98, 0},  {535, 104, 5}, {535, 104, 12},
        {550, 54, 14}, {550, 100, 0}, {580, 65, 6},  {580, 105, 8},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(ascending); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(ascending); k++) {
            int order = driver_version_compare(ascending[i], ascending[k]);

            cr_assert_eq((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
}
