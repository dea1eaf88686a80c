/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a worker's files the broker may map into a guest. /dev/null and /dev/zero stand for the driver's devices. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib.h>

#include "cuse-server/inventory/blank-file.h"
#include "cuse-server/inventory/host-file.h"
#include "cuse-server/wire/ledger.h"

/* Documentation/admin-guide/devices.txt: major 1, minors 3 and 5. */
#define NULL_NUMBER 0x103
#define ZERO_NUMBER 0x105

enum { FRONTEND, UVM, DMA_BUF };

static const Device devices[] = {{DEVICE_FRONTEND, "nvidiactl", NULL_NUMBER},
                                 {DEVICE_UVM, "nvidia-uvm", ZERO_NUMBER},
                                 {DEVICE_DMA_BUF, "nvidia-dmabuf", 0}};
static const HostFiles real = {devices, G_N_ELEMENTS(devices), .simulated = false, .mark = -1};
static const HostFiles simulated = {devices, G_N_ELEMENTS(devices), .simulated = true, .mark = -1};

/* Closes the file. */
static bool may(const HostFiles *files, int fd, unsigned device)
{
    bool result = host_files_have(files, fd, device);

    cr_assert_geq(fd, 0);
    close(fd);
    return result;
}

Test(host_file, the_devices_own_files_may)
{
    cr_assert(may(&real, open("/dev/null", O_RDWR), FRONTEND));
    cr_assert(may(&real, open("/dev/null", O_RDONLY), FRONTEND));
    cr_assert(may(&real, open("/dev/zero", O_RDWR), UVM));
    cr_assert(may(&simulated, blank_file_new(), UVM));
}

Test(host_file, another_devices_may_not)
{
    cr_assert_not(may(&real, open("/dev/null", O_RDWR), UVM));
    cr_assert_not(may(&real, open("/dev/zero", O_RDWR), FRONTEND));
    cr_assert_not(may(&real, open("/dev/full", O_RDWR), FRONTEND));
    cr_assert_not(may(&real, open("/dev/null", O_RDWR), DMA_BUF));
    cr_assert_not(may(&real, open("/dev/null", O_RDWR), G_N_ELEMENTS(devices)));
    cr_assert_not(may(&real, open("/dev/null", O_RDWR), UINT_MAX));
}

Test(host_file, what_a_worker_has_besides_may_not)
{
    int sockets[2];
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    cr_assert_eq(pipe(ends), 0);
    for (size_t i = 0; i < 2; i++) {
        const HostFiles *files = i ? &simulated : &real;
        cr_assert_not(host_files_have(files, sockets[i], FRONTEND));
        cr_assert_not(host_files_have(files, ends[i], FRONTEND));
        cr_assert_not(may(files, open("/proc/self/mem", O_RDONLY), FRONTEND));
        cr_assert_not(may(files, open("/etc/passwd", O_RDONLY), FRONTEND));
        cr_assert_not(may(files, open("/dev", O_RDONLY), FRONTEND));
        cr_assert_not(may(files, eventfd(0, 0), FRONTEND));
        cr_assert_not(may(files, open("/dev/null", O_PATH), FRONTEND));
        cr_assert_not(host_files_have(files, -1, FRONTEND));
        cr_assert_not(host_files_have(files, 999, FRONTEND));
    }
    cr_assert_not(may(&real, blank_file_new(), FRONTEND));
    cr_assert_not(may(&simulated, open("/dev/null", O_RDWR), FRONTEND));
}

/* The worker of a simulated instance has the ledger as well, which is a file in memory, too. */
Test(host_file, a_ledger_is_no_blank_file)
{
    g_autoptr(GError) error = NULL;
    int fd = -1;
    Ledger *ledger = ledger_new(&fd, &error);

    cr_assert_not_null(ledger);
    cr_assert_not(host_files_have(&simulated, fd, FRONTEND));
    cr_assert_lt(ftruncate(fd, INT64_C(1) << 47), 0);
    ledger_free(ledger);
    cr_assert_not(may(&simulated, fd, FRONTEND));
}

Test(host_file, a_call_is_made_on_its_kind_of_device)
{
    int null = open("/dev/null", O_RDWR);

    cr_assert(host_files_have_kind(&real, null, DEVICE_FRONTEND));
    cr_assert_not(host_files_have_kind(&real, null, DEVICE_UVM));
    cr_assert_not(host_files_have_kind(&real, null, DEVICE_UVM_TOOLS));
    cr_assert_not(host_files_have_kind(&real, -1, DEVICE_FRONTEND));
    close(null);
}

Test(host_file, only_the_instances_devices_are_opened)
{
    int fd = host_files_open(&simulated, -1, UVM, O_RDWR);

    cr_expect(host_files_have(&simulated, fd, UVM));
    close(fd);
    cr_expect_lt(host_files_open(&simulated, -1, G_N_ELEMENTS(devices), O_RDWR), 0);
    cr_expect_lt(host_files_open(&real, -1, UINT_MAX, O_RDWR), 0);
}

/* Reading /proc/self/mem at 0, where nothing is mapped, fails with EIO, as reading the file of a driver that is gone. */
Test(host_file, only_eio_means_that_the_driver_is_gone)
{
    const int mark = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const int gone = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    int pipe_ends[2];

    cr_assert(mark >= 0 && gone >= 0 && pipe2(pipe_ends, O_CLOEXEC) == 0);
    cr_assert(host_driver_is_marked(mark));
    cr_assert(host_driver_is_marked(-1));
    cr_assert(host_driver_is_marked(pipe_ends[0]), "ESPIPE is another error");
    cr_assert_not(host_driver_is_marked(gone));

    const HostFiles changed = {devices, G_N_ELEMENTS(devices), .mark = gone};
    cr_assert_eq(host_files_open(&changed, -1, 0, O_RDWR), -1);
    cr_assert_eq(errno, ESTALE);
}
