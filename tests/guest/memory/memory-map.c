/* SPDX-License-Identifier: Apache-2.0 */
/* Allocate and map memory in every way; the CPU writes it and the GPU reads it, and the other way round. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define SIZE (4UL * 4096)

/* The driver rounds small sizes of a GPU's memory up to this. */
#define VIDEO_PAGE 65536UL

/* Write through a mapping and read as the GPU; then write as the GPU and read through the mapping. */
static void exchange(const Tree *t, NvHandle memory, NvU64 offset, volatile NvU32 *mapped)
{
    NvU32 value = 0;

    mapped[0] = 0x12345678;
    mapped[SIZE / 8 - 1] = 0x9abcdef0;
    say("gpu reads: %s", status(gpu_read(t, memory, offset, &value)));
    say("  first word %s", value == 0x12345678 ? "as written" : "different");
    gpu_read(t, memory, offset + SIZE / 2 - 4, &value);
    say("  last word %s", value == 0x9abcdef0 ? "as written" : "different");
    say("gpu writes: %s", status(gpu_write(t, memory, offset, 0x55aa55aa)));
    say("  cpu reads it %s", mapped[0] == 0x55aa55aa ? "as written" : "differently");
}

static void *map_file(int fd, size_t size, int protection)
{
    void *mapped = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

    say("mmap: %s", mapped == MAP_FAILED ? status(-errno) : "mapped");
    return mapped;
}

static void map_and_exchange(const Tree *t, NvHandle memory, const char *device, NvU64 offset)
{
    int fd = node(device);
    NvU64 address = 0;
    void *mapped;

    say("map: %s", status(rm_map(t->ctl, t->client, memory, offset, SIZE / 2, fd, &address)));
    say("address known: %s", address ? "yes" : "no");
    mapped = map_file(fd, SIZE / 2, PROT_READ | PROT_WRITE);
    if (mapped != MAP_FAILED) {
        exchange(t, memory, offset, mapped);
        munmap(mapped, SIZE / 2);
    }
    say("unmap: %s", status(rm_unmap(t->ctl, t->client, memory, address)));
    say("unmap again: %s", status(rm_unmap(t->ctl, t->client, memory, address)));
    close(fd);
}

static void refusals(const Tree *t)
{
    int gpu = node("nvidia0"), ctl = node("nvidiactl"), other = node("nvidia1");
    NvU64 address = 0;

    say("mmap without context: %s",
        mmap(NULL, SIZE, PROT_READ, MAP_SHARED, gpu, 0) == MAP_FAILED ? status(-errno) : "mapped");
    say("video memory on nvidiactl: %s",
        status(rm_map(t->ctl, t->client, H_VIDEO, 0, SIZE, ctl, &address)));
    say("video memory on the other gpu: %s",
        status(rm_map(t->ctl, t->client, H_VIDEO, 0, SIZE, other, &address)));
    say("system memory on a gpu: %s",
        status(rm_map(t->ctl, t->client, H_SYSTEM, 0, SIZE, gpu, &address)));
    say("beyond the end: %s",
        status(rm_map(t->ctl, t->client, H_VIDEO, VIDEO_PAGE, SIZE, gpu, &address)));
    say("no memory: %s", status(rm_map(t->ctl, t->client, H_LAST, 0, SIZE, gpu, &address)));
    say("map: %s", status(rm_map(t->ctl, t->client, H_VIDEO, 0, SIZE, gpu, &address)));
    say("second context: %s", status(rm_map(t->ctl, t->client, H_VIDEO, 0, SIZE, gpu, &address)));
    say("too short: %s", mmap(NULL, SIZE / 2, PROT_READ, MAP_SHARED, gpu, 0) == MAP_FAILED
                             ? status(-errno)
                             : "mapped");
    say("offset: %s", mmap(NULL, SIZE, PROT_READ, MAP_SHARED, gpu, 4096) == MAP_FAILED
                          ? status(-errno)
                          : "mapped");
    close(other);
    close(ctl);
    close(gpu);
}

/* System memory can be mapped to its end, a GPU's only as far as the context allows. */
static void longer_than_the_context(const Tree *t)
{
    static const struct {
        const char *name;
        NvHandle memory;
        const char *device;
    } all[] = {{"system", H_SYSTEM, "nvidiactl"}, {"video", H_VIDEO, "nvidia0"}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int fd = node(all[i].device);
        void *mapped;
        say("%s: %s", all[i].name,
            status(rm_map(t->ctl, t->client, all[i].memory, SIZE / 2, SIZE / 4, fd, NULL)));
        mapped = map_file(fd, SIZE / 4, PROT_READ);
        munmap(mapped, SIZE / 4);
        mapped = map_file(fd, SIZE / 2, PROT_READ | PROT_WRITE);
        if (mapped != MAP_FAILED) {
            exchange(t, all[i].memory, SIZE / 2, mapped);
            munmap(mapped, SIZE / 2);
        }
        (void)map_file(fd, SIZE / 2 + 1, PROT_READ);
        close(fd);
    }
}

/* The older way, which creates the context in the same call. */
static void alloc_memory(const Tree *t)
{
    int ctl = node("nvidiactl");
    nv_ioctl_nvos02_parameters_with_fd args = {.params = {.hRoot = t->client,
                                                          .hObjectParent = H_DEVICE,
                                                          .hObjectNew = H_OTHER,
                                                          .hClass = NV01_MEMORY_SYSTEM,
                                                          .limit = SIZE / 2 - 1},
                                               .fd = ctl};
    void *mapped;

    say("alloc: %s", status(ioctl_status(t->gpu, NV_ESC_RM_ALLOC_MEMORY, &args, sizeof args,
                                         offsetof(NVOS02_PARAMETERS, status))));
    say("fd kept: %s", args.fd == ctl ? "yes" : "no");
    mapped = map_file(ctl, SIZE / 2, PROT_READ | PROT_WRITE);
    if (mapped != MAP_FAILED) {
        exchange(t, H_OTHER, 0, mapped);
        munmap(mapped, SIZE / 2);
    }
    say("on nvidiactl: %s", status(ioctl_status(t->ctl, NV_ESC_RM_ALLOC_MEMORY, &args, sizeof args,
                                                offsetof(NVOS02_PARAMETERS, status))));
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
    close(ctl);
}

static void video_heap(const Tree *t)
{
    NVOS32_PARAMETERS args = {
        .hRoot = t->client, .hObjectParent = H_DEVICE, .function = NVOS32_FUNCTION_ALLOC_SIZE};

    args.data.AllocSize.hMemory = H_OTHER;
    args.data.AllocSize.size = SIZE;
    say("alloc: %s", status(ioctl_status(t->ctl, NV_ESC_RM_VID_HEAP_CONTROL, &args, sizeof args,
                                         offsetof(NVOS32_PARAMETERS, status))));
    say("limit 0x%llx", (unsigned long long)args.data.AllocSize.limit);
    map_and_exchange(t, H_OTHER, "nvidia0", 0);
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
}

/* A mapping shows its memory as long as the mapping exists, even if object and file are gone. */
static void outlive(const Tree *t)
{
    int fd = node("nvidiactl");
    volatile NvU32 *mapped;

    memory_new(t, H_OTHER, NV01_MEMORY_SYSTEM, SIZE);
    say("map: %s", status(rm_map(t->ctl, t->client, H_OTHER, 0, SIZE, fd, NULL)));
    mapped = map_file(fd, SIZE, PROT_READ | PROT_WRITE);
    if (mapped == MAP_FAILED) {
        close(fd);
        return;
    }
    mapped[1] = 77;
    close(fd);
    say("after close: %u", mapped[1]);
    say("free: %s", status(rm_free(t->ctl, t->client, H_OTHER)));
    say("after free: %u", mapped[1]);
    munmap((void *)mapped, SIZE);
}

int main(void)
{
    Tree t = tree();

    section("allocate");
    say("system: %s", status(memory_new(&t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE)));
    say("video: %s", status(memory_new(&t, H_VIDEO, NV01_MEMORY_LOCAL_USER, SIZE)));
    say("same handle: %s", status(memory_new(&t, H_VIDEO, NV01_MEMORY_LOCAL_USER, SIZE)));
    say("too much: %s", status(memory_new(&t, H_OTHER, NV01_MEMORY_LOCAL_USER, 1ULL << 40)));
    say("none: %s", status(memory_new(&t, H_OTHER, NV01_MEMORY_LOCAL_USER, 0)));
    section("map-system");
    map_and_exchange(&t, H_SYSTEM, "nvidiactl", 0);
    section("map-video");
    map_and_exchange(&t, H_VIDEO, "nvidia0", 0);
    section("map-part");
    map_and_exchange(&t, H_VIDEO, "nvidia0", SIZE / 2);
    section("refusals");
    refusals(&t);
    section("longer-than-the-context");
    longer_than_the_context(&t);
    section("alloc-memory");
    alloc_memory(&t);
    section("video-heap");
    video_heap(&t);
    section("outlive");
    outlive(&t);
    tree_close(&t);
    return 0;
}
