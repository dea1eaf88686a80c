/* SPDX-License-Identifier: Apache-2.0 */
/* The specification of an instance that the worker reads from a sealed file. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/wire/worker-spec.h"

static WorkerSpec example(void)
{
    return (WorkerSpec){
        .size = sizeof(WorkerSpec),
        .instance = {.name = "web1", .n_devices = 2, .record_limit = 7},
        .n_fds = 1,
    };
}

static bool is_read(int fd)
{
    WorkerSpec spec;
    g_autoptr(GError) error = NULL;
    bool ok = worker_spec_read(fd, &spec, &error);

    cr_assert_eq(ok, error == NULL);
    return ok;
}

Test(worker_spec, what_was_written_is_read)
{
    const WorkerSpec written = example();
    WorkerSpec spec;
    int fd = worker_spec_write(&written, NULL);

    cr_assert_geq(fd, 0);
    cr_assert(worker_spec_read(fd, &spec, NULL));
    cr_assert_str_eq(spec.instance.name, written.instance.name);
    cr_assert_eq(spec.instance.n_devices, written.instance.n_devices);
    cr_assert_eq(spec.instance.record_limit, written.instance.record_limit);
    close(fd);
}

Test(worker_spec, it_cannot_be_changed)
{
    const WorkerSpec written = example();
    int fd = worker_spec_write(&written, NULL);

    cr_assert_lt(pwrite(fd, "x", 1, 0), 0);
    cr_assert_lt(ftruncate(fd, 1), 0);
    cr_assert_lt(ftruncate(fd, 1 << 20), 0);
    cr_assert_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    close(fd);
}

Test(worker_spec, another_file_is_refused)
{
    const WorkerSpec written = example();
    int unsealed = memfd_create("unsealed", MFD_CLOEXEC);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    cr_assert_eq(pwrite(unsealed, &written, sizeof written, 0), sizeof written);
    cr_assert_not(is_read(unsealed));
    cr_assert_not(is_read(null));
    cr_assert_not(is_read(-1));
    close(unsealed);
    close(null);
}

Test(worker_spec, one_of_another_size_is_refused)
{
    WorkerSpec spec = example();

    spec.size--;
    cr_assert_not(is_read(worker_spec_write(&spec, NULL)));
    spec = example();
    spec.instance.n_devices = DEVICES_MAX + 1;
    cr_assert_not(is_read(worker_spec_write(&spec, NULL)));
    spec = example();
    memset(spec.instance.name, 'x', sizeof spec.instance.name);
    cr_assert_not(is_read(worker_spec_write(&spec, NULL)));
}
