/* SPDX-License-Identifier: Apache-2.0 */
/* Report mounts, device nodes, and files below /proc and /sys that can be opened for writing. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/hostile/tightness/fact.h"

/* --- mounts ----------------------------------------------------------------------------------- */

/* A line of mountinfo without the numbers of mounts, of their devices and of their peer groups. */
static void report_mount(const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    struct statvfs fs = {0};

    const char *place = g_strv_length(fields) > 6 ? fields[4] : NULL;
    if (!place) {
        return;
    }
    for (char **field = fields + 3; *field; field++) {
        char *peer = strchr(*field, ':');
        bool is_peers = g_str_has_prefix(*field, "shared:") ||
                        g_str_has_prefix(*field, "master:") ||
                        g_str_has_prefix(*field, "propagate_from:");
        if (is_peers && peer) {
            *peer = '\0';
        }
        g_string_append_printf(text, " %s", *field);
    }
    int result = statvfs(place, &fs);
    fact("mount", "%s, flags %s %lx", text->str + 1, outcome(result), fs.f_flag);
}

void report_mounts(void)
{
    g_autofree char *text = text_of("/proc/self/mountinfo");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        report_mount(*line);
    }
}

/* --- devices ---------------------------------------------------------------------------------- */

static const char *try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *result = outcome(fd);

    if (fd >= 0) {
        close(fd);
    }
    return result;
}

static char *try_opens(const char *path)
{
    return g_strdup_printf("read %s, write %s, both %s", try_open(path, O_RDONLY),
                           try_open(path, O_WRONLY), try_open(path, O_RDWR));
}

static void report_node(const char *path, const struct stat *st)
{
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        g_autofree char *opens = try_opens(path);
        fact(path, "mode %o, %u:%u, owner %u:%u, %s", st->st_mode, major(st->st_rdev),
             minor(st->st_rdev), st->st_uid, st->st_gid, opens);
    } else if (S_ISLNK(st->st_mode)) {
        g_autofree char *target = link_of(path);
        fact(path, "link to %s", target);
    } else {
        fact(path, "mode %o, owner %u:%u", st->st_mode, st->st_uid, st->st_gid);
    }
}

static void report_nodes_in(const char *directory)
{
    g_autoptr(GPtrArray) names = names_in(directory);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);
        struct stat st;
        if (lstat(path, &st) == 0) {
            report_node(path, &st);
            if (S_ISDIR(st.st_mode)) {
                report_nodes_in(path);
            }
        }
    }
}

/*
 * Minors that a container would have if it had the major at all; and those of DRM, NVIDIA's control node and the CUSE device.
 */
static const unsigned minors[] = {0, 1, 2, 3, 4, 5, 8, 64, 128, 203, 229, 254, 255};

/* How a node with this number can be opened, if it is made where a container can make files. */
static char *try_number(const char *path, mode_t type, unsigned major_no, unsigned minor_no)
{
    int made = mknod(path, type | 0666, makedev(major_no, minor_no));

    if (made < 0) {
        return g_strdup_printf("not made: %s", outcome(made));
    }
    char *opens = try_opens(path);
    (void)unlink(path);
    return opens;
}

/* All minors of a major with the same result are one fact. */
static void report_major(const char *directory, mode_t type, unsigned major_no)
{
    g_autofree char *path = g_strdup_printf("%s/tightness-node", directory);
    g_autofree char *subject = g_strdup_printf("node in %s, %s %u", directory,
                                               S_ISCHR(type) ? "character" : "block", major_no);
    g_autoptr(GString) which = g_string_new(NULL);
    g_autofree char *last = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(minors); i++) {
        g_autofree char *opens = try_number(path, type, major_no, minors[i]);
        if (last && !g_str_equal(last, opens)) {
            fact(subject, "%s: %s", which->str + 1, last);
            g_string_truncate(which, 0);
        }
        g_string_append_printf(which, " %u", minors[i]);
        g_free(last);
        last = g_steal_pointer(&opens);
    }
    fact(subject, "%s: %s", which->str + 1, last);
}

void report_devices(void)
{
    enum {
        MAJORS = 512
    }; /* CHRDEV_MAJOR_MAX and BLKDEV_MAJOR_MAX, fs/char_dev.c and block/genhd.c */

    report_nodes_in("/dev");
    for (unsigned major_no = 0; major_no < MAJORS; major_no++) {
        report_major("/tmp", S_IFCHR, major_no);
        report_major("/tmp", S_IFBLK, major_no);
    }
    report_major("/dev", S_IFCHR, 195);
    report_major("/dev/shm", S_IFCHR, 195);
}

/* --- /proc and /sys --------------------------------------------------------------------------- */

/* processes.c reports processes. */
static bool is_process(const char *path)
{
    return g_str_has_prefix(path, "/proc/") && g_ascii_isdigit(path[6]);
}

static void report_tree(const char *directory, unsigned depth, bool writable_only)
{
    g_autoptr(GPtrArray) names = depth ? names_in(directory) : g_ptr_array_new();

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);
        struct stat st;
        if (is_process(path) || lstat(path, &st) < 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode)) {
            if (!writable_only) {
                fact(path, "directory, mode %o, write %s", st.st_mode, outcome(access(path, W_OK)));
            }
            report_tree(path, depth - 1, writable_only);
        } else if (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)) {
            const char *write = try_open(path, O_WRONLY);
            if (!writable_only || g_str_equal(write, "ok")) {
                fact(path, "mode %o, read %s, write %s", st.st_mode, try_open(path, O_RDONLY),
                     write);
            }
        }
    }
}

static void report_names(const char *directory, unsigned depth)
{
    g_autoptr(GPtrArray) names = names_in(directory);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);
        fact(directory, "%s", (const char *)names->pdata[i]);
        if (depth > 1) {
            report_names(path, depth - 1);
        }
    }
}

/* Lists of the host, in which the names and numbers of other containers' devices may be visible. */
static void report_lists(void)
{
    static const char *const texts[] = {"/proc/devices", "/proc/misc", "/proc/filesystems",
                                        "/proc/swaps", "/proc/fb"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = text_of(texts[i]);
        g_auto(GStrv) lines = g_strsplit(text ? text : outcome(-1), "\n", -1);
        for (char **line = lines; *line; line++) {
            fact(texts[i], "%s", *line);
        }
    }
    report_names("/sys", 2);
    report_names("/sys/class", 2);
    report_names("/sys/devices/virtual", 2);
    report_names("/sys/dev/char", 1);
    report_names("/sys/fs", 3);
}

void report_proc_and_sys(void)
{
    enum { DEEP = 12 };
    g_autofree char *modules = text_of("/proc/modules");

    report_tree("/proc", DEEP, false);
    report_tree("/sys", DEEP, true);
    report_lists();
    fact("/proc/modules", "%s", modules && *modules ? "can be read" : "cannot be read");
}
