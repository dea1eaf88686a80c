/* SPDX-License-Identifier: Apache-2.0 */
/* Following a file after its close, on the kernel that runs the tests. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/worker/remnant.h"

enum { BYTES = 4096 };

static HostRemnant *close_and_look_back(int fd, int probe)
{
    HostRemnant *remnant = remnant_new(fd, probe, fd); /* a byte of the file's own */

    cr_assert_not_null(remnant);
    close(fd);
    return remnant;
}

/* Make a file in memory, and open it a second time. */
static int memory_file(int *again)
{
    int fd = memfd_create("remnant", 0);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    cr_assert_eq(ftruncate(fd, BYTES), 0);
    *again = open(path, O_RDWR);
    cr_assert_geq(*again, 0);
    return fd;
}

Test(remnant, of_a_file_that_nobody_has_there_is_none)
{
    int probe;
    int fd = memory_file(&probe);
    HostRemnant *polled = close_and_look_back(eventfd(0, 0), -1);
    HostRemnant *plain = close_and_look_back(fd, probe);

    cr_expect_not(remnant_remains(polled));
    cr_expect_not(remnant_remains(plain));
    remnant_free(polled);
    remnant_free(plain);
    close(probe);
}

Test(remnant, remains_as_long_as_anybody_has_the_file)
{
    int fd = eventfd(0, 0);
    int other = dup(fd);
    int gate[2];
    HostRemnant *remnant = close_and_look_back(fd, -1);

    cr_assert_eq(pipe(gate), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(gate[1]);
        (void)!read(gate[0], &byte, 1);
        _exit(0);
    }
    cr_expect(remnant_remains(remnant));
    close(other);
    cr_expect(remnant_remains(remnant), "another process has it");
    close(gate[1]);
    waitpid(child, NULL, 0);
    cr_expect_not(remnant_remains(remnant));
    remnant_free(remnant);
}

Test(remnant, a_mapping_has_the_file)
{
    int probe;
    int fd = memory_file(&probe);
    void *mapped = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
    HostRemnant *remnant = close_and_look_back(fd, probe);

    cr_assert_neq(mapped, MAP_FAILED);
    cr_expect(remnant_remains(remnant));
    munmap(mapped, BYTES);
    cr_expect_not(remnant_remains(remnant));
    remnant_free(remnant);
    close(probe);
}

Test(remnant, of_files_of_one_node_each_is_told_from_the_others)
{
    int probe;
    int fd = memory_file(&probe);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    int second = open(path, O_RDONLY);
    void *mapped = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, second, 0);
    HostRemnant *first = close_and_look_back(fd, probe);
    HostRemnant *other = close_and_look_back(second, probe);

    cr_expect_not(remnant_remains(first));
    cr_expect(remnant_remains(other), "one that was opened for reading only");
    munmap(mapped, BYTES);
    cr_expect_not(remnant_remains(other));
    remnant_free(first);
    remnant_free(other);
    close(probe);
}

Test(remnant, the_number_of_the_file_may_be_anothers_by_then)
{
    int fd = eventfd(0, 0);
    HostRemnant *remnant = close_and_look_back(fd, -1);
    int other = eventfd(0, 0);

    cr_assert_eq(other, fd, "the lowest number that is free");
    cr_expect_not(remnant_remains(remnant));
    remnant_free(remnant);
    close(other);
}

Test(remnant, of_a_file_that_can_be_seen_in_no_way_there_is_none)
{
    int probe;
    int fd = memory_file(&probe);

    cr_expect_null(remnant_new(fd, -1, 0));
    close(fd);
    close(probe);
}
