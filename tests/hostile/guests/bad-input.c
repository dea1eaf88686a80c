/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that passes arguments that no library would. It prints a line for each call, "what: errno [status]", which the case
 * that runs it compares. The case reads in nvcuse's table of calls what reached the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"

#define COMMAND(nr, size) (0xc0004600UL | (unsigned long)(size) << 16 | (nr))

#define PAGE 4096UL

static int ctl;
static int uvm;

static void report(const char *what, long result)
{
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "0");
}

/* @status is passed by address, because it is read after the call. */
static void report_status(const char *what, long result, const NvU32 *status)
{
    printf("%s: %s 0x%x\n", what, result < 0 ? strerrorname_np(errno) : "0", *status);
}

/* Memory that ends with a page, followed by a page that cannot be read. */
static void *at_page_end(size_t size)
{
    size_t room = (size / PAGE + 1) * PAGE;
    char *pages =
        mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED || mprotect(pages + room, PAGE, PROT_NONE) < 0) {
        exit(EXIT_FAILURE);
    }
    return pages + room - size;
}

static void unknown_numbers(void)
{
    char buffer[64] = {0};

    report("unknown frontend ioctl", ioctl(ctl, COMMAND(0x00, 16), buffer));
    report("version query of 12 bytes", ioctl(ctl, COMMAND(0xd1, 12), buffer));
    report("transfer command", ioctl(ctl, COMMAND(0xd3, 16), buffer));
    report("unknown UVM ioctl", ioctl(uvm, 0x12345UL, buffer));
    report("UVM write to process memory",
           ioctl(uvm, (unsigned long)UVM_TOOLS_WRITE_PROCESS_MEMORY, buffer));
    report("frontend ioctl on UVM", ioctl(uvm, COMMAND(NV_ESC_SYS_PARAMS, 8), buffer));
    report("UVM ioctl on nvidiactl", ioctl(ctl, (unsigned long)UVM_INITIALIZE, buffer));
    report("a terminal's ioctl", ioctl(ctl, TIOCGWINSZ, buffer));
}

static void wrong_sizes(void)
{
    static char buffer[16384]; /* as long as an ioctl word can tell */

    report("system parameters, a byte short", ioctl(ctl, COMMAND(NV_ESC_SYS_PARAMS, 7), buffer));
    report("system parameters, a byte long", ioctl(ctl, COMMAND(NV_ESC_SYS_PARAMS, 9), buffer));
    report("control of no size", ioctl(ctl, COMMAND(NV_ESC_RM_CONTROL, 0), buffer));
    report("alloc of 40 bytes", ioctl(ctl, COMMAND(NV_ESC_RM_ALLOC, 40), buffer));
    report("free of 16383 bytes", ioctl(ctl, COMMAND(NV_ESC_RM_FREE, 16383), buffer));
}

static void bad_pointers(void)
{
    unsigned long command = COMMAND(NV_ESC_SYS_PARAMS, 8);
    char *end = (char *)at_page_end(0);
    nv_ioctl_rm_api_version_t *read_only =
        at_page_end(PAGE); /* the whole page, which is made read-only */

    report("null", ioctl(ctl, command, NULL));
    report("unmapped", ioctl(ctl, command, (void *)0x1000));
    report("kernel address", ioctl(ctl, command, (void *)0xffffffff81000000UL));
    report("non-canonical address", ioctl(ctl, command, (void *)0x8000000000000000UL));
    report("half a struct before unreadable memory", ioctl(ctl, command, end - 4));
    read_only->cmd = NV_RM_API_VERSION_CMD_QUERY;
    mprotect(read_only, PAGE, PROT_READ);
    report("version query into read-only memory",
           ioctl(ctl, COMMAND(NV_ESC_CHECK_VERSION_STR, 72), read_only));
}

static void page_end(void)
{
    nv_ioctl_rm_api_version_t *version = at_page_end(sizeof *version);

    memset(version, 0, sizeof *version);
    version->cmd = NV_RM_API_VERSION_CMD_QUERY;
    report("a struct at the end of a page",
           ioctl(ctl, COMMAND(NV_ESC_CHECK_VERSION_STR, sizeof *version), version));
    printf("and its answer: %s\n", version->reply == 1 ? version->versionString : "none");
}

/* The driver ignores both bits; CUSE copies according to them. */
static void odd_directions(void)
{
    static const struct {
        const char *name;
        unsigned direction;
    } odd[] = {{"none", _IOC_NONE}, {"in", _IOC_WRITE}, {"out", _IOC_READ}};

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        nv_ioctl_rm_api_version_t version = {.cmd = NV_RM_API_VERSION_CMD_QUERY};
        const unsigned long command =
            _IOC(odd[i].direction, NV_IOCTL_MAGIC, NV_ESC_CHECK_VERSION_STR, sizeof version);
        printf("version query, direction ");
        report(odd[i].name, ioctl(ctl, command, &version));
        printf("and its answer: %s\n", version.reply == 1 ? version.versionString : "none");
    }
}

static void controls(void)
{
    char params[64] = {0};
    NVOS54_PARAMETERS p = {
        .hClient = 1, .cmd = 0x03f60fff, .params = (uintptr_t)params, .paramsSize = 8};
    unsigned long command = COMMAND(NV_ESC_RM_CONTROL, sizeof p);

    report_status("unknown control command", ioctl(ctl, command, &p), &p.status);
    p = (NVOS54_PARAMETERS){.cmd = 0x214, .paramsSize = 128};
    report("control, null parameters", ioctl(ctl, command, &p));
    p = (NVOS54_PARAMETERS){.cmd = 0x214, .params = (uintptr_t)params};
    report("control, parameters of no size", ioctl(ctl, command, &p));
    p = (NVOS54_PARAMETERS){.cmd = 0x214, .params = 0x1000, .paramsSize = 128};
    report("control, unmapped parameters", ioctl(ctl, command, &p));
    p = (NVOS54_PARAMETERS){.cmd = 0x214, .params = (uintptr_t)params, .paramsSize = UINT32_MAX};
    report("control, 4 GiB of parameters", ioctl(ctl, command, &p));
}

/* The kernel copies 128 KiB each way, including the outer struct; the driver accepts 1 MiB. */
static void large_control(void)
{
    const size_t carried = 32 * PAGE - sizeof(NVOS54_PARAMETERS);
    const size_t most = 256 * PAGE;
    char *params = at_page_end(most + 1);
    NVOS54_PARAMETERS p = {.cmd = 0x214, .params = (uintptr_t)params, .paramsSize = (NvU32)carried};
    unsigned long command = COMMAND(NV_ESC_RM_CONTROL, sizeof p);

    report("control, as much as CUSE carries", ioctl(ctl, command, &p));
    p.paramsSize++;
    report("control, a byte more", ioctl(ctl, command, &p));
    p.paramsSize = (NvU32)most;
    report("control, as much as the driver takes", ioctl(ctl, command, &p));
    p.params++;
    p.paramsSize++;
    report("control, a byte more than that", ioctl(ctl, command, &p));
    p.paramsSize--;
    p.params++;
    if (munmap(params + most + 1, PAGE) < 0) {
        exit(EXIT_FAILURE);
    }
    report("control, as much, its last byte unmapped", ioctl(ctl, command, &p));
}

static void allocs(void)
{
    NVOS21_PARAMETERS p = {.hRoot = 0xdeadbeef, .hClass = NV01_DEVICE_0, .hObjectNew = 5};
    unsigned long command = COMMAND(NV_ESC_RM_ALLOC, sizeof p);

    report_status("alloc under a foreign client", ioctl(ctl, command, &p), &p.status);
    p = (NVOS21_PARAMETERS){.hClass = 0xabcdef};
    report_status("alloc of an unknown class", ioctl(ctl, command, &p), &p.status);
    p = (NVOS21_PARAMETERS){.hClass = NV01_EVENT};
    report("alloc of an event without parameters", ioctl(ctl, command, &p));
}

static void descriptors(void)
{
    const struct {
        const char *what;
        int fd;
    } wrong[] = {{"closed", 77},
                 {"negative", -1},
                 {"a regular file", open("/etc/passwd", O_RDONLY)},
                 {"the wrong device", uvm}};
    unsigned long command = COMMAND(NV_ESC_REGISTER_FD, sizeof(int));

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        nv_ioctl_register_fd_t p = {.ctl_fd = wrong[i].fd};
        printf("register a descriptor, ");
        report(wrong[i].what, ioctl(ctl, command, &p));
    }
    UVM_MM_INITIALIZE_PARAMS mm = {.uvmFd = ctl};
    report_status("UVM memory of a wrong file", ioctl(uvm, (unsigned long)UVM_MM_INITIALIZE, &mm),
                  &mm.rmStatus);
}

static void other_calls(void)
{
    char byte = 0;

    report("read", read(ctl, &byte, 1));
    report("write", write(ctl, &byte, 1));
    report("mmap", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ctl, 0) == MAP_FAILED ? -1 : 0);
}

/* The 32-bit ioctl, number 54, through the gate that 64-bit programs can use too. */
static void compat(void)
{
    void *low =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    long result = 54;

    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"(ctl), "c"((unsigned)COMMAND(NV_ESC_SYS_PARAMS, 8)),
                       "d"((unsigned)(uintptr_t)low)
                     : "memory", "r8", "r9", "r10", "r11");
    errno = (int)-result;
    report("a 32-bit ioctl", result < 0 ? -1 : 0);
}

int main(void)
{
    ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    uvm = open("/dev/nvidia-uvm", O_RDWR | O_CLOEXEC);
    if (ctl < 0 || uvm < 0) {
        perror("cannot open the devices");
        return EXIT_FAILURE;
    }
    unknown_numbers();
    wrong_sizes();
    bad_pointers();
    controls();
    large_control();
    allocs();
    descriptors();
    other_calls();
    compat();
    page_end();
    odd_directions();
    return EXIT_SUCCESS;
}
