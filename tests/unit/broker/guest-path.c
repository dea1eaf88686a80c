/* SPDX-License-Identifier: Apache-2.0 */
/* Walks along a guest's path. They use this process: its root, working directory and descriptors stand for a guest's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib.h>

#include "cuse-server/broker/identity/guest-path.h"

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

/* The walk from @dirfd must find the same file as the kernel, or fail with the same errno. */
static void same_as_kernel(int dirfd, const char *path, int flags)
{
    struct stat walked;
    struct stat kernel;
    int by_kernel = openat(dirfd, path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
    int kernel_errno = errno;
    int by_walk = guest_path_open(gettid(), dirfd, path, flags, 0);

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
        "sub//./file",
        "./sub/../sub//file",
        "sub/..",
        "sub/../link-to-link",
        "directory-link/../sub/file",
        "directory-link/",
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
        "/dev/../dev/null",
        "/dev/null/",
        "/dev/null/..",
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

    cr_assert_eq(unlink("sub/file"), 0); /* now the link's text leads nowhere */
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_strdup_printf("%s/%d", directories[i], file);
        same_as_kernel(AT_FDCWD, path, 0);
    }
    close(file);
}

Test(guest_path, a_closed_descriptor_is_no_place_to_start)
{
    cr_assert_lt(guest_path_open(gettid(), 999, "x", 0, 0), 0);
}

/* --- openat2() -------------------------------------------------------------------------------- */

/* With these RESOLVE_* flags, the walk must find the same file as the kernel, or none if the kernel finds none. */
static void resolves_as_kernel(int dirfd, const char *path, uint64_t resolve)
{
    struct stat walked;
    struct stat kernel;
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolve};
    int by_kernel = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
    int kernel_errno = errno;
    int by_walk = guest_path_open(gettid(), dirfd, path, 0, resolve);

    cr_assert_eq(by_kernel < 0, by_walk < 0, "'%s' with %lx: kernel %d (%s), walk %d (%s)", path,
                 (unsigned long)resolve, by_kernel, strerrorname_np(kernel_errno), by_walk,
                 strerrorname_np(errno));
    if (by_walk < 0) {
        return;
    }
    cr_assert_eq(fstat(by_walk, &walked), 0);
    cr_assert_eq(fstat(by_kernel, &kernel), 0);
    cr_assert(walked.st_ino == kernel.st_ino && walked.st_dev == kernel.st_dev, "'%s' with %lx",
              path, (unsigned long)resolve);
    close(by_walk);
    close(by_kernel);
}

Test(guest_path, resolve_flags_limit_the_walk)
{
    static const uint64_t flags[] = {RESOLVE_NO_XDEV,
                                     RESOLVE_NO_MAGICLINKS,
                                     RESOLVE_NO_SYMLINKS,
                                     RESOLVE_BENEATH,
                                     RESOLVE_IN_ROOT,
                                     RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
                                     RESOLVE_NO_XDEV | RESOLVE_IN_ROOT,
                                     RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
    static const char *const paths[] = {
        "sub/file",
        "sub/link",
        "sub/../sub/file",
        "sub/../link-to-link",
        "sub/../../x",
        "..",
        "../../dev/null",
        "link-to-link",
        "directory-link/../sub/link",
        "absolute",
        "/dev/null",
        "/sub/file",
        "/sub/../../sub/link",
        "/absolute",
        "/proc/self/cwd/sub/file",
        "/proc/self/root/dev/null",
        "/proc/mounts",
        "loop-a",
        "dangling",
    };
    int here = open(".", O_PATH | O_DIRECTORY);

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        for (size_t f = 0; f < G_N_ELEMENTS(flags); f++) {
            resolves_as_kernel(AT_FDCWD, paths[i], flags[f]);
            resolves_as_kernel(here, paths[i], flags[f]);
        }
    }
    close(here);
}

/* From the root of the system, the paths lead through /proc and its links. */
Test(guest_path, resolve_flags_hold_in_proc)
{
    static const uint64_t flags[] = {RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS,
                                     RESOLVE_BENEATH, RESOLVE_IN_ROOT};
    static const char *const paths[] = {"proc/self/status", "proc/self/cwd/sub", "proc/self/exe",
                                        "proc/self/root/dev/null", "dev/../dev/null"};
    int root = open("/", O_PATH | O_DIRECTORY);

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        for (size_t f = 0; f < G_N_ELEMENTS(flags); f++) {
            resolves_as_kernel(root, paths[i], flags[f]);
        }
    }
    close(root);
}

/* --- another process -------------------------------------------------------------------------- */

/*
 * Start a process that waits to be killed; its root is the current directory, and its working directory is @inside below it, if
 * given.
 */
static pid_t start_guest(const char *inside)
{
    int ready[2];
    char byte;

    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        if (inside && (chroot(".") < 0 || chdir(inside) < 0)) {
            _exit(1);
        }
        (void)!write(ready[1], "", 1);
        pause();
        _exit(0);
    }
    cr_assert_gt(child, 0);
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void end_guest(pid_t guest)
{
    kill(guest, SIGKILL);
    waitpid(guest, NULL, 0);
}

static void leads_to(pid_t guest, const char *path, const char *wanted)
{
    struct stat found;
    struct stat st;
    int fd = guest_path_open(guest, AT_FDCWD, path, 0, 0);

    cr_assert_geq(fd, 0, "'%s': %s", path, strerrorname_np(errno));
    cr_assert_eq(fstat(fd, &found), 0);
    cr_assert_eq(stat(wanted, &st), 0);
    cr_expect(found.st_ino == st.st_ino && found.st_dev == st.st_dev, "'%s' is not '%s'", path,
              wanted);
    close(fd);
}

Test(guest_path, proc_self_is_the_guests)
{
    const pid_t guest = start_guest(NULL);
    g_autofree char *status = g_strdup_printf("/proc/%d/status", guest);

    leads_to(guest, "/proc/self/status", status);
    leads_to(guest, "/proc/self/cwd/sub/link", "sub/file");
    leads_to(guest, "/proc/self/../self/status", status);
    end_guest(guest);
}

Test(guest_path, no_path_leaves_the_guests_root)
{
    if (geteuid() != 0) {
        cr_skip_test("changing the root directory needs root");
    }
    const pid_t guest = start_guest("sub");

    leads_to(guest, "/sub/file", "sub/file");
    leads_to(guest, "/../sub/./file", "sub/file");
    leads_to(guest, "/directory-link/../../../sub/link", "sub/file");
    leads_to(guest, "file", "sub/file");
    leads_to(guest, "../../../sub/file", "sub/file");
    leads_to(guest, "../..", ".");
    cr_expect_lt(guest_path_open(guest, AT_FDCWD, "/absolute", 0, 0), 0, "there is no /dev in it");
    cr_expect_lt(guest_path_open(guest, AT_FDCWD, "../../proc/self/root", 0, 0), 0);
    end_guest(guest);
}

/* With a working directory outside the root, ".." stops at the root if the walk passes it. */
Test(guest_path, going_up_ends_at_the_root_that_a_path_comes_by)
{
    if (geteuid() != 0) {
        cr_skip_test("changing the root directory needs root");
    }
    int outside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_autofree char *up = g_strconcat(directory + 1, "/../sub/file", NULL);
    g_autofree char *down = g_strconcat(directory + 1, "/sub/file", NULL);
    const pid_t guest = start_guest("/");
    struct stat found;
    struct stat st;

    cr_assert_eq(stat("sub/file", &st), 0);
    for (int i = 0; i < 2; i++) {
        int fd = guest_path_open(guest, outside, i ? down : up, 0, 0);
        cr_assert_geq(fd, 0);
        cr_assert_eq(fstat(fd, &found), 0);
        cr_expect_eq(found.st_ino, st.st_ino);
        close(fd);
    }
    close(outside);
    end_guest(guest);
}
