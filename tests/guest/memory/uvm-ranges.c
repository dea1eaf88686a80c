/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/nvidia-uvm: address spaces, managed memory, external ranges, semaphore pools. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define SIZE (64UL * 4096)

/* Far from the addresses that the kernel chooses for mappings. */
#define MANAGED    ((void *)0x200000000000)
#define EXTERNAL   0x210000000000
#define SEMAPHORES ((void *)0x220000000000)

static int64_t call(int uvm, NvU32 number, const char *a, NvU64 a_value, const char *b,
                    NvU64 b_value)
{
    Params params = uvm_params(number);
    int64_t result;

    if (a) {
        params_put(&params, a, 0, a_value);
    }
    if (b) {
        params_put(&params, b, 0, b_value);
    }
    result = uvm_call(uvm, number, &params);
    params_free(&params);
    return result;
}

/* Newer versions do without the length. */
static int64_t free_range(int uvm, NvU64 base)
{
    Params params = uvm_params(UVM_FREE);
    const bool with_length = params_has(&params, "length");

    params_free(&params);
    return call(uvm, UVM_FREE, "base", base, with_length ? "length" : NULL, SIZE);
}

static int64_t initialize(int uvm, NvU64 flags)
{
    UVM_INITIALIZE_PARAMS params = {.flags = flags};

    if (ioctl(uvm, UVM_INITIALIZE, &params) != 0) {
        return -errno;
    }
    return params.flags == flags ? (int64_t)params.rmStatus : -EBADMSG;
}

/* The UUID of GPU 0, as bytes. */
static void gpu_uuid(const Tree *t, void *uuid)
{
    NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS params = {.gpuId = 0x100, .flags = 0x2};

    rm_control(t->ctl, t->client, t->client, NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID, &params,
               sizeof params);
    memcpy(uuid, params.gpuUuid, 16);
}

static int64_t gpu_call(const Tree *t, int uvm, NvU32 number, const char *uuid, bool with_space,
                        int ctl)
{
    Params params = uvm_params(number);
    int64_t result;

    gpu_uuid(t, params_at(&params, uuid));
    if (ctl >= 0) {
        params_put(&params, "rmCtrlFd", 0, (NvU32)ctl);
        params_put(&params, "hClient", 0, t->client);
    }
    if (with_space) {
        params_put(&params, "hVaSpace", 0, H_VASPACE);
    }
    result = uvm_call(uvm, number, &params);
    if (result == 0 && ctl >= 0 && (int)params_get(&params, "rmCtrlFd", 0) != ctl) {
        result = -EBADMSG;
    }
    params_free(&params);
    return result;
}

static void pageable(int uvm)
{
    UVM_PAGEABLE_MEM_ACCESS_PARAMS params = {0};

    say("pageable: %s", ioctl(uvm, UVM_PAGEABLE_MEM_ACCESS, &params) == 0 ? status(params.rmStatus)
                                                                          : status(-errno));
    say("  %u", params.pageableMemAccess);
}

static void initializing(int uvm, int second)
{
    say("before: %s", status(call(uvm, UVM_CREATE_RANGE_GROUP, NULL, 0, NULL, 0)));
    say("mmap before: %s",
        mmap(MANAGED, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, uvm,
             (off_t)(uintptr_t)MANAGED) == MAP_FAILED
            ? status(-errno)
            : "mapped");
    say("unknown flags: %s", status(initialize(uvm, 0x100)));
    say("initialize: %s", status(initialize(uvm, 0)));
    say("again: %s", status(initialize(uvm, 0)));
    say("second file, of no uvm file: %s",
        status(call(second, UVM_MM_INITIALIZE, "uvmFd", 0, NULL, 0)));
}

static void register_gpu(const Tree *t, int uvm)
{
    Params space = class_params(FERMI_VASPACE_A);

    say("space: %s",
        status(rm_alloc(t->ctl, t->client, H_DEVICE, H_VASPACE, FERMI_VASPACE_A, space.data)));
    say("register gpu: %s", status(gpu_call(t, uvm, UVM_REGISTER_GPU, "gpu_uuid", false, t->ctl)));
    say("register no gpu: %s", status(call(uvm, UVM_REGISTER_GPU, "rmCtrlFd", (NvU32)-1, NULL, 0)));
    say("register space: %s",
        status(gpu_call(t, uvm, UVM_REGISTER_GPU_VASPACE, "gpuUuid", true, t->ctl)));
    params_free(&space);
}

static void managed(int uvm)
{
    volatile NvU32 *memory = mmap(MANAGED, SIZE, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_FIXED_NOREPLACE, uvm, (off_t)(uintptr_t)MANAGED);
    pid_t child;
    int how = 0;

    if (memory == MAP_FAILED) {
        say("mmap: %s", status(-errno));
        return;
    }
    say("first word %u", memory[0]);
    memory[0] = 42;
    memory[SIZE / 4 - 1] = 43;
    say("words %u %u %u", memory[0], memory[SIZE / 4 - 1], memory[SIZE / 8]);
    say("preferred: %s", status(call(uvm, UVM_SET_PREFERRED_LOCATION, "requestedBase",
                                     (uintptr_t)memory, "length", SIZE)));
    say("read duplication: %s", status(call(uvm, UVM_ENABLE_READ_DUPLICATION, "requestedBase",
                                            (uintptr_t)memory, "length", SIZE)));
    say("migrate: %s", status(call(uvm, UVM_MIGRATE, "base", (uintptr_t)memory, "length", SIZE)));
    say("beyond: %s",
        status(call(uvm, UVM_MIGRATE, "base", (uintptr_t)memory, "length", 2 * SIZE)));
    say("external in it: %s",
        status(call(uvm, UVM_CREATE_EXTERNAL_RANGE, "base", (uintptr_t)memory, "length", 4096)));
    child = fork();
    if (child == 0) {
        _exit((int)memory[0]); /* the child does not have the mapping */
    }
    waitpid(child, &how, 0);
    say("child: %s", WIFSIGNALED(how) && WTERMSIG(how) == SIGSEGV ? "no mapping" : "mapping");
    say("still %u", memory[0]);
    say("unmap: %s", munmap((void *)memory, SIZE) == 0 ? "0" : status(-errno));
    say("gone: %s", status(call(uvm, UVM_MIGRATE, "base", (uintptr_t)memory, "length", SIZE)));
}

static const char *try_mmap(int uvm, void *address, int protection, int flags, off_t offset)
{
    void *mapped = mmap(address, SIZE, protection, flags, uvm, offset);

    if (mapped == MAP_FAILED) {
        return status(-errno);
    }
    munmap(mapped, SIZE);
    return "mapped";
}

static void mmap_refusals(int uvm)
{
    const int both = PROT_READ | PROT_WRITE, fixed = MAP_SHARED | MAP_FIXED_NOREPLACE;
    off_t same = (off_t)(uintptr_t)MANAGED;

    say("other offset: %s", try_mmap(uvm, MANAGED, both, fixed, same + 4096));
    say("read only: %s", try_mmap(uvm, MANAGED, PROT_READ, fixed, same));
    say("private: %s", try_mmap(uvm, MANAGED, both, MAP_PRIVATE | MAP_FIXED_NOREPLACE, same));
    say("good: %s", try_mmap(uvm, MANAGED, both, fixed, same));
}

static void external(const Tree *t, int uvm)
{
    Params map = uvm_params(UVM_MAP_EXTERNAL_ALLOCATION);
    Params unmap = uvm_params(UVM_UNMAP_EXTERNAL);

    memory_new(t, H_VIDEO, NV01_MEMORY_LOCAL_USER, SIZE);
    say("create: %s",
        status(call(uvm, UVM_CREATE_EXTERNAL_RANGE, "base", EXTERNAL, "length", SIZE)));
    say("again: %s",
        status(call(uvm, UVM_CREATE_EXTERNAL_RANGE, "base", EXTERNAL, "length", SIZE)));
    params_put(&map, "base", 0, EXTERNAL);
    params_put(&map, "length", 0, SIZE);
    params_put(&map, "gpuAttributesCount", 0, 1);
    gpu_uuid(t, params_at(&map, "perGpuAttributes"));
    params_put(&map, "rmCtrlFd", 0, (NvU32)t->ctl);
    params_put(&map, "hClient", 0, t->client);
    params_put(&map, "hMemory", 0, H_VIDEO);
    say("map: %s", status(uvm_call(uvm, UVM_MAP_EXTERNAL_ALLOCATION, &map)));
    params_put(&map, "hMemory", 0, H_LAST);
    say("map no memory: %s", status(uvm_call(uvm, UVM_MAP_EXTERNAL_ALLOCATION, &map)));
    gpu_uuid(t, params_at(&unmap, "gpuUuid"));
    params_put(&unmap, "base", 0, EXTERNAL);
    params_put(&unmap, "length", 0, SIZE);
    say("unmap: %s", status(uvm_call(uvm, UVM_UNMAP_EXTERNAL, &unmap)));
    say("free: %s", status(free_range(uvm, EXTERNAL)));
    say("free again: %s", status(free_range(uvm, EXTERNAL)));
    params_free(&map);
    params_free(&unmap);
}

static void semaphores(int uvm)
{
    volatile NvU32 *mapped;

    say("allocate: %s",
        status(call(uvm, UVM_ALLOC_SEMAPHORE_POOL, "base", (uintptr_t)SEMAPHORES, "length", SIZE)));
    mapped = mmap(SEMAPHORES, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, uvm,
                  (off_t)(uintptr_t)SEMAPHORES);
    if (mapped != MAP_FAILED) {
        mapped[3] = 5;
        say("mapped, %u", mapped[3]);
        munmap((void *)mapped, SIZE);
    } else {
        say("mmap: %s", status(-errno));
    }
    say("free: %s", status(free_range(uvm, (uintptr_t)SEMAPHORES)));
}

static void groups(int uvm)
{
    Params params = uvm_params(UVM_CREATE_RANGE_GROUP);
    NvU64 group;

    say("create: %s", status(uvm_call(uvm, UVM_CREATE_RANGE_GROUP, &params)));
    group = params_get(&params, "rangeGroupId", 0);
    say("migrate: %s", status(call(uvm, UVM_MIGRATE_RANGE_GROUP, "rangeGroupId", group, NULL, 0)));
    say("destroy: %s", status(call(uvm, UVM_DESTROY_RANGE_GROUP, "rangeGroupId", group, NULL, 0)));
    say("again: %s", status(call(uvm, UVM_DESTROY_RANGE_GROUP, "rangeGroupId", group, NULL, 0)));
    params_free(&params);
}

static void other_process(int uvm)
{
    pid_t child = fork();

    if (child == 0) {
        say("mmap: %s", try_mmap(uvm, MANAGED, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_FIXED_NOREPLACE, (off_t)(uintptr_t)MANAGED));
        exit(0);
    }
    waitpid(child, NULL, 0);
}

/* A process may have another's file, and know its client's handles: still it may not use the client. */
static void other_client(const Tree *t, int uvm)
{
    pid_t child = fork();

    if (child == 0) {
        say("register gpu: %s",
            status(gpu_call(t, uvm, UVM_REGISTER_GPU, "gpu_uuid", false, t->ctl)));
        say("register space: %s",
            status(gpu_call(t, uvm, UVM_REGISTER_GPU_VASPACE, "gpuUuid", true, t->ctl)));
        exit(0);
    }
    waitpid(child, NULL, 0);
}

int main(void)
{
    Tree t = tree();
    int uvm = node("nvidia-uvm"), second = node("nvidia-uvm"), shared = node("nvidia-uvm");

    section("initialize");
    initializing(uvm, second);
    section("pageable");
    pageable(uvm);
    section("space-without-mm");
    register_gpu(&t, uvm);
    section("mm-initialize");
    say("second file: %s", status(call(second, UVM_MM_INITIALIZE, "uvmFd", (NvU32)uvm, NULL, 0)));
    section("register");
    say("space: %s", status(gpu_call(&t, uvm, UVM_REGISTER_GPU_VASPACE, "gpuUuid", true, t.ctl)));
    say("space on a gpu's file: %s",
        status(gpu_call(&t, uvm, UVM_REGISTER_GPU_VASPACE, "gpuUuid", true, t.gpu)));
    section("managed");
    managed(uvm);
    section("mmap-refusals");
    mmap_refusals(uvm);
    section("external");
    external(&t, uvm);
    section("unregister-space");
    say("unregister space: %s",
        status(gpu_call(&t, uvm, UVM_UNREGISTER_GPU_VASPACE, "gpuUuid", false, -1)));
    say("again: %s", status(gpu_call(&t, uvm, UVM_UNREGISTER_GPU_VASPACE, "gpuUuid", false, -1)));
    section("semaphores");
    semaphores(uvm);
    section("groups");
    groups(uvm);
    section("other-process");
    other_process(uvm);
    section("multi-process");
    say("initialize: %s", status(initialize(shared, UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE)));
    pageable(shared);
    other_process(shared);
    section("other-process-client");
    other_client(&t, shared);
    section("unregister");
    say("gpu: %s", status(gpu_call(&t, uvm, UVM_UNREGISTER_GPU, "gpu_uuid", false, -1)));
    say("again: %s", status(gpu_call(&t, uvm, UVM_UNREGISTER_GPU, "gpu_uuid", false, -1)));
    close(shared);
    close(second);
    close(uvm);
    tree_close(&t);
    return 0;
}
