/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open nodes and ordinary files in every way: with each access mode, with flags that matter for other files only, and by each
 * system call. Tell what the file can do afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define CTL  "/dev/nvidiactl"
#define SIZE 4096UL

/* --- what an open file can do ----------------------------------------------------------------- */

static const char *access_mode(int flags)
{
    static const char *const names[] = {"read", "write", "read and write", "neither"};

    return names[flags & O_ACCMODE];
}

/* Make a call that the driver answers whatever the access mode is. */
static const char *ask_version(int fd)
{
    nv_ioctl_rm_api_version_t check = {.cmd = NV_RM_API_VERSION_CMD_QUERY};

    return ioctl(fd, _IOWR(NV_IOCTL_MAGIC, NV_ESC_CHECK_VERSION_STR, check), &check) == 0
               ? "answered"
               : status(-errno);
}

/* Say what an open returned, and close the file. */
static void tell(const char *how, long fd)
{
    if (fd < 0) {
        say("%s: %s", how, status(-errno));
        return;
    }
    const int flags = fcntl((int)fd, F_GETFL);
    say("%s: %s%s%s%s%s, %s", how, access_mode(flags), flags & O_APPEND ? " append" : "",
        flags & O_NONBLOCK ? " nonblock" : "", (flags & O_SYNC) == O_SYNC ? " sync" : "",
        fcntl((int)fd, F_GETFD) & FD_CLOEXEC ? " cloexec" : "", ask_version((int)fd));
    close((int)fd);
}

#define TELL(...) tell(#__VA_ARGS__, __VA_ARGS__)

static long by_how(int directory, const char *path, const struct open_how *how)
{
    return syscall(SYS_openat2, directory, path, how, sizeof *how);
}

#define HOW(...) by_how(AT_FDCWD, CTL, &(struct open_how){__VA_ARGS__})

/* --- nodes ------------------------------------------------------------------------------------ */

static void modes(void)
{
    TELL(open(CTL, O_RDWR));
    TELL(open(CTL, O_WRONLY));
    TELL(open(CTL, O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    TELL(open(CTL, O_RDWR | O_CREAT, 0666));
    TELL(open(CTL, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0));
    TELL(open(CTL, O_RDWR | O_APPEND));
    TELL(open(CTL, O_RDWR | O_APPEND | O_SYNC | O_NONBLOCK));
    TELL(open(CTL, O_RDWR | O_EXCL));
    TELL(open(CTL, O_RDWR | O_NOCTTY | O_NOFOLLOW));
    TELL(open("/dev/nvidia0", O_WRONLY));
}

/* Only with --opens=all. */
static void usual_files(void)
{
    TELL(open(CTL, O_RDONLY));
    TELL(open(CTL, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    TELL(open(CTL, O_RDONLY | O_TRUNC));
    TELL(open(CTL, O_RDONLY | O_CREAT, 0600));
    TELL(open(CTL, O_WRONLY | O_CREAT | O_TRUNC, 0666));
    TELL(open(CTL, O_WRONLY | O_CREAT | O_APPEND, 0666));
    TELL(syscall(SYS_creat, CTL, 0666));
    TELL(open("/dev/nvidia0", O_RDONLY));
}

static void neither(void)
{
    TELL(open(CTL, O_ACCMODE));
}

static void refused(void)
{
    TELL(open(CTL, O_RDWR | O_CREAT | O_EXCL, 0666));
    TELL(open(CTL, O_WRONLY | O_CREAT | O_EXCL, 0666));
    TELL(open(CTL, O_RDWR | O_DIRECTORY));
    TELL(open(CTL, O_WRONLY | O_DIRECTORY));
    TELL(open(CTL, O_RDWR | O_TMPFILE, 0600));
    TELL(open(CTL, O_RDWR | O_DIRECT));
    TELL(open(CTL, O_PATH));
    TELL(open(CTL "/", O_WRONLY));
    TELL(open(CTL "/x", O_RDWR | O_CREAT, 0600));
    TELL(open((const char *)1, O_WRONLY));
}

/* A link to the node, in a directory of its own. */
static void links(const char *directory)
{
    int at = open(directory, O_PATH | O_DIRECTORY);

    say("link: %s", symlinkat(CTL, at, "node") == 0 ? "made" : status(-errno));
    TELL(openat(at, "node", O_WRONLY));
    TELL(openat(at, "node", O_RDWR | O_CREAT, 0600));
    TELL(openat(at, "node", O_RDWR | O_NOFOLLOW));
    TELL(openat(at, "node", O_WRONLY | O_NOFOLLOW));
    TELL(openat(at, "node", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    TELL(openat(at, "node", O_RDWR | O_CREAT | O_EXCL, 0600));
    TELL(by_how(at, "node", &(struct open_how){.flags = O_RDWR}));
    TELL(by_how(at, "node", &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_NO_SYMLINKS}));
    TELL(by_how(at, "node", &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_BENEATH}));
    TELL(by_how(at, "node", &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT}));
    unlinkat(at, "node", 0);
    close(at);
}

/* --- openat2 ---------------------------------------------------------------------------------- */

static void structs(void)
{
    TELL(HOW(.flags = O_RDWR));
    TELL(HOW(.flags = O_RDONLY | O_CLOEXEC));
    TELL(HOW(.flags = O_WRONLY | O_NONBLOCK));
    TELL(HOW(.flags = O_RDWR | O_CREAT | O_TRUNC, .mode = 0644));
    TELL(HOW(.flags = O_RDWR, .mode = 0644));
    TELL(HOW(.flags = O_RDWR | O_CREAT, .mode = 0200644));
    TELL(HOW(.flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0644));
    TELL(HOW(.flags = O_RDWR | O_DIRECTORY));
    TELL(HOW(.flags = O_RDWR | 1U << 30));
    TELL(HOW(.flags = O_RDWR | 1ULL << 40));
    TELL(HOW(.flags = O_RDWR, .resolve = 1ULL << 20));
    TELL(HOW(.flags = O_RDWR, .resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT));
}

static long sized(const void *how, size_t size)
{
    return syscall(SYS_openat2, AT_FDCWD, CTL, how, size);
}

static void sizes(void)
{
    static char room[8192];

    memcpy(room, &(struct open_how){.flags = O_RDWR}, sizeof(struct open_how));
    TELL(sized(room, 0));
    TELL(sized(room, 23));
    TELL(sized(room, 24));
    TELL(sized(room, 25));
    TELL(sized(room, 4096));
    room[24] = 1;
    TELL(sized(room, 24));
    TELL(sized(room, 25));
    TELL(sized(room, 4096));
    TELL(sized(NULL, 24));
    TELL(sized((void *)1, 24));
    TELL(sized((void *)-4096UL, 24));
}

/* The struct ends with a page, or goes on into the next, which cannot be read. */
static void edges(void)
{
    char *pages = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct open_how how = {.flags = O_RDWR};

    munmap(pages + SIZE, SIZE);
    memcpy(pages + SIZE - sizeof how, &how, sizeof how);
    TELL(sized(pages + SIZE - sizeof how, sizeof how));
    TELL(sized(pages + SIZE - sizeof how, sizeof how + 8));
    TELL(sized(pages + SIZE - 8, sizeof how));
    mprotect(pages, SIZE, PROT_NONE);
    TELL(sized(pages + SIZE - sizeof how, sizeof how));
    munmap(pages, SIZE);
}

static void resolved(void)
{
    int root = open("/", O_PATH | O_DIRECTORY);
    int dev = open("/dev", O_PATH | O_DIRECTORY);

    TELL(HOW(.flags = O_RDWR, .resolve = RESOLVE_NO_SYMLINKS));
    TELL(HOW(.flags = O_RDWR, .resolve = RESOLVE_NO_MAGICLINKS));
    TELL(HOW(.flags = O_RDWR, .resolve = RESOLVE_NO_XDEV));
    TELL(HOW(.flags = O_RDWR, .resolve = RESOLVE_BENEATH));
    TELL(by_how(dev, CTL, &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT}));
    TELL(by_how(root, CTL, &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT}));
    TELL(by_how(dev, "nvidiactl",
                &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV}));
    TELL(by_how(dev, "../dev/nvidiactl",
                &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_BENEATH}));
    TELL(by_how(root, "proc/self/root/dev/nvidiactl",
                &(struct open_how){.flags = O_RDWR, .resolve = RESOLVE_NO_MAGICLINKS}));
    TELL(by_how(root, "proc/self/root/dev/nvidiactl", &(struct open_how){.flags = O_RDWR}));
    close(dev);
    close(root);
}

/* --- mappings --------------------------------------------------------------------------------- */

static const char *map(int fd, int protection)
{
    void *mapped = mmap(NULL, SIZE, protection, MAP_SHARED, fd, 0);

    if (mapped == MAP_FAILED) {
        return status(-errno);
    }
    munmap(mapped, SIZE);
    return "mapped";
}

/* The access mode decides which mappings the kernel makes. */
static void mappings(const Tree *t)
{
    static const int opened[] = {O_RDONLY, O_WRONLY, O_RDWR};

    say("memory: %s", status(memory_new(t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE)));
    for (size_t i = 0; i < G_N_ELEMENTS(opened); i++) {
        int fd = open(CTL, opened[i]);
        NvU64 address = 0;
        say("%s: %s", access_mode(opened[i]),
            status(rm_map(t->ctl, t->client, H_SYSTEM, 0, SIZE, fd, &address)));
        say("  to read: %s", map(fd, PROT_READ));
        say("  to write: %s", map(fd, PROT_READ | PROT_WRITE));
        close(fd);
    }
}

/* --- ordinary files --------------------------------------------------------------------------- */

static void made(int at, const char *how, long fd)
{
    const char *result = fd < 0 ? status(-errno) : "open";
    struct stat st;
    const bool there = fstatat(at, "new", &st, 0) == 0;

    say("%s: %s, mode %o", how, result, there ? st.st_mode : 0);
    if (fd >= 0) {
        close((int)fd);
    }
    unlinkat(at, "new", 0);
}

#define MADE(...) made(at, #__VA_ARGS__, __VA_ARGS__)

/* The kernel makes files, with the caller's umask. */
static void ordinary(const char *directory)
{
    int at = open(directory, O_PATH | O_DIRECTORY);
    const mode_t before = umask(027);

    MADE(openat(at, "new", O_RDWR | O_CREAT, 0666));
    MADE(openat(at, "new", O_WRONLY | O_CREAT | O_TRUNC, 04777));
    MADE(openat(at, "new", O_RDWR | O_CREAT | O_EXCL, 0600));
    MADE(by_how(at, "new", &(struct open_how){.flags = O_RDWR | O_CREAT, .mode = 0666}));
    MADE(openat(at, "new", O_WRONLY));
    MADE(openat(at, "new/", O_RDWR | O_CREAT, 0600));
    MADE(openat(at, ".", O_RDWR | O_CREAT, 0600));
    MADE(openat(at, ".", O_WRONLY));
    umask(before);
    mkfifoat(at, "new", 0600);
    MADE(openat(at, "new", O_WRONLY | O_NONBLOCK));
    close(at);
}

int main(void)
{
    char directory[] = "/tmp/opens-XXXXXX";

    if (!mkdtemp(directory)) {
        return 1;
    }
    section("modes");
    modes();
    section("usual-files");
    usual_files();
    section("neither");
    neither();
    section("refused");
    refused();
    section("links");
    links(directory);
    section("structs");
    structs();
    section("sizes");
    sizes();
    section("edges");
    edges();
    section("resolved");
    resolved();
    section("mappings");
    Tree t = tree();
    mappings(&t);
    tree_close(&t);
    section("ordinary");
    ordinary(directory);
    rmdir(directory);
    return 0;
}
