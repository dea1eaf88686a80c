/* SPDX-License-Identifier: Apache-2.0 */
/* Report how the filters answer every system call of each ABI, and arguments by which profiles distinguish calls. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <seccomp.h>

#include "tests/hostile/tightness/fact.h"
#include "tests/hostile/tightness/probe.h"

enum {
    NUMBERS = 600, /* more than any ABI has: x32's own are up to 547 */
    BITS = 32,
    ARGUMENTS = 4, /* arguments that profiles compare */
};

static const struct {
    const char *name;
    uint32_t arch;
    long bit;
} abis[PROBE_ABIS] = {
    [PROBE_X86_64] = {"x86-64", SCMP_ARCH_X86_64, 0},
    [PROBE_X32] = {"x32", SCMP_ARCH_X32, 0x40000000},
    [PROBE_I386] = {"i386", SCMP_ARCH_X86, 0},
};

static Probe *probes_new(size_t n)
{
    Probe *probes =
        mmap(NULL, n * sizeof *probes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (probes == MAP_FAILED) {
        fact("system call", "no memory for the probes");
        exit(EXIT_FAILURE);
    }
    return probes;
}

static const char *verdict_of(const Probe *probe)
{
    switch (probe->verdict) {
    case PROBE_ALLOWED:
        return "allowed";
    case PROBE_ERROR:
        errno = (int)probe->error;
        return probe->error ? outcome(-1) : "answered";
    case PROBE_TRAPPED:
        return "trapped";
    case PROBE_KILLED:
        return "killed";
    case PROBE_NO_ANSWER:
        return "no answer";
    default:
        return "not probed";
    }
}

static void run(Probe *probes, size_t n)
{
    (void)fflush(stdout);
    if (!probes_run(probes, n)) {
        fact("system call", "the verdicts cannot be had: %s", outcome(-1));
    }
}

/* The name of a number, or the number itself. The caller frees it. */
static char *name_of(ProbeAbi abi, long number)
{
    char *name = seccomp_syscall_resolve_num_arch(abis[abi].arch, (int)(number | abis[abi].bit));
    char *copy = name ? g_strdup(name) : g_strdup("without a name");

    free(name);
    return copy;
}

/* Probe each number twice: with arguments all zero, and all ones. */
static void report_numbers(ProbeAbi abi)
{
    const size_t n = (size_t)NUMBERS * 2;
    Probe *probes = probes_new(n);

    for (size_t i = 0; i < n; i++) {
        probes[i].abi = abi;
        probes[i].number = (long)i / 2;
        if (i % 2) {
            memset(probes[i].arguments, 0xff, sizeof probes[i].arguments);
        }
    }
    run(probes, n);
    for (size_t i = 0; i < n; i += 2) {
        g_autofree char *name = name_of(abi, probes[i].number);
        fact("system call", "%s %ld %s: %s, %s", abis[abi].name, probes[i].number, name,
             verdict_of(&probes[i]), verdict_of(&probes[i + 1]));
    }
    munmap(probes, n * sizeof *probes);
}

/* Calls whose arguments profiles or nvcuse compare; the first of them in every ABI. */
static const char *const looked_into[] = {
    "open",
    "openat",
    "openat2",
    "ioctl",
    "mmap",
    "mmap2",
    "creat",
    "pidfd_open",
    "pidfd_getfd",
    "mprotect",
    "clone",
    "unshare",
    "personality",
    "socket",
    "socketpair",
    "prctl",
    "seccomp",
    "ptrace",
    "keyctl",
    "bpf",
    "mount",
    "setns",
    "fcntl",
    "name_to_handle_at",
    "open_by_handle_at",
    "process_vm_readv",
    "mremap",
    "remap_file_pages",
    "arch_prctl",
    "kcmp",
};
enum { LOOKED_INTO_EVERYWHERE = 9 };

/* unshare() refuses this bit together with any other, so a call that the broker lets continue has no effect. */
static long invalid_bit(ProbeAbi abi, long number)
{
    return abi == PROBE_X86_64 && number == SYS_unshare ? 1 : 0;
}

/* Probe the bits of one argument one by one; the first argument is not a descriptor. */
static void fill_bits(Probe *probes, ProbeAbi abi, long number, unsigned argument)
{
    for (unsigned bit = 0; bit < BITS; bit++) {
        probes[bit].abi = abi;
        probes[bit].number = number;
        probes[bit].arguments[0] = -1;
        probes[bit].arguments[argument] = 1L << bit;
        probes[bit].arguments[0] |= invalid_bit(abi, number);
    }
}

static void report_bits(const Probe *probes, ProbeAbi abi, const char *name, unsigned argument)
{
    g_autofree char *subject =
        g_strdup_printf("system call %s %s, argument %u", abis[abi].name, name, argument);

    for (unsigned bit = 0; bit < BITS; bit++) {
        fact(subject, "bit %u: %s", bit, verdict_of(&probes[bit]));
    }
}

static void report_arguments_of(ProbeAbi abi, const char *name)
{
    const size_t n = (size_t)ARGUMENTS * BITS;
    int number = seccomp_syscall_resolve_name_arch(abis[abi].arch, name);
    Probe *probes;

    if (number < 0) {
        return; /* this ABI has no such call */
    }
    probes = probes_new(n);
    for (unsigned i = 0; i < ARGUMENTS; i++) {
        fill_bits(&probes[(size_t)i * BITS], abi, number & ~abis[abi].bit, i);
    }
    run(probes, n);
    for (unsigned i = 0; i < ARGUMENTS; i++) {
        report_bits(&probes[(size_t)i * BITS], abi, name, i);
    }
    munmap(probes, n * sizeof *probes);
}

static void report_arguments(void)
{
    for (ProbeAbi abi = 0; abi < PROBE_ABIS; abi++) {
        size_t n = abi == PROBE_X86_64 ? G_N_ELEMENTS(looked_into) : LOOKED_INTO_EVERYWHERE;
        for (size_t i = 0; i < n; i++) {
            report_arguments_of(abi, looked_into[i]);
        }
    }
}

/* ioctl words, kinds of sockets and personalities for which profiles have rules. */
static void report_values(void)
{
    static const struct {
        long number;
        unsigned argument;
        long value;
    } values[] = {
        {SYS_ioctl, 1, 0x5412},     /* TIOCSTI */
        {SYS_ioctl, 1, 0x541c},     /* TIOCLINUX */
        {SYS_ioctl, 1, 0x5401},     /* TCGETS */
        {SYS_ioctl, 1, 0xc020462b}, /* NV_ESC_RM_ALLOC */
        {SYS_ioctl, 1, 0xc0384627}, /* NV_ESC_RM_ALLOC_MEMORY */
        {SYS_ioctl, 1, 0x30000001}, /* UVM_INITIALIZE */
        {SYS_ioctl, 1, 0x25},       /* UVM_PAGEABLE_MEM_ACCESS ... */
        {SYS_ioctl, 1, 0x4600},     /* FBIOGET_VSCREENINFO */
        {SYS_personality, 0, 0},
        {SYS_personality, 0, 8},
        {SYS_personality, 0, 0x20000},
        {SYS_personality, 0, 0x20008},
        {SYS_personality, 0, 0xffffffff},
        {SYS_socket, 0, 16},
        {SYS_socket, 0, 38},
        {SYS_socket, 0, 40},
        {SYS_mmap, 3, 0x1},  /* MAP_SHARED */
        {SYS_mmap, 3, 0x21}, /* of no file */
        {SYS_mmap, 3, 0x3},  /* MAP_SHARED_VALIDATE */
        {SYS_clone, 0, 0x7e020000},
    };
    const size_t n = G_N_ELEMENTS(values);
    Probe *probes = probes_new(n);

    for (size_t i = 0; i < n; i++) {
        probes[i].number = values[i].number;
        probes[i].arguments[0] = -1;
        probes[i].arguments[values[i].argument] = values[i].value;
    }
    run(probes, n);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = name_of(PROBE_X86_64, values[i].number);
        fact("system call", "%s, argument %u is 0x%lx: %s", name, values[i].argument,
             values[i].value, verdict_of(&probes[i]));
    }
    munmap(probes, n * sizeof *probes);
}

void report_syscalls(void)
{
    for (ProbeAbi abi = 0; abi < PROBE_ABIS; abi++) {
        report_numbers(abi);
    }
    report_arguments();
    report_values();
}
