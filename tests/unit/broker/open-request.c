/* SPDX-License-Identifier: Apache-2.0 */
/* Which opens concern the broker: those that can open a device node. The kernel of this machine is asked what it thinks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib.h>

#include "cuse-server/broker/guests/open-request.h"

#define NODE "/dev/null" /* a node that can be opened in every way */

static const int flag_sets[] = {
    O_RDONLY,
    O_WRONLY,
    O_RDWR,
    O_ACCMODE,
    O_RDWR | O_CLOEXEC | O_NONBLOCK,
    O_RDWR | O_APPEND | O_SYNC,
    O_RDWR | O_NOCTTY | O_NOFOLLOW | O_NOATIME | O_ASYNC,
    O_RDWR | O_TRUNC,
    O_RDWR | O_CREAT,
    O_RDONLY | O_CREAT,
    O_WRONLY | O_CREAT | O_TRUNC,
    O_RDWR | O_EXCL,
    O_RDWR | O_CREAT | O_EXCL,
    O_RDWR | O_DIRECTORY,
    O_RDWR | O_DIRECTORY | O_CREAT,
    O_RDWR | O_TMPFILE,
    O_PATH,
    O_PATH | O_CREAT,
    1 << 30,
};

/* Does the kernel open a character device with these flags? */
static bool kernel_opens(int flags)
{
    int fd = open(NODE, flags, 0600);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

Test(open_request, flags_that_open_a_device)
{
    for (size_t i = 0; i < G_N_ELEMENTS(flag_sets); i++) {
        const int flags = flag_sets[i];
        const bool not_served = (flags & O_PATH) || (flags & O_ACCMODE) == O_ACCMODE;
        OpenRequest request;
        cr_assert_eq(open_request_of_flags(flags, &request), kernel_opens(flags) && !not_served,
                     "flags %o", (unsigned)flags);
        cr_assert_eq(request.resolve, 0);
    }
}

Test(open_request, unknown_flags_are_dropped)
{
    OpenRequest request;

    cr_assert(open_request_of_flags(O_RDWR | 1 << 30 | O_CLOEXEC, &request));
    cr_assert_eq(request.flags, O_RDWR | O_CLOEXEC);
}

/* Compare with openat2() itself. The broker takes a struct only if the kernel takes it. */
static void compare_how(const void *how, size_t size, bool served)
{
    OpenRequest request;
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, NODE, how, size);
    const int error = fd < 0 ? errno : 0;
    const bool taken = open_request_of_how(how, size, &request);

    if (fd >= 0) {
        close(fd);
    }
    cr_assert_eq(taken, served, "size %zu", size);
    cr_assert(!taken || error != EINVAL, "size %zu: the kernel refuses it", size);
    cr_assert(!taken || error != E2BIG, "size %zu: the kernel refuses it", size);
}

Test(open_request, what_the_struct_of_openat2_says)
{
    static const struct {
        struct open_how how;
        bool served;
    } cases[] = {
        {{.flags = O_RDWR}, true},
        {{.flags = O_RDONLY | O_CLOEXEC}, true},
        {{.flags = O_RDWR | 0100000}, true}, /* the kernel's O_LARGEFILE */
        {{.flags = O_RDWR | O_CREAT, .mode = 0644}, true},
        {{.flags = O_RDWR | O_CREAT, .mode = 07777}, true},
        {{.flags = O_RDWR | O_CREAT, .mode = 010000}, false},
        {{.flags = O_RDWR | O_CREAT, .mode = UINT64_C(1) << 32}, false},
        {{.flags = O_RDWR, .mode = 0644}, false},
        {{.flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0644}, false},
        {{.flags = O_RDWR | 1 << 30}, false},
        {{.flags = O_RDWR | UINT64_C(1) << 40}, false},
        {{.flags = O_RDWR | O_DIRECTORY}, false},
        {{.flags = O_PATH}, false},
        {{.flags = O_ACCMODE}, false},
        {{.flags = O_RDWR, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS}, true},
        {{.flags = O_RDWR, .resolve = RESOLVE_NO_XDEV}, true},
        {{.flags = O_RDWR, .resolve = RESOLVE_BENEATH}, true},
        {{.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT}, true},
        {{.flags = O_RDWR, .resolve = RESOLVE_CACHED}, true},
        {{.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT | RESOLVE_BENEATH}, false},
        {{.flags = O_RDWR, .resolve = 0x40}, false},
        {{.flags = O_RDWR, .resolve = UINT64_C(1) << 32 | RESOLVE_BENEATH}, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        OpenRequest request;
        compare_how(&cases[i].how, sizeof cases[i].how, cases[i].served);
        if (open_request_of_how(&cases[i].how, sizeof cases[i].how, &request)) {
            cr_assert_eq(request.resolve, cases[i].how.resolve);
        }
    }
}

/* Later versions of the struct have more members; the kernel takes them if they are 0. */
Test(open_request, the_struct_of_openat2_has_any_size)
{
    static const size_t sizes[] = {0, 1, 8, 23, 24, 25, 32, 4095, 4096, 4097, 8192, SIZE_MAX};
    g_autofree char *room = g_malloc0(8192);

    ((struct open_how *)(void *)room)->flags = O_RDWR;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        compare_how(room, sizes[i], sizes[i] >= 24 && sizes[i] <= OPEN_HOW_MAX);
    }
    room[24] = 1;
    compare_how(room, 24, true);
    compare_how(room, 25, false);
    room[24] = 0;
    room[4095] = 1;
    compare_how(room, 4095, true);
    compare_how(room, 4096, false);
}
