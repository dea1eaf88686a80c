/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report the reporter's identity: the descriptors and environment it was started with, namespaces, ids, capabilities, limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/hostile/tightness/fact.h"

/* --- what was there at the start -------------------------------------------------------------- */

static void report_descriptors(void)
{
    enum { MOST = 1024 };

    for (int fd = 0; fd < MOST; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0) {
            g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
            g_autofree char *target = link_of(path);
            struct stat st = {0};
            (void)fstat(fd, &st);
            g_autofree char *subject = g_strdup_printf("descriptor %d", fd);
            fact(subject, "%s, kind %o, flags %d, status %o", target, st.st_mode & S_IFMT, flags,
                 (unsigned)fcntl(fd, F_GETFL));
        }
    }
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void report_environment(void)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();

    for (char **each = environ; *each; each++) {
        g_ptr_array_add(sorted, *each);
    }
    g_ptr_array_sort(sorted, by_text);
    for (guint i = 0; i < sorted->len; i++) {
        fact("environment", "%s", (const char *)sorted->pdata[i]);
    }
}

/* The files in the address space, and how they are mapped. */
static void report_mapped_files(void)
{
    g_autofree char *text = text_of("/proc/self/maps");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (char **line = lines; *line; line++) {
        const char *name = strpbrk(*line, "/[");
        if (name) {
            g_hash_table_add(seen, g_strdup_printf("%.4s %s", strchr(*line, ' ') + 1, name));
        }
    }
    GHashTableIter each;
    gpointer key;
    g_hash_table_iter_init(&each, seen);
    while (g_hash_table_iter_next(&each, &key, NULL)) {
        g_ptr_array_add(names, key);
    }
    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len; i++) {
        fact("mapped", "%s", (const char *)names->pdata[i]);
    }
}

void report_inherited(void)
{
    g_autofree char *cwd = link_of("/proc/self/cwd");
    g_autofree char *root = link_of("/proc/self/root");
    g_autofree char *exe = link_of("/proc/self/exe");

    report_descriptors();
    report_environment();
    report_mapped_files();
    fact("working directory", "%s", cwd);
    fact("root directory", "%s", root);
    fact("executable", "%s", exe);
    fact("secure", "%lu", getauxval(AT_SECURE));
}

/* --- namespaces and ids ----------------------------------------------------------------------- */

/* Whether one of the program's words says that this namespace is the host's. */
static const char *whose(char *const *words, const char *name, const char *link)
{
    g_autofree char *wanted = g_strdup_printf("%s=%s", name, link);

    return g_strv_contains((const char *const *)words, wanted) ? "the host's" : "its own";
}

static char *raw_link(const char *process, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/ns/%s", process, name);
    char target[128];
    ssize_t n = readlink(path, target, sizeof target - 1);

    return n < 0 ? g_strdup(outcome(-1)) : g_strndup(target, (gsize)n);
}

static void report_namespaces(char *const *words)
{
    g_autoptr(GPtrArray) names = names_in("/proc/self/ns");

    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *mine = raw_link("self", name);
        g_autofree char *first = raw_link("1", name);
        fact("namespace", "%s: %s, %s", name, whose(words, name, mine),
             g_str_equal(mine, first) ? "and the first process's"
             : strchr(first, '[')     ? "not the first process's"
                                      : first);
    }
}

/* A line of /proc/self/status that is the same in every run. */
static bool is_steady(const char *line)
{
    static const char *const changing[] = {
        "Name:", "State:", "Tgid:",         "Ngid:", "Pid:",       "PPid:",         "NS",
        "Vm",    "Rss",    "HugetlbPages:", "SigQ:", "voluntary_", "nonvoluntary_", NULL};

    for (const char *const *each = changing; *each; each++) {
        if (g_str_has_prefix(line, *each)) {
            return false;
        }
    }
    return *line != '\0';
}

static void report_status(void)
{
    g_autofree char *text = text_of("/proc/self/status");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        if (is_steady(*line)) {
            fact("status", "%s", *line);
        }
    }
}

static void report_texts(void)
{
    static const char *const names[] = {
        "uid_map",
        "gid_map",
        "projid_map",
        "setgroups",
        "loginuid",
        "sessionid",
        "cgroup",
        "oom_score_adj",
        "oom_adj",
        "limits",
        "coredump_filter",
        "timerslack_ns",
        "timens_offsets",
        "personality",
        "attr/current",
        "cpuset",
        "cpu_resctrl_groups",
        "patch_state",
        "stack",
        "syscall",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf("/proc/self/%s", names[i]);
        g_autofree char *text = text_of(path);
        if (g_str_equal(names[i], "stack") || g_str_equal(names[i], "syscall")) {
            fact(path, "%s", text ? "ok" : outcome(-1));
        } else {
            fact(path, "%s", text ? text : outcome(-1));
        }
    }
}

static void report_prctl(void)
{
    static const struct {
        const char *name;
        int option;
    } table[] = {
        {"dumpable", PR_GET_DUMPABLE},         {"keep capabilities", PR_GET_KEEPCAPS},
        {"no_new_privs", PR_GET_NO_NEW_PRIVS}, {"secure bits", PR_GET_SECUREBITS},
        {"seccomp", PR_GET_SECCOMP},           {"timer slack", PR_GET_TIMERSLACK},
        {"no huge pages", PR_GET_THP_DISABLE}, {"I/O flusher", PR_GET_IO_FLUSHER},
        {"memory errors", PR_MCE_KILL_GET},
    };
    int signal = -1;
    int reaper = -1;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        int value = prctl(table[i].option, 0, 0, 0, 0);
        fact("prctl", "%s: %d %s", table[i].name, value, outcome(value));
    }
    (void)prctl(PR_GET_PDEATHSIG, &signal);
    (void)prctl(PR_GET_CHILD_SUBREAPER, &reaper);
    fact("prctl", "signal at the parent's death: %d, reaper: %d", signal, reaper);
}

void report_identity(char *const *words)
{
    struct utsname names;

    report_namespaces(words);
    report_status();
    report_texts();
    report_prctl();
    (void)uname(&names);
    fact("names", "%s %s", names.nodename, names.domainname);
    fact("session", "%s, group %s, terminal %s", getsid(0) == getpid() ? "its own" : "another's",
         getpgid(0) == getpid() ? "its own" : "another's",
         outcome(open("/dev/tty", O_RDWR | O_CLOEXEC)));
}

/* --- limits ----------------------------------------------------------------------------------- */

void report_limits(void)
{
    cpu_set_t processors;

    for (int which = 0; which < RLIMIT_NLIMITS; which++) {
        struct rlimit limit = {0, 0};
        int result = getrlimit((__rlimit_resource_t)which, &limit);
        fact("limit", "%d: %s %lx %lx", which, outcome(result), limit.rlim_cur, limit.rlim_max);
    }
    CPU_ZERO(&processors);
    (void)sched_getaffinity(0, sizeof processors, &processors);
    fact("scheduling", "policy %d, nice %d, I/O priority %ld, processors %d", sched_getscheduler(0),
         getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, 1, 0), CPU_COUNT(&processors));
    fact("personality", "%d", personality(0xffffffff));
}
