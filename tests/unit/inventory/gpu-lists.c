/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of GPUs as people write them. This host has no GPU and no driver; tests/oci has both. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/inventory/gpu-lists.h"

static void is(char *got, const char *wanted, const char *of)
{
    g_autofree char *text = got;

    cr_assert_str_eq(text ? text : "refused", wanted ? wanted : "refused", "%s", of);
}

Test(gpu_lists, lists_become_minors)
{
    static const char *const rows[][2] = {
        {"all", "all"},      {" ALL ", "all"},
        {"0,all", "all"},    {"none", "none"},
        {"void", ""},        {"", ""},
        {" , ", ""},         {"minor:3", "3"},
        {"minor:0", "0"},    {"minor:", NULL},
        {"minor:x", NULL},   {"minor:256", NULL},
        {"none,0", NULL},    {"0", NULL},
        {"GPU-1", NULL},     {"0000:01:00.0", NULL},
        {"minor:-1", NULL},  {"minor:07", "7"},
        {"minor:1,0", NULL}, {"nvidia.com/gpu=all", "all"},
        {"MIG-1", NULL},     {"minor:1,minor:0,", "1,0"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        is(gpu_list_minors(rows[i][0], NULL), rows[i][1], rows[i][0]);
    }
}

Test(gpu_lists, lists_are_checked_without_the_host)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"all", true},  {"none", true}, {"0,1", true},     {"GPU-8c1d,0000:01:00.0", true},
        {"", false},    {"x", false},   {"void", false},   {"0,none", false},
        {"0,x", false}, {",", false},   {"minor:2", true}, {"nvidia.com/gpu=0", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        cr_assert_eq(gpu_list_check(rows[i].text, NULL), rows[i].ok, "%s", rows[i].text);
    }
}

Test(gpu_lists, limits_become_limits_by_minor)
{
    static const char *const rows[][2] = {
        {"20G", "20G"}, {"20G,minor:3=1G", "20G,3=1G"}, {"minor:1 = 5G", "1= 5G"}, {"0=20G", NULL},
        {"=20G", NULL}, {"minor:0=1=2", "0=1=2"},       {"GPU-1=5G", NULL},        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        is(gpu_list_limits(rows[i][0], NULL), rows[i][1], rows[i][0]);
    }
}

Test(gpu_lists, limits_are_checked_without_the_host)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"20G", true},  {"GPU-1=20G,max", true}, {"0 = 5G", true}, {"", false},
        {"=1G", false}, {"0=", false},           {"0", false},     {"0=1=2", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        cr_assert_eq(gpu_list_check_limits(rows[i].text, NULL), rows[i].ok, "%s", rows[i].text);
    }
}

Test(gpu_lists, what_is_by_minor_says_so)
{
    static const char *const rows[][2] = {
        {"all", "all"},
        {"none", "none"},
        {"0,3", "minor:0,minor:3"},
        {"20G,1=5G", "20G,minor:1=5G"},
        {"max", "max"},
        {"2=10G", "minor:2=10G"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        is(gpu_list_by_minor(rows[i][0]), rows[i][1], rows[i][0]);
    }
}
