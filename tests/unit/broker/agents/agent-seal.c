/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that work without stops: their code is sealed, so that the guest cannot change it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

#ifndef SYS_mseal
#define SYS_mseal 462 /* absent from older headers; Linux 6.10 */
#endif

bool kernel_seals(void)
{
    g_autofree char *maps = NULL;
    void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return syscall(SYS_mseal, page, PAGE, 0) == 0 &&
           g_file_get_contents("/proc/self/smaps", &maps, NULL, NULL) && strstr(maps, " sl");
}

/* The pages with code and order of an agent that works without stops. Returns: NULL if there are none. */
static unsigned char *sealed_pages(void)
{
    g_autofree char *maps = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/self/maps", &maps, NULL, NULL) ||
        !(line = strstr(maps, "memfd:nvcuse-agent"))) {
        return NULL;
    }
    const char *before = g_strrstr_len(maps, line - maps, "\n");
    /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
    return (unsigned char *)g_ascii_strtoull(before ? before + 1 : maps, NULL, 16);
}

static void assert_without_stops(void)
{
    if (!sealed_pages()) {
        _exit(50);
    }
}

static void map_without_stops(void)
{
    assert_without_stops();
    map_twice();
}

static void end_without_stops(void)
{
    assert_without_stops();
    map_once_and_end();
}

static void map_in_child(void)
{
    const pid_t child = fork();
    int how;

    if (child == 0) {
        _exit(sealed_pages() || map() == MAP_FAILED ? 1 : 0);
    }
    _exit(waitpid(child, &how, 0) == child && how == 0 ? 0 : 2);
}

void skip_unless_sealed(void)
{
    if (!kernel_seals()) {
        cr_skip_test("the kernel has no mseal(), or does not show what is sealed");
    }
    is_made_ahead = true;
}

Test(agents, one_that_was_made_ahead_needs_no_stops, .timeout = 120)
{
    static const Scene scenes[] = {
        map_without_stops, map_after_a_while, map_in_threads, map_beyond,
        be_alone,          rest_and_be_alone, map_in_child,   rest_twice,
    };

    skip_unless_sealed();
    for (size_t i = 0; i < G_N_ELEMENTS(scenes); i++) {
        const int how = play(scenes[i]);
        cr_expect(ended_well(how), "scene %zu: %x", i, how);
        cr_expect_eq(counts[INCIDENT_OTHER_CODE] + counts[INCIDENT_ASTRAY], 0, "scene %zu", i);
    }
}

Test(agents, without_stops_memory_is_taken_back_as_well, .timeout = 60)
{
    static const Scene scenes[] = {map_and_execute, map_and_execute_in_thread,
                                   leave_memory_to_another};

    skip_unless_sealed();
    for (size_t i = 0; i < G_N_ELEMENTS(scenes); i++) {
        cr_expect(ended_well(play(scenes[i])), "scene %zu", i);
        assert_taken_back_before("true");
    }
    cr_expect(ended_well(play(end_without_stops)));
    cr_expect_eq(lending.taken_back, lending.number);
}

Test(agents, without_stops_a_guest_that_is_killed_keeps_nobody_waiting)
{
    skip_unless_sealed();
    const int how = play(be_killed);

    cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    cr_assert_eq(counts[INCIDENT_OTHER_CODE], 0);
}

Test(agents, without_stops_parameters_are_those_that_were_checked)
{
    skip_unless_sealed();
    for (PageFate fate = PAGE_STAYS; fate <= PAGE_IS_REPLACED; fate++) {
        const bool is_kept = fate != PAGE_IS_WRITTEN_TO; /* a sealed page cannot be replaced */
        const int how = spoilt(fate);
        cr_expect_eq(ended_well(how), is_kept, "fate %d: %x", fate, how);
        cr_expect_eq(ioctl_error == ENOTTY, is_kept, "fate %d", fate);
        cr_expect_eq(counts[INCIDENT_OTHER_CODE], is_kept ? 0 : 1, "fate %d: reported", fate);
    }
}

/* Every way to change the bytes there; each must fail or have no effect. */
static void change_pages(void)
{
    unsigned char *pages = sealed_pages();
    unsigned char before[2 * PAGE];
    int memory = open("/proc/self/mem", O_RDWR);

    if (!pages || memory < 0) {
        _exit(50);
    }
    memcpy(before, pages, sizeof before);
    for (size_t i = 0; i < 3; i++) {
        unsigned char *page = pages + i * PAGE;
        void *room = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (munmap(page, PAGE) == 0 || mprotect(page, PAGE, PROT_NONE) == 0 ||
            mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
                MAP_FAILED ||
            mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room) != MAP_FAILED ||
            mremap(room, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) != MAP_FAILED) {
            _exit(51);
        }
        if (i < 2 && (pwrite(memory, "\xcc", 1, (off_t)(uintptr_t)page) == 1 ||
                      madvise(page, PAGE, MADV_REMOVE) == 0)) {
            _exit(52);
        }
        (void)madvise(page, PAGE, MADV_DONTNEED);
        (void)syscall(SYS_remap_file_pages, page, PAGE, 0, 1, 0);
    }
    if (memcmp(before, pages, sizeof before) != 0) {
        _exit(53);
    }
    map_twice();
}

Test(agents, nobody_writes_over_the_code_of_one_without_stops)
{
    skip_unless_sealed();
    const int how = play(change_pages);

    cr_assert(ended_well(how), "%x", how);
}

/* exit_group(66): this exit status would show that the agent ran the code. */
static const unsigned char end_code[] = {0xb8, 231, 0, 0, 0, 0xbf, 66, 0, 0, 0, 0x0f, 0x05};

/* Replace the pages as soon as they exist, in the moment before they are sealed. */
static void *replace_pages(void *data)
{
    for (;;) {
        unsigned char *page = sealed_pages();
        if (page && mmap(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            memcpy(page, end_code, sizeof end_code);
            return data;
        }
    }
}

static void open_beside_replacer(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, replace_pages, NULL);
    close(open("/dev/null", O_RDWR));
    close(open("/dev/null", O_RDWR));
    _exit(map() == MAP_FAILED ? 3 : 0);
}

Test(agents, pages_that_a_guest_replaces_before_they_are_sealed_are_not_run, .timeout = 120)
{
    skip_unless_sealed();
    is_made_ahead = false; /* the scene opens the file, once its thread runs */
    for (unsigned i = 0; i < ROUNDS; i++) {
        const int how = play(open_beside_replacer);
        cr_expect(ended_well(how) || WIFSIGNALED(how), "%x", how);
    }
}

Test(agents, without_stops_a_filter_that_lies_about_the_wait_ends_it, .timeout = 120)
{
    static const unsigned lies[] = {SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | EAGAIN,
                                    SECCOMP_RET_ERRNO | KERNELS_OWN_ERROR, SECCOMP_RET_TRAP};

    skip_unless_sealed();
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        lie = lies[i];
        cr_expect(ended_well(play(map_with_a_lie)), "%x", lie);
    }
}

/* --- a filter that lies about the seal ---------------------------------------------------------- */

/* Install the filter for all threads, as soon as the agent exists. */
static void *lie_about_seal(void *data)
{
    struct sock_filter lies[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mseal, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = G_N_ELEMENTS(lies), .filter = lies};

    while (count_threads() < 3) {
    }
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0) {
        _exit(8);
    }
    return data;
}

static void replace_unsealed_pages(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, lie_about_seal, NULL);
    close(open("/dev/null", O_RDWR));
    pthread_join(thread, NULL);
    close(open("/dev/null", O_RDWR));
    unsigned char *page = sealed_pages();
    if (page && mmap(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
        memcpy(page, end_code, sizeof end_code);
    }
    (void)map();
    _exit(0);
}

Test(agents, pages_of_which_a_filter_says_that_they_are_sealed_are_not_run, .timeout = 60)
{
    skip_unless_sealed();
    is_made_ahead = false;
    for (unsigned i = 0; i < 10; i++) {
        const int how = play(replace_unsealed_pages);
        cr_expect(ended_well(how), "%x", how);
    }
}
