/* SPDX-License-Identifier: Apache-2.0 */
/* The view of /proc/driver/nvidia for a container, of a directory that the test creates. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "cuse-server/container/proc-tree.h"

/* A constant expression, unlike makedev(). */
#define DEVICE_NUMBER(minor_no) (195 << 8 | (minor_no))

static char *host;
static int driver;

static void put(const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(host, path, NULL);
    g_autofree char *directory = g_path_get_dirname(full);

    cr_assert_eq(g_mkdir_with_parents(directory, 0755), 0);
    cr_assert(g_file_set_contents(full, text, -1, NULL));
}

static void make_host(void)
{
    host = g_dir_make_tmp("proc-tree.XXXXXX", NULL);
    put("params", "RmLogonRC: 1\nModifyDeviceFiles: 1\nDeviceFileMode: 438\n");
    put("version", "NVRM version: 1\n");
    put("suspend", "");
    put("gpus/0000:01:00.0/information", "Model: \t\t One\nDevice Minor: \t 0\n");
    put("gpus/0000:01:00.0/power", "D0\n");
    put("gpus/0000:01:00.0/unbindLock", "0\n");
    put("gpus/0000:02:00.0/information", "Model: \t\t Two\nDevice Minor: \t 1\n");
    put("capabilities/mig/config", "DeviceFileMinor: 1\n");
    put("capabilities/fabric-imex-mgmt", "DeviceFileMinor: 3\nDeviceFileModify: 1\n");
    driver = open(host, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static const Device second[] = {
    {DEVICE_FRONTEND, "nvidiactl", DEVICE_NUMBER(255)},
    {DEVICE_FRONTEND, "nvidia1", DEVICE_NUMBER(1)},
};

/* The node of a path; PROC_TREE_NONE: there is none. */
static int find(const ProcTree *tree, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    int node = PROC_TREE_ROOT;

    for (char **name = names; *name && node != PROC_TREE_NONE; name++) {
        node = proc_tree_lookup(tree, node, *name);
    }
    return node;
}

static unsigned children(const ProcTree *tree, const char *path)
{
    unsigned n = 0;

    while (proc_tree_child(tree, find(tree, path), n) != PROC_TREE_NONE) {
        n++;
    }
    return n;
}

TestSuite(proc_tree, .init = make_host);

Test(proc_tree, the_instances_gpus_and_no_others)
{
    g_autoptr(ProcTree) tree = proc_tree_new(driver, second, G_N_ELEMENTS(second));

    cr_assert_eq(children(tree, "gpus"), 1);
    cr_assert_neq(find(tree, "gpus/0000:02:00.0/information"), PROC_TREE_NONE);
    cr_assert_eq(find(tree, "gpus/0000:01:00.0"), PROC_TREE_NONE);
    cr_assert(proc_tree_is_directory(tree, find(tree, "gpus/0000:02:00.0")));
}

Test(proc_tree, what_is_for_writing_is_left_out)
{
    static const Device first[] = {{DEVICE_FRONTEND, "nvidia0", DEVICE_NUMBER(0)}};
    g_autoptr(ProcTree) tree = proc_tree_new(driver, first, 1);

    cr_assert_eq(find(tree, "suspend"), PROC_TREE_NONE);
    cr_assert_eq(find(tree, "gpus/0000:01:00.0/unbindLock"), PROC_TREE_NONE);
    cr_assert_neq(find(tree, "gpus/0000:01:00.0/power"), PROC_TREE_NONE);
}

Test(proc_tree, capabilities_are_those_with_a_node)
{
    static const Device granted[] = {
        {DEVICE_OPEN_ONLY, "nvidia-caps/nvidia-cap3", 240 << 8 | 3},
        {DEVICE_OPEN_ONLY, "nvidia-caps-imex-channels/channel1", 241 << 8 | 1},
    };
    static const Device mig[] = {{DEVICE_OPEN_ONLY, "nvidia-caps/nvidia-cap1", 240 << 8 | 1}};
    g_autoptr(ProcTree) without = proc_tree_new(driver, second, 2);
    g_autoptr(ProcTree) with = proc_tree_new(driver, granted, 2);
    g_autoptr(ProcTree) with_mig = proc_tree_new(driver, mig, 1);
    gsize length;

    cr_assert_eq(children(without, "capabilities"), 0);
    cr_assert_eq(children(with, "capabilities"), 1);
    cr_assert_eq(children(with_mig, "capabilities"), 1);
    cr_assert_neq(find(with_mig, "capabilities/mig/config"), PROC_TREE_NONE);
    g_autofree char *text =
        proc_tree_read(with, find(with, "capabilities/fabric-imex-mgmt"), &length);
    cr_assert_str_eq(text, "DeviceFileMinor: 3\nDeviceFileModify: 0\n");
}

Test(proc_tree, files_say_what_the_host_says_now)
{
    g_autoptr(ProcTree) tree = proc_tree_new(driver, second, 2);
    int params = find(tree, "params");
    gsize length;
    g_autofree char *before = proc_tree_read(tree, params, &length);

    cr_assert_str_eq(before, "RmLogonRC: 1\nModifyDeviceFiles: 0\nDeviceFileMode: 438\n");
    cr_assert_eq(length, strlen(before));
    put("params", "RmLogonRC: 2\nModifyDeviceFiles: 1\n");
    g_autofree char *after = proc_tree_read(tree, params, &length);
    cr_assert_str_eq(after, "RmLogonRC: 2\nModifyDeviceFiles: 0\n");

    g_autofree char *path = g_build_filename(host, "version", NULL);
    cr_assert_eq(g_unlink(path), 0);
    cr_assert_null(proc_tree_read(tree, find(tree, "version"), &length));
}
