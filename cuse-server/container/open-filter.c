/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/open-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>
#include <seccomp.h>

/* Absent from older kernel headers; Linux 5.19. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* O_PATH opens nothing, O_CREAT and O_DIRECTORY (O_TMPFILE has it) are for files that we are not.
 */
#define FLAGS_MASK (O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH)

/* A watched call: notified if (argument & mask) == value. */
static const struct {
    int syscall;
    unsigned argument;
    scmp_datum_t mask;
    scmp_datum_t value;
} watched[] = {
    {SCMP_SYS(open), 1, FLAGS_MASK, O_RDWR},
    {SCMP_SYS(openat), 2, FLAGS_MASK, O_RDWR},
};

static bool add_rules(scmp_filter_ctx filter)
{
    /* A foreign ABI must not be killed; no_new_privs would break setuid programs and is the
     * caller's. */
    if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW) < 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) < 0) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(watched); i++) {
        if (seccomp_rule_add(filter, SCMP_ACT_NOTIFY, watched[i].syscall, 1,
                             SCMP_CMP(watched[i].argument, SCMP_CMP_MASKED_EQ, watched[i].mask,
                                      watched[i].value)) < 0) {
            return false;
        }
    }
    return true;
}

/* The filter as a BPF program; the caller frees it. libseccomp gives it to files only. */
static GBytes *export_program(scmp_filter_ctx filter)
{
    int fd = memfd_create("nvcuse-filter", MFD_CLOEXEC);
    g_autofree char *text = NULL;
    GBytes *program = NULL;
    off_t size;

    if (fd >= 0 && seccomp_export_bpf(filter, fd) == 0 && (size = lseek(fd, 0, SEEK_END)) > 0) {
        text = g_malloc((size_t)size);
        if (pread(fd, text, (size_t)size, 0) == size) {
            program = g_bytes_new(text, (size_t)size);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return program;
}

/*
 * libseccomp before 2.6 cannot ask for WAIT_KILLABLE_RECV: once the broker has a call, only a fatal
 * signal ends the wait, so a program with a busy timer can open a GPU that takes seconds to wake.
 */
static int load_program(GBytes *program)
{
    size_t size;
    const void *code = g_bytes_get_data(program, &size);
    struct sock_fprog fprog = {
        .len = (unsigned short)(size / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)code,
    };
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);

    if (fd < 0 && errno == EINVAL) {
        flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
    }
    return (int)fd;
}

int open_filter_install(GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    g_autoptr(GBytes) program = filter && add_rules(filter) ? export_program(filter) : NULL;
    int fd = -1;

    if (filter) {
        seccomp_release(filter);
    }
    if (!program) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                            "cannot build the seccomp filter (libseccomp)");
        return -1;
    }
    fd = load_program(program);
    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot install the seccomp filter: %s%s", g_strerror(errno),
                    errno == EBUSY ? " (another filter above this process has a listener)" : "");
    }
    return fd;
}
