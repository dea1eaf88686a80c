/* SPDX-License-Identifier: Apache-2.0 */
/* The walk is done on this process: its own root, working directory and descriptors stand for a
 * guest's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib.h>

#include "cuse-server/broker/guest-path.h"

static char directory[] = "/tmp/guest-path-XXXXXX";

static void setup(void)
{
    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(chdir(directory), 0);
    cr_assert_eq(mkdir("sub", 0755), 0);
    cr_assert_eq(close(open("sub/file", O_CREAT | O_RDWR, 0600)), 0);
    cr_assert_eq(symlink("file", "sub/link"), 0);
    cr_assert_eq(symlink("sub/link", "link-to-link"), 0);
    cr_assert_eq(symlink("sub", "directory-link"), 0);
    cr_assert_eq(symlink("/dev/null", "absolute"), 0);
    cr_assert_eq(symlink("loop-b", "loop-a"), 0);
    cr_assert_eq(symlink("loop-a", "loop-b"), 0);
    cr_assert_eq(symlink("nowhere", "dangling"), 0);
}

static void teardown(void)
{
    const char *files[] = {"sub/file", "sub/link", "link-to-link", "directory-link",
                           "absolute", "loop-a",   "loop-b",       "dangling"};

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        unlink(files[i]);
    }
    rmdir("sub");
    cr_assert_eq(chdir("/"), 0);
    rmdir(directory);
}

TestSuite(guest_path, .init = setup, .fini = teardown);

/* The walk from @dirfd finds what the kernel finds, or fails with the same errno. */
static void same_as_kernel(int dirfd, const char *path, int flags)
{
    struct stat walked;
    struct stat kernel;
    int by_kernel = openat(dirfd, path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
    int kernel_errno = errno;
    int by_walk = guest_path_open(gettid(), dirfd, path, flags);

    if (by_kernel < 0) {
        int walk_errno = errno;
        cr_assert_lt(by_walk, 0, "'%s' was found", path);
        cr_assert_eq(walk_errno, kernel_errno, "'%s': %s, not %s", path,
                     strerrorname_np(walk_errno), strerrorname_np(kernel_errno));
        return;
    }
    cr_assert_geq(by_walk, 0, "'%s': %s", path, strerrorname_np(errno));
    cr_assert_eq(fstat(by_walk, &walked), 0);
    cr_assert_eq(fstat(by_kernel, &kernel), 0);
    cr_assert(walked.st_ino == kernel.st_ino && walked.st_dev == kernel.st_dev, "'%s'", path);
    close(by_walk);
    close(by_kernel);
}

Test(guest_path, finds_what_the_kernel_finds)
{
    const char *paths[] = {
        "sub/file",
        "./sub/../sub//file",
        "sub/file/",
        "sub/",
        "sub/link",
        "link-to-link",
        "directory-link",
        "directory-link/link",
        "absolute",
        "dangling",
        "loop-a",
        "nothing",
        "sub/nothing/x",
        "sub/file/x",
        "",
        ".",
        "..",
        "/",
        "//dev///null",
        "/..",
        "/../../dev/null",
        "/dev/null/x",
        "../../../../../..",
        "/proc/self/cwd/sub/link",
        "/proc/self/root/dev/null",
        "/proc/self/exe",
        "/proc/thread-self/cwd/sub",
        "/proc/mounts",
        "/proc/self/../self/cwd",
        "/dev/fd",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        same_as_kernel(AT_FDCWD, paths[i], 0);
        same_as_kernel(AT_FDCWD, paths[i], O_NOFOLLOW);
    }
}

Test(guest_path, starts_at_a_descriptor)
{
    int sub = open("sub", O_PATH | O_DIRECTORY);
    int file = open("sub/file", O_RDONLY);

    same_as_kernel(sub, "link", 0);
    same_as_kernel(sub, "../absolute", 0);
    same_as_kernel(sub, "/dev/null", 0);
    same_as_kernel(file, "x", 0);
    close(file);
    close(sub);
}

Test(guest_path, follows_descriptors_in_proc_to_the_file_itself)
{
    int file = open("sub/file", O_RDONLY);
    const char *directories[] = {"/proc/self/fd", "/proc/thread-self/fd", "/dev/fd"};

    cr_assert_eq(unlink("sub/file"), 0); /* by now the link's text leads nowhere */
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_strdup_printf("%s/%d", directories[i], file);
        same_as_kernel(AT_FDCWD, path, 0);
    }
    close(file);
}

Test(guest_path, a_closed_descriptor_is_no_place_to_start)
{
    cr_assert_lt(guest_path_open(gettid(), 999, "x", 0), 0);
}
