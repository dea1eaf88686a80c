/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own memory, described to the GPU: which pages are pinned, and when they are let
 * go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL
#define SIZE (4 * PAGE)

#define NO_MAP        (NVOS02_FLAGS_MAPPING_NO_MAP << NVOS02_FLAGS_MAPPING_SHIFT)
#define WRITE_BACK    (5U << 12)
#define CPU_READ_ONLY (1U << NVOS02_FLAGS_ALLOC_USER_READ_ONLY_SHIFT)

static int64_t describe(int fd, const Tree *t, NvHandle handle, const volatile void *address,
                        NvU64 limit, NvU32 flags)
{
    nv_ioctl_nvos02_parameters_with_fd args = {
        .params = {.hRoot = t->client,
                   .hObjectParent = H_DEVICE,
                   .hObjectNew = handle,
                   .hClass = NV01_MEMORY_SYSTEM_OS_DESCRIPTOR,
                   .flags = flags,
                   .pMemory = (uintptr_t)address,
                   .limit = limit},
        .fd = -1};
    int64_t result = ioctl_status(fd, NV_ESC_RM_ALLOC_MEMORY, &args, sizeof args,
                                  offsetof(NVOS02_PARAMETERS, status));

    return result == 0 && (args.fd != -1 || args.params.pMemory != (uintptr_t)address) ? -EBADMSG
                                                                                       : result;
}

static volatile NvU32 *new_memory(int protection)
{
    return mmap(NULL, SIZE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void exchange(const Tree *t, volatile NvU32 *memory)
{
    NvU32 value = 0;

    memory[SIZE / 4 - 1] = 0x1234;
    say("describe: %s",
        status(describe(t->gpu, t, H_OTHER, memory, SIZE - 1, NO_MAP | WRITE_BACK)));
    say("gpu reads: %s", status(gpu_read(t, H_OTHER, SIZE - 4, &value)));
    say("  0x%x", value);
    say("gpu writes: %s", status(gpu_write(t, H_OTHER, 0, 0x4321)));
    say("  0x%x", memory[0]);
    say("gpu beyond the end: %s", status(gpu_read(t, H_OTHER, SIZE, &value)));
    /* The pages are held, not the addresses. */
    munmap((void *)memory, SIZE);
    say("gpu reads after munmap: %s", status(gpu_read(t, H_OTHER, 0, &value)));
    say("  0x%x", value);
    say("map to cpu: %s", status(rm_map(t->ctl, t->client, H_OTHER, 0, PAGE, t->ctl, NULL)));
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
}

static void read_only(const Tree *t)
{
    volatile NvU32 *memory = new_memory(PROT_READ);

    say("for reading: %s", status(describe(t->gpu, t, H_OTHER, memory, SIZE - 1,
                                           NO_MAP | WRITE_BACK | CPU_READ_ONLY)));
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
    munmap((void *)memory, SIZE);
}

static void refusals(const Tree *t)
{
    volatile NvU32 *memory = new_memory(PROT_READ | PROT_WRITE);

    say("not aligned: %s",
        status(describe(t->gpu, t, H_OTHER, memory + 1, SIZE - 1, NO_MAP | WRITE_BACK)));
    say("no limit: %s", status(describe(t->gpu, t, H_OTHER, memory, ~0ULL, NO_MAP | WRITE_BACK)));
    say("flags: %s", status(describe(t->gpu, t, H_OTHER, memory, SIZE - 1, WRITE_BACK)));
    say("on nvidiactl: %s",
        status(describe(t->ctl, t, H_OTHER, memory, SIZE - 1, NO_MAP | WRITE_BACK)));
    munmap((void *)memory, SIZE);
}

/* Pages that cannot be pinned: all or nothing. */
static void unpinnable(const Tree *t)
{
    volatile NvU32 *memory = new_memory(PROT_READ);

    say("read-only, for writing: %s",
        status(describe(t->gpu, t, H_OTHER, memory, SIZE - 1, NO_MAP | WRITE_BACK)));
    munmap((void *)(memory + PAGE / 4), PAGE);
    say("with a hole: %s", status(describe(t->gpu, t, H_OTHER, memory, SIZE - 1,
                                           NO_MAP | WRITE_BACK | CPU_READ_ONLY)));
    munmap((void *)memory, SIZE);
}

int main(void)
{
    Tree t = tree();

    section("exchange");
    exchange(&t, new_memory(PROT_READ | PROT_WRITE));
    section("read-only");
    read_only(&t);
    section("refusals");
    refusals(&t);
    section("unpinnable");
    unpinnable(&t);
    tree_close(&t);
    return 0;
}
