/* SPDX-License-Identifier: Apache-2.0 */
/* The guest replaces its own code, or delays it, while a thread of the guest makes a call as an agent. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

/* mmap() as a function: eax = 9; r10 = rcx; syscall; ret */
static const unsigned char code[] = {0xb8, 9, 0, 0, 0, 0x49, 0x89, 0xca, 0x0f, 0x05, 0xc3};

enum { INSTRUCTION = 8 };

typedef void *Mmap(void *, size_t, int, int, int, off_t);

static unsigned char replacement[2];

static void rewrite(void)
{
    unsigned char *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memcpy(page, code, sizeof code);
    if (((Mmap *)(void *)page)(NULL, SIZE, PROT_READ, MAP_SHARED, GUEST_FD, 0) == MAP_FAILED) {
        _exit(1);
    }
    memcpy(page + INSTRUCTION, replacement, sizeof replacement);
    _exit(map() == MAP_FAILED ? 2 : 0);
}

static int rewritten_as(unsigned char first, unsigned char second)
{
    replacement[0] = first;
    replacement[1] = second;
    return play(rewrite);
}

/* pidfd_getfd() as a function: nothing; eax = 438; syscall; ret */
static const unsigned char getfd_code[] = {0x90, 0xb8, 0xb6, 1, 0, 0, 0x0f, 0x05, 0xc3};

enum { GETFD_INSTRUCTION = 6, SYSCALL = 0x050f, NOTHING = 0x9090 };

static void *exchange_code(void *data)
{
    _Atomic uint16_t *instruction = data;

    for (;;) {
        *instruction = NOTHING;
        *instruction = SYSCALL;
    }
    return NULL;
}

/* A caller that itself meets the other code makes no call. */
static void rewrite_errands(void)
{
    typedef int Getfd(int, int, int);
    pthread_t thread;
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    unsigned char *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memcpy(page, getfd_code, sizeof getfd_code);
    pthread_create(&thread, NULL, exchange_code, page + GETFD_INSTRUCTION);
    for (gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
         g_get_monotonic_time() < end;) {
        (void)((Getfd *)(void *)page)(self, GUEST_FD, 0);
    }
}

Test(agents, a_process_that_gives_an_errand_other_code_is_killed)
{
    int how = play(rewrite_errands);

    cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "%x", how);
    cr_assert_eq(counts[INCIDENT_OTHER_CODE], 1, "reported");
}

/* --- code that comes late ---------------------------------------------------------------------- */

enum { LATE_SECONDS = 3, BUSY_MS = 800, AGENT_STAYS_MS = 200, TRIES = 20 };

typedef struct {
    int faults;
    unsigned char *page;
    pid_t caller;
    atomic_bool kept;
} LateCode;

static bool is_borrowed(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/status", tid);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && !strstr(text, "TracerPid:\t0\n");
}

/* Take the page of code away again and again, until a borrowed thread has waited for it for LATE_SECONDS. */
static void *bring_code_late(void *data)
{
    static unsigned char copy[PAGE] __attribute__((aligned(PAGE)));
    LateCode *late = data;
    struct pollfd ready = {.fd = late->faults, .events = POLLIN};
    struct uffdio_copy bring = {.dst = (uintptr_t)late->page, .src = (uintptr_t)copy, .len = PAGE};
    struct uffd_msg fault;
    bool borrowed = false;

    memcpy(copy, code, sizeof code);
    while (!borrowed) {
        madvise(late->page, PAGE, MADV_DONTNEED);
        if (poll(&ready, 1, 0) == 1 && read(late->faults, &fault, sizeof fault) > 0) {
            borrowed = is_borrowed(late->caller);
            g_usleep(borrowed ? LATE_SECONDS * G_TIME_SPAN_SECOND : 0);
            bring.copy = 0;
            atomic_store(&late->kept, borrowed);
            ioctl(late->faults, UFFDIO_COPY, &bring);
            g_usleep(borrowed ? 0 : 50); /* let the caller enter the call */
        }
    }
    return NULL;
}

static void be_busy(void)
{
    while (clock() < (clock_t)BUSY_MS * (CLOCKS_PER_SEC / 1000)) {
        for (volatile unsigned i = 0; i < 1000000; i++) {
        }
    }
}

static void wait_for_code(void)
{
    LateCode late = {
        .faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC),
        .page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0),
        .caller = gettid(),
    };
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register range = {.range = {(uintptr_t)late.page, PAGE},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
    pthread_t thread;

    be_busy();
    if (ioctl(late.faults, UFFDIO_API, &api) != 0 ||
        ioctl(late.faults, UFFDIO_REGISTER, &range) != 0 ||
        pthread_create(&thread, NULL, bring_code_late, &late) != 0) {
        _exit(3);
    }
    /* The broker borrows a thread to create an agent, which then lives for a while. */
    for (int i = 0; i < TRIES && !atomic_load(&late.kept); i++) {
        if (((Mmap *)(void *)late.page)(NULL, SIZE, PROT_READ, MAP_SHARED, GUEST_FD, 0) ==
            MAP_FAILED) {
            _exit(1);
        }
        g_usleep(2UL * AGENT_STAYS_MS * 1000);
    }
    _exit(atomic_load(&late.kept) ? 0 : 2);
}

Test(agents, a_busy_thread_that_is_kept_from_the_call_is_not_accused, .timeout = 60)
{
    int how = play(wait_for_code);

    cr_assert(ended_well(how), "%x", how);
    cr_assert_eq(counts[INCIDENT_ASTRAY], 0);
}

Test(agents, code_that_stays_the_same_works)
{
    cr_assert(ended_well(rewritten_as(0x0f, 0x05)));
}

Test(agents, a_process_that_gives_its_agent_other_code_is_killed)
{
    static const unsigned char others[][2] = {
        {0xeb, 0xfe}, /* an endless loop */
        {0x0f, 0x0b}, /* a bad instruction */
        {0xcd, 0x80}, /* the 32-bit system call gate */
        {0x90, 0x90}, /* no operation: the guest's code follows */
        {0xcc, 0xcc}, /* a breakpoint */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        int how = rewritten_as(others[i][0], others[i][1]);
        cr_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "%02x %02x: %x", others[i][0],
                  others[i][1], how);
        cr_assert_eq(counts[INCIDENT_OTHER_CODE] + counts[INCIDENT_ASTRAY], 1,
                     "%02x %02x: reported", others[i][0], others[i][1]);
    }
}
