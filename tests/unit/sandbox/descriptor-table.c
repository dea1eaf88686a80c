/* SPDX-License-Identifier: Apache-2.0 */
/* Enlarging a process's table of descriptors ahead of time. */
#include <sys/resource.h>

#include <criterion/criterion.h>
#include <glib.h>

#include "cuse-server/sandbox/descriptor-table.h"
#include "tests/unit/support/count-descriptors.h"

/* How many descriptors the table has room for, according to the kernel. */
static unsigned table_size(void)
{
    g_autofree char *status = NULL;

    cr_assert(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
    const char *line = strstr(status, "\nFDSize:");
    cr_assert(line);
    return (unsigned)g_ascii_strtoull(line + strlen("\nFDSize:"), NULL, 10);
}

/* Set the soft limit, within the hard limit. Returns: the soft limit. */
static unsigned limit_files(rlim_t files)
{
    struct rlimit limit;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = MIN(files, limit.rlim_max);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return (unsigned)MIN(limit.rlim_cur, G_MAXUINT);
}

Test(descriptor_table, has_room_and_nothing_open)
{
    const unsigned files = limit_files(3000);
    const unsigned before = count_descriptors();

    cr_assert_lt(table_size(), files);
    descriptor_table_reserve(files);
    cr_assert_geq(table_size(), files);
    cr_assert_eq(count_descriptors(), before);
}

Test(descriptor_table, takes_no_more_than_is_worth_it)
{
    limit_files(RLIM_INFINITY);
    descriptor_table_reserve(G_MAXUINT);
    cr_assert_leq(table_size(), DESCRIPTOR_TABLE_MAX);
}

Test(descriptor_table, takes_what_the_limit_allows)
{
    const unsigned before = count_descriptors();

    limit_files(500);
    descriptor_table_reserve(3000);
    cr_assert_geq(table_size(), 500);
    cr_assert_lt(table_size(), 1000);
    cr_assert_eq(count_descriptors(), before);
}

Test(descriptor_table, nothing_happens_without_a_descriptor_to_spare)
{
    const unsigned size = table_size();
    const unsigned before = count_descriptors();

    descriptor_table_reserve(0);
    limit_files(0);
    descriptor_table_reserve(3000);
    limit_files(RLIM_INFINITY);
    cr_assert_eq(table_size(), size);
    cr_assert_eq(count_descriptors(), before);
}
