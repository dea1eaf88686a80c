/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of nvidia-uvm and its address space, which one process has or several share: everything that needs no GPU, so that
 * NVIDIA's own driver can be asked. Usage: uvm-space [shared]: with the flag for many processes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL
#define MIB  (1UL << 20)
#define SIZE (64 * PAGE)

/* Far from the addresses that the kernel chooses for mappings, and far from each other. */
#define MANAGED     ((char *)0x200000000000)
#define OF_CHILD    ((char *)0x210000000000)
#define OF_EXECUTED ((char *)0x220000000000)

static NvU64 flags;

static int64_t initialize(int uvm)
{
    UVM_INITIALIZE_PARAMS params = {.flags = flags};

    if (ioctl(uvm, (unsigned long)UVM_INITIALIZE, &params) != 0) {
        return -errno;
    }
    return (int64_t)params.rmStatus;
}

static int64_t mm_initialize(int uvm, int of)
{
    UVM_MM_INITIALIZE_PARAMS params = {.uvmFd = of};

    return ioctl(uvm, UVM_MM_INITIALIZE, &params) != 0 ? -errno : (int64_t)params.rmStatus;
}

/* Make a call about a range of addresses. */
static int64_t about(int uvm, NvU32 number, const char *base, const void *address, NvU64 length)
{
    Params params = uvm_params(number);
    int64_t result;

    params_put(&params, base, 0, (uintptr_t)address);
    params_put(&params, "length", 0, length);
    result = uvm_call(uvm, number, &params);
    params_free(&params);
    return result;
}

static int64_t new_group(int uvm, NvU64 *group)
{
    Params params = uvm_params(UVM_CREATE_RANGE_GROUP);
    int64_t result = uvm_call(uvm, UVM_CREATE_RANGE_GROUP, &params);

    *group = params_get(&params, "rangeGroupId", 0);
    params_free(&params);
    return result;
}

static char *map(int uvm, char *at, size_t size)
{
    return mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, uvm,
                (off_t)(uintptr_t)at);
}

static const char *outcome(const void *mapped)
{
    return mapped == MAP_FAILED ? status(-errno) : "mapped";
}

static void pageable(int uvm)
{
    UVM_PAGEABLE_MEM_ACCESS_PARAMS params = {0};

    say("pageable memory: %s", ioctl(uvm, UVM_PAGEABLE_MEM_ACCESS, &params) == 0
                                   ? status(params.rmStatus)
                                   : status(-errno));
    say("  %u", params.pageableMemAccess);
}

/* Everything that a process can do with a file, if it has mapped nothing yet. */
static void use(int uvm, char *at)
{
    NvU64 group;
    char *mapped;

    say("group: %s", status(new_group(uvm, &group)));
    pageable(uvm);
    mapped = map(uvm, at, SIZE);
    say("mmap: %s", outcome(mapped));
    if (mapped != MAP_FAILED) {
        memset(mapped, 5, SIZE);
        say("  %d", mapped[SIZE - 1]);
        say("duplicate: %s",
            status(about(uvm, UVM_ENABLE_READ_DUPLICATION, "requestedBase", mapped, SIZE)));
        say("unmapped: %s", munmap(mapped, SIZE) == 0 ? "yes" : status(-errno));
    }
}

static const char *ending(pid_t child)
{
    int how = 0;

    waitpid(child, &how, 0);
    if (WIFSIGNALED(how)) {
        return sigabbrev_np(WTERMSIG(how));
    }
    return WEXITSTATUS(how) == 0 ? "ended well" : "failed";
}

/* --- scenes ----------------------------------------------------------------------------------- */

static void beginning(int uvm, int second, int third)
{
    NvU64 group;

    section("before");
    say("group: %s", status(new_group(uvm, &group)));
    say("mmap: %s", outcome(map(uvm, MANAGED, SIZE)));
    say("mm of a file that is not initialised: %s", status(mm_initialize(second, uvm)));
    section("initialize");
    say("first: %s", status(initialize(uvm)));
    say("again: %s", status(initialize(uvm)));
    pageable(uvm);
    section("mm-initialize");
    say("of the file: %s", status(mm_initialize(second, uvm)));
    say("again: %s", status(mm_initialize(second, uvm)));
    say("of itself: %s", status(mm_initialize(third, third)));
    say("of no file: %s", status(mm_initialize(third, 999)));
    say("of another sort: %s", status(mm_initialize(third, STDOUT_FILENO)));
    say("group on it: %s", status(new_group(second, &group)));
    say("mmap of it: %s", outcome(map(second, MANAGED, SIZE)));
}

/* Write to each through the mapping and read it back, free it, and allocate it again: then it is empty. */
static void sizes(int uvm)
{
    static const size_t all[] = {PAGE,           3 * PAGE, 64 * PAGE,         2 * MIB - PAGE,
                                 2 * MIB + PAGE, 4 * MIB,  8 * MIB + 5 * PAGE};

    section("sizes");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char *at = MANAGED + i * 64 * MIB;
        char *mapped = map(uvm, at, all[i]);
        say("%zu pages: %s", all[i] / PAGE, outcome(mapped));
        if (mapped == MAP_FAILED) {
            continue;
        }
        for (size_t page = 0; page < all[i]; page += PAGE) {
            *(NvU64 *)(void *)(mapped + page) = page + i;
        }
        say("  %llx", (unsigned long long)hash(mapped, all[i]));
        say("unmapped: %s", munmap(mapped, all[i]) == 0 ? "yes" : status(-errno));
        mapped = map(uvm, at, all[i]);
        say("again: %s", outcome(mapped));
        if (mapped != MAP_FAILED) {
            say("  %d", mapped[all[i] - PAGE]);
            munmap(mapped, all[i]);
        }
    }
}

static void calls(int uvm)
{
    Params set = uvm_params(UVM_SET_RANGE_GROUP);
    char *mapped = map(uvm, MANAGED, SIZE);
    NvU64 group = 0;

    section("calls");
    say("mmap: %s", outcome(mapped));
    say("elsewhere than its offset: %s",
        outcome(mmap(OF_CHILD, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, uvm,
                     (off_t)(uintptr_t)MANAGED)));
    say("over it: %s", outcome(map(uvm, MANAGED, SIZE)));
    say("validate: %s", status(about(uvm, UVM_VALIDATE_VA_RANGE, "base", mapped, SIZE)));
    say("duplicate: %s",
        status(about(uvm, UVM_ENABLE_READ_DUPLICATION, "requestedBase", mapped, SIZE)));
    say("not any more: %s",
        status(about(uvm, UVM_DISABLE_READ_DUPLICATION, "requestedBase", mapped, SIZE)));
    say("to no processor: %s",
        status(about(uvm, UVM_SET_PREFERRED_LOCATION, "requestedBase", mapped, SIZE)));
    say("migrate: %s", status(about(uvm, UVM_MIGRATE, "base", mapped, SIZE)));
    say("beyond it: %s", status(about(uvm, UVM_MIGRATE, "base", mapped, 2 * SIZE)));
    say("group: %s", status(new_group(uvm, &group)));
    params_put(&set, "rangeGroupId", 0, group);
    params_put(&set, "requestedBase", 0, (uintptr_t)mapped);
    params_put(&set, "length", 0, SIZE);
    say("into it: %s", status(uvm_call(uvm, UVM_SET_RANGE_GROUP, &set)));
    say("external in it: %s", status(about(uvm, UVM_CREATE_EXTERNAL_RANGE, "base", mapped, PAGE)));
    params_free(&set);
    munmap(mapped, SIZE);
    say("migrate what is gone: %s", status(about(uvm, UVM_MIGRATE, "base", mapped, SIZE)));
}

static void *in_thread(void *uvm)
{
    use(*(const int *)uvm, MANAGED);
    return NULL;
}

static void other_threads(int uvm)
{
    pthread_t thread;

    section("thread");
    pthread_create(&thread, NULL, in_thread, &uvm);
    pthread_join(thread, NULL);
}

/* A process that has the same file, and neither a copy of the parent's mapping nor a share in it. */
static void other_processes(int uvm)
{
    volatile char *mapped = map(uvm, MANAGED, SIZE);
    pid_t child;

    section("fork");
    mapped[0] = 7;
    child = fork();
    if (child == 0) {
        _exit(mapped[0] == 7 ? 0 : 1);
    }
    say("child that reads: %s", ending(child));
    child = fork();
    if (child == 0) {
        use(uvm, OF_CHILD);
        exit(0);
    }
    say("child that uses the file: %s", ending(child));
    say("still: %d", mapped[0]);
    munmap((void *)mapped, SIZE);
    use(uvm, MANAGED);
}

/* Use a file whose process has ended. */
static void initialized_by_a_child(int uvm)
{
    pid_t child;

    section("exit");
    child = fork();
    if (child == 0) {
        say("initialize: %s", status(initialize(uvm)));
        use(uvm, MANAGED);
        exit(0);
    }
    say("child: %s", ending(child));
    use(uvm, MANAGED);
    say("initialize: %s", status(initialize(uvm)));
}

static void execute(int uvm, const char *mode)
{
    char number[12];

    section("exec");
    (void)snprintf(number, sizeof number, "%d", dup(uvm));
    (void)fflush(stdout);
    execl("/proc/self/exe", "uvm-space", mode, "executed", number, NULL);
    say("exec: %s", status(-errno));
}

static void executed(int uvm)
{
    int own = node("nvidia-uvm");

    use(uvm, OF_EXECUTED);
    say("initialize: %s", status(initialize(uvm)));
    say("a file of its own: %s", status(initialize(own)));
    use(own, MANAGED);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "tied";

    setlinebuf(stdout);
    flags = strcmp(mode, "shared") == 0 ? UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE : 0;
    if (argc == 4) {
        executed(atoi(argv[3])); // NOLINT(cert-err34-c): our own number
        return 0;
    }
    int uvm = node("nvidia-uvm");
    int second = node("nvidia-uvm");
    beginning(uvm, second, node("nvidia-uvm"));
    close(second);
    sizes(uvm);
    calls(uvm);
    other_threads(uvm);
    other_processes(uvm);
    initialized_by_a_child(node("nvidia-uvm"));
    execute(uvm, mode);
    return 1;
}
