/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes that serve one open each: what distinguishes them, and their names. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cuse-server/broker/files/fresh-nodes.h"

enum { MANY = 3 * FRESH_PLACES };

static FreshNodes *nodes;

static void begin(void)
{
    if (geteuid() != 0 || !(nodes = fresh_nodes_new(NULL))) {
        cr_skip_test("making device nodes needs root");
    }
    cr_assert(fresh_nodes_prepare(nodes, "dev/null"));
    cr_assert(fresh_nodes_prepare(nodes, "dev/nvidia-caps/zero"));
}

static void end(void)
{
    fresh_nodes_free(nodes);
}

TestSuite(fresh_nodes, .init = begin, .fini = end);

static int make(const char *path)
{
    int fd = fresh_nodes_make(nodes, path, makedev(1, 3));

    cr_assert(fd >= 0, "%s", path);
    return fd;
}

static uint32_t id_of(int fd)
{
    struct stat st;

    cr_assert_eq(fstat(fd, &st), 0);
    return fresh_nodes_id(nodes, &st);
}

/* @name: room for PATH_MAX bytes */
static const char *name_of(int fd, char *name)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, PATH_MAX - 1);

    name[MAX(n, 0)] = '\0';
    return name;
}

Test(fresh_nodes, none_has_the_number_of_another)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (int i = 0; i < MANY; i++) {
        int fd = make(i % 3 ? "dev/null" : "dev/nvidia-caps/zero");
        cr_expect_neq(id_of(fd), 0);
        cr_expect(g_hash_table_add(seen, GUINT_TO_POINTER(id_of(fd))), "%d", i);
        close(fd); /* its inode and the inode's number are free again */
    }
}

Test(fresh_nodes, opening_one_keeps_its_number)
{
    int node = make("dev/null");
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", node);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    cr_assert(fd >= 0);
    cr_expect_eq(write(fd, "x", 1), 1, "it is the device");
    cr_expect_eq(id_of(fd), id_of(node));
    close(fd);
    close(node);
}

Test(fresh_nodes, as_many_as_there_are_places_keep_their_name)
{
    char name[PATH_MAX];
    int fds[FRESH_PLACES + 1];

    for (int i = 0; i <= FRESH_PLACES; i++) {
        fds[i] = make("dev/null");
        close(make("dev/nvidia-caps/zero")); /* files of another device do not count */
        cr_expect_str_eq(name_of(fds[i], name), "/dev/null");
    }
    cr_expect_str_eq(name_of(fds[0], name), "/dev/null (deleted)");
    for (int i = 1; i <= FRESH_PLACES; i++) {
        cr_expect_str_eq(name_of(fds[i], name), "/dev/null", "%d", i);
        close(fds[i]);
    }
    close(fds[0]);
}

Test(fresh_nodes, others_are_none_of_them)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct stat st;

    cr_expect_eq(id_of(null), 0);
    int fd = make("dev/null");
    cr_assert_eq(fstat(fd, &st), 0);
    st.st_ino += UINT64_C(1) << 32;
    cr_expect_eq(fresh_nodes_id(nodes, &st), 0, "32 bits of its number are another's");
    close(fd);
    close(null);
}
