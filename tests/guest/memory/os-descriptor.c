/* SPDX-License-Identifier: Apache-2.0 */
/* Describe the program's own memory to the GPU: which pages are pinned, and when they are released. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL
#define SIZE (4 * PAGE)

static volatile NvU32 *new_memory(int protection)
{
    return mmap(NULL, SIZE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void exchange(const Tree *t, volatile NvU32 *memory)
{
    NvU32 value = 0;

    memory[SIZE / 4 - 1] = 0x1234;
    say("describe: %s", status(rm_describe(t->gpu, t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS)));
    say("gpu reads: %s", status(gpu_read(t, H_OTHER, SIZE - 4, &value)));
    say("  0x%x", value);
    say("gpu writes: %s", status(gpu_write(t, H_OTHER, 0, 0x4321)));
    say("  0x%x", memory[0]);
    say("gpu beyond the end: %s", status(gpu_read(t, H_OTHER, SIZE, &value)));
    /* The pages are pinned, not the addresses. */
    munmap((void *)memory, SIZE);
    say("gpu reads after munmap: %s", status(gpu_read(t, H_OTHER, 0, &value)));
    say("  0x%x", value);
    say("map to cpu: %s", status(rm_map(t->ctl, t->client, H_OTHER, 0, PAGE, t->ctl, NULL)));
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
}

static void read_only(const Tree *t)
{
    volatile NvU32 *memory = new_memory(PROT_READ);

    say("for reading: %s",
        status(rm_describe(t->gpu, t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS | CPU_READ_ONLY)));
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
    munmap((void *)memory, SIZE);
}

static void refusals(const Tree *t)
{
    volatile NvU32 *memory = new_memory(PROT_READ | PROT_WRITE);

    say("not aligned: %s",
        status(rm_describe(t->gpu, t, H_OTHER, memory + 1, SIZE - 1, DESCRIBE_FLAGS)));
    say("no limit: %s", status(rm_describe(t->gpu, t, H_OTHER, memory, ~0ULL, DESCRIBE_FLAGS)));
    say("flags: %s", status(rm_describe(t->gpu, t, H_OTHER, memory, SIZE - 1, WRITE_BACK)));
    say("on nvidiactl: %s",
        status(rm_describe(t->ctl, t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS)));
    munmap((void *)memory, SIZE);
}

/* If a page cannot be pinned, none is. */
static void unpinnable(const Tree *t)
{
    volatile NvU32 *memory = new_memory(PROT_READ);

    say("read-only, for writing: %s",
        status(rm_describe(t->gpu, t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS)));
    munmap((void *)(memory + PAGE / 4), PAGE);
    say("with a hole: %s",
        status(rm_describe(t->gpu, t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS | CPU_READ_ONLY)));
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
