/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/syscall-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include <gio/gio.h>
#include <seccomp.h>

/*
 * What the C library and GLib do in the broker by themselves, and mostly in rare cases; the worker
 * settles most of it beforehand (worker/worker.c).
 *
 * Memory:
 * #syscalls:broker brk mmap munmap mremap mprotect madvise sched_getaffinity
 * Threads, and what they wait for:
 * #syscalls:broker clone clone3 set_robust_list rseq rt_sigprocmask gettid prctl exit
 * #syscalls:broker futex ppoll restart_syscall
 * Words in the user's language and character set, and the time zone:
 * #syscalls:broker openat newfstatat fstat access read lseek close getdents64 getcwd readlink
 * A warning, to a terminal or a journal, with its time; a machine whose clock takes a system call:
 * #syscalls:broker ioctl getpeername socket setsockopt sendmsg write writev
 * #syscalls:broker clock_gettime gettimeofday time getrandom
 * The end, an assertion that fails included:
 * #syscalls:broker rt_sigaction getpid tgkill exit_group
 */

/* A sanitizer makes calls of its own. In builds with one, a call that is not declared is only logged. */
#ifdef __SANITIZE_ADDRESS__
#define UNDECLARED_ACTION SCMP_ACT_LOG
#else
#define UNDECLARED_ACTION SCMP_ACT_KILL_PROCESS
#endif

typedef struct {
    SyscallProcess process;
    const char *name;
    const char *file;
} Declaration;

static const Declaration declarations[] = {
#include "syscall-declarations.inc"
};

/* The flags with which glibc's pthread_create() calls clone(). */
#define THREAD_FLAGS                                                                    \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

enum { FORM_ARGUMENTS_MAX = 2, FORM_OWN_MAX = 2 };

/**
 * Form: one way in which a call may be made. (argument & mask) == value must hold for each of its arguments.
 * @processes: bits of the processes that it is for
 * @error: the errno with which the call fails; 0: the call is carried out
 * @own: this many arguments, from the first on, must be the pid of this process
 */
typedef struct {
    unsigned processes;
    const char *name;
    const char *text;
    int error;
    unsigned own;
    unsigned n;
    struct {
        unsigned argument;
        uint64_t mask;
        uint64_t value;
    } arguments[FORM_ARGUMENTS_MAX];
} Form;

#define WORKER (1U << SYSCALLS_WORKER)
#define BROKER (1U << SYSCALLS_BROKER)
#define BOTH   (WORKER | BROKER)

/* A request of ptrace(). */
#define PTRACE_FORM(request)                                                          \
    {                                                                                 \
        BROKER, "ptrace", #request, .n = 1, .arguments = { {0, UINT64_MAX, request} } \
    }

/* A declared call that has forms is allowed in these forms only. */
static const Form forms[] = {
    {WORKER, "mmap", "only private anonymous memory, not executable", .n = 2,
     .arguments = {{2, PROT_EXEC, 0}, {3, MAP_TYPE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS}}},
    /* The C library maps its tables. To convert unusual character sets it would load code; it works without that. */
    {BROKER, "mmap", "only not executable", .n = 1, .arguments = {{2, PROT_EXEC, 0}}},
    {BROKER, "mmap", "executable: always refused: EPERM", .error = EPERM, .n = 1,
     .arguments = {{2, PROT_EXEC, PROT_EXEC}}},
    {BOTH, "mprotect", "only not executable", .n = 1, .arguments = {{2, PROT_EXEC, 0}}},
    {BOTH, "madvise", "only to give memory back", .n = 1,
     .arguments = {{2, UINT64_MAX, MADV_DONTNEED}}},
    {BOTH, "madvise", "only for huge pages, which malloc can be told to take", .n = 1,
     .arguments = {{2, UINT64_MAX, MADV_HUGEPAGE}}},
    {BOTH, "clone", "only to make threads", .n = 1, .arguments = {{0, UINT64_MAX, THREAD_FLAGS}}},
    /* The arguments of clone3() are in memory, which a filter cannot read. On ENOSYS glibc uses clone() instead. */
    {BOTH, "clone3", "always refused: ENOSYS", .error = ENOSYS},
    {BOTH, "prctl", "only to name a thread", .n = 1, .arguments = {{0, UINT64_MAX, PR_SET_NAME}}},
    {BOTH, "tgkill", "only threads of the process itself", .own = 1},
    /* malloc tries to read how the kernel commits memory, and copes with a failure. */
    {WORKER, "openat", "only for reading, and refused: ENOENT", .error = ENOENT, .n = 1,
     .arguments = {{2, UINT64_MAX, O_RDONLY | O_CLOEXEC}}},
    /* The worker checks whether a closed file still exists: worker/remnant.h. */
    {WORKER, "kcmp", "only whether one of its epoll instances still watches a file", .own = 2,
     .n = 1, .arguments = {{2, UINT32_MAX, KCMP_EPOLL_TFD}}},
    {WORKER, "fcntl", "only to put a lock on an open file", .n = 1,
     .arguments = {{1, UINT32_MAX, F_OFD_SETLK}}},
    {WORKER, "fcntl", "only to look for a lock of another open file", .n = 1,
     .arguments = {{1, UINT32_MAX, F_OFD_GETLK}}},
    {BROKER, "socket", "only AF_UNIX", .n = 1, .arguments = {{0, UINT32_MAX, AF_UNIX}}},
    {BROKER, "kill", "only with SIGKILL", .n = 1, .arguments = {{1, UINT32_MAX, SIGKILL}}},
    PTRACE_FORM(PTRACE_SEIZE),
    PTRACE_FORM(PTRACE_SETOPTIONS),
    PTRACE_FORM(PTRACE_INTERRUPT),
    PTRACE_FORM(PTRACE_SYSCALL),
    PTRACE_FORM(PTRACE_CONT),
    PTRACE_FORM(PTRACE_DETACH),
    PTRACE_FORM(PTRACE_GETREGS),
    PTRACE_FORM(PTRACE_SETREGS),
    PTRACE_FORM(PTRACE_GETSIGINFO),
    PTRACE_FORM(PTRACE_GETSIGMASK),
    PTRACE_FORM(PTRACE_SETSIGMASK),
    PTRACE_FORM(PTRACE_GETEVENTMSG),
    PTRACE_FORM(PTRACE_GET_SYSCALL_INFO),
};

static bool form_is_of(const Form *form, SyscallProcess process, const char *name)
{
    return (form->processes & 1U << process) && g_str_equal(form->name, name);
}

static bool is_declared(SyscallProcess process, const char *name, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        if (declarations[i].process == process && g_str_equal(declarations[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* --- the filter ------------------------------------------------------------------------------- */

/* Returns 0 or a negative errno, as do the functions below. */
static int add_form(scmp_filter_ctx filter, int number, const Form *form)
{
    struct scmp_arg_cmp compare[FORM_ARGUMENTS_MAX + FORM_OWN_MAX];
    unsigned n = form->n;

    for (unsigned i = 0; i < form->n; i++) {
        compare[i] = SCMP_CMP(form->arguments[i].argument, SCMP_CMP_MASKED_EQ,
                              form->arguments[i].mask, form->arguments[i].value);
    }
    for (unsigned i = 0; i < form->own; i++) {
        compare[n++] = SCMP_CMP(i, SCMP_CMP_EQ, (scmp_datum_t)getpid());
    }
    return seccomp_rule_add_array(
        filter, form->error ? SCMP_ACT_ERRNO((uint16_t)form->error) : SCMP_ACT_ALLOW, number, n,
        compare);
}

static int add_ioctls(scmp_filter_ctx filter, const SyscallPolicy *policy)
{
    for (size_t i = 0; i < policy->n_ioctls; i++) {
        const IoctlWord *ioctl = &policy->ioctls[i];
        /* The kernel reads only the lower half of the register. Callers leave the upper half zero. */
        scmp_datum_t mask = ioctl->mask | ~(scmp_datum_t)UINT32_MAX;
        int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2,
                                      SCMP_A0(SCMP_CMP_LE, INT_MAX),
                                      SCMP_A1(SCMP_CMP_MASKED_EQ, mask, ioctl->word));
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

static int add_call(scmp_filter_ctx filter, const SyscallPolicy *policy, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    bool any = true;

    if (number == __NR_SCMP_ERROR) {
        return -ENOSYS;
    }
    if (g_str_equal(name, "ioctl")) {
        return add_ioctls(filter, policy);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (form_is_of(&forms[i], policy->process, name)) {
            int result = add_form(filter, number, &forms[i]);
            if (result < 0) {
                return result;
            }
            any = false;
        }
    }
    return any ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) : 0;
}

/* Returns 0, or a negative errno with @culprit set to the call that caused it. */
static int add_rules(scmp_filter_ctx filter, const SyscallPolicy *policy, const char **culprit)
{
    int result = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(declarations) && result == 0; i++) {
        *culprit = declarations[i].name;
        if (declarations[i].process == policy->process &&
            !is_declared(policy->process, declarations[i].name, i)) {
            result = add_call(filter, policy, declarations[i].name);
        }
    }
    return result;
}

/* Build a tree of comparisons instead of a list, apply the filter to all threads, and kill the process on a call of a
 * foreign ABI. */
static int set_attributes(scmp_filter_ctx filter)
{
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    result = result ? result : seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    return result ? result : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

bool syscall_filter_install(const SyscallPolicy *policy, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(UNDECLARED_ACTION);
    const char *culprit = "seccomp_init";
    int result = filter ? set_attributes(filter) : -ENOMEM;

    result = result ? result : add_rules(filter, policy, &culprit);
    if (result == 0) {
        culprit = "seccomp_load";
        result = seccomp_load(filter);
    }
    if (filter) {
        seccomp_release(filter);
    }
    if (result < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-result),
                    "cannot install the system call filter: %s: %s", culprit, g_strerror(-result));
    }
    return result == 0;
}

/* --- in words --------------------------------------------------------------------------------- */

/* The files that declare a call, without the first folder of their paths, which is the same for all. */
static char *files_of(SyscallProcess process, const char *name)
{
    g_autoptr(GString) files = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(declarations); i++) {
        if (declarations[i].process == process && g_str_equal(declarations[i].name, name)) {
            const char *file = strchr(declarations[i].file, '/');
            g_string_append_printf(files, "%s%s", files->len ? " " : "",
                                   file ? file + 1 : declarations[i].file);
        }
    }
    return g_string_free(g_steal_pointer(&files), FALSE);
}

static void describe_ioctls(GString *text, const SyscallPolicy *policy)
{
    for (size_t i = 0; i < policy->n_ioctls; i++) {
        const IoctlWord *ioctl = &policy->ioctls[i];
        g_string_append_printf(text, "    0x%08x%s  %s\n", ioctl->word,
                               ioctl->mask == IOCTL_WORD_EXACT ? "" : ", any size", ioctl->name);
    }
    if (policy->n_ioctls == 0) {
        g_string_append(text, "    none\n");
    }
}

static void describe_call(GString *text, const SyscallPolicy *policy, const char *name)
{
    g_autofree char *files = files_of(policy->process, name);

    g_string_append_printf(text, "allow %s  (%s)\n", name, files);
    if (g_str_equal(name, "ioctl")) {
        describe_ioctls(text, policy);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (form_is_of(&forms[i], policy->process, name)) {
            g_string_append_printf(text, "    %s\n", forms[i].text);
        }
    }
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *syscall_filter_text(const SyscallPolicy *policy)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(declarations); i++) {
        if (declarations[i].process == policy->process &&
            !is_declared(policy->process, declarations[i].name, i)) {
            g_ptr_array_add(names, (gpointer)declarations[i].name);
        }
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        describe_call(text, policy, g_ptr_array_index(names, i));
    }
    g_string_append(text, "anything else, and any call of another ABI: kill the process\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}
