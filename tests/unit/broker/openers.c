/* SPDX-License-Identifier: Apache-2.0 */
/* The list of files' openers, which decides whose memory the broker gives out, and which ioctls are the driver's. */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/nv-ioctl.h"
#include "cuse-server/broker/guests/driver-words.h"
#include "cuse-server/broker/identity/openers.h"
#include "tests/unit/broker/some-rights.h"

/* --- openers ---------------------------------------------------------------------------------- */

Test(openers, the_oldest_gives_way)
{
    g_autoptr(Openers) openers = openers_new(2);

    openers_note(openers, 1, rights_of(getpid()));
    openers_note(openers, 2, rights_of(getpid()));
    openers_note(openers, 3, rights_of(getpid()));
    cr_expect_eq(openers_count(openers), 2);
    cr_expect_eq(openers_check(openers, 1, "/proc/self"), EACCES);
    cr_expect_eq(openers_check(openers, 2, "/proc/self"), 0);
    cr_expect_eq(openers_check(openers, 3, "/proc/self"), 0);
}

Test(openers, a_file_that_is_released_has_none)
{
    g_autoptr(Openers) openers = openers_new(2);

    openers_note(openers, 1, rights_of(getpid()));
    openers_forget(openers, 2);
    openers_forget(openers, 1);
    openers_forget(openers, 1);
    cr_expect_eq(openers_check(openers, 1, "/proc/self"), EACCES);
    openers_note(openers, 1, rights_of(getpid()));
    openers_note(openers, 1, rights_of(getpid()));
    cr_expect_eq(openers_count(openers), 1);
    cr_expect_eq(openers_check(openers, 1, "/proc/0"), ESRCH);
    openers_clear(openers);
    cr_expect_eq(openers_count(openers), 0);
    cr_expect_eq(openers_check(openers, 1, "/proc/self"), EACCES);
}

/* The next worker's files have the same numbers in another file system. */
Test(openers, one_that_is_noted_late_is_not_the_opener_of_the_next_workers_file)
{
    g_autoptr(Openers) openers = openers_new(4);
    const FileKey before = file_key(makedev(0, 300), 1);
    const FileKey now = file_key(makedev(0, 301), 1);
    GuestRights *others = user(0);

    for (int i = 0; i < GUEST_IDS; i++) {
        others->uids[i] = getuid() + 1;
    }
    openers_note(openers, before, rights_of(getpid()));
    openers_clear(openers);
    cr_expect_eq(openers_check(openers, before, "/proc/self"), EACCES, "its worker has ended");
    openers_note(openers, now, others);
    openers_note(openers, before, rights_of(getpid())); /* by a thread that was delayed */
    cr_expect_eq(openers_check(openers, now, "/proc/self"), EACCES, "another has opened it");
    openers_forget(openers, before);
    cr_expect_eq(openers_count(openers), 1);
}

Test(openers, a_key_has_all_of_a_file)
{
    cr_expect_eq(file_key_id(file_key(makedev(0, 300), INT32_MAX)), INT32_MAX);
    cr_expect_neq(file_key(makedev(0, 0x12345), 7), file_key(makedev(0, 0x2345), 7));
    cr_expect_neq(file_key(makedev(1, 0), 7), file_key(makedev(0, 0), 7));
    cr_expect_eq(file_key(0, 7), 7);
}

/* --- words ------------------------------------------------------------------------------------ */

Test(driver_words, are_the_drivers)
{
    static const uint32_t words[] = {NV_FRONTEND_WORD(NV_ESC_RM_CONTROL, 32),
                                     NV_FRONTEND_WORD(NV_ESC_RM_ALLOC, 0),
                                     _IOC(_IOC_NONE, NV_IOCTL_MAGIC, 255, 16383),
                                     UVM_INITIALIZE,
                                     UVM_INITIALIZE + 1,
                                     UVM_MM_INITIALIZE,
                                     1};
    /* TCGETS, TIOCSTI, FIONREAD, TCGETS2, BLKGETSIZE64, UI_DEV_CREATE */
    static const uint32_t others[] = {0x5401, 0x5412, 0x541b, 0x802c542a, 0x80081272,
                                      0x5501, 0x80,   0x6e76, 0x30000004};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        cr_expect(driver_word(words[i]), "0x%x", words[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        cr_expect_not(driver_word(others[i]), "0x%x", others[i]);
    }
}
