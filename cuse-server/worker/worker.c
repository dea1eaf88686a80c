/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/worker.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cuse-server/proxy/host-commands.h"
#include "cuse-server/recording/recorder/recorder.h"
#include "cuse-server/sandbox/descriptor-table.h"
#include "cuse-server/sandbox/idle-memory.h"
#include "cuse-server/sandbox/syscall-filter.h"
#include "cuse-server/worker/doors/transport.h"
#include "cuse-server/worker/kept-descriptors.h"
#include "cuse-server/worker/memory/lent-memory.h"
#include "cuse-server/worker/question-server.h"
#include "cuse-server/worker/quotas/gpu-time.h"
#include "cuse-server/worker/quotas/quota-watch.h"

enum {
    ARENAS_MAX = 8, /* threads seldom wait for one; each may keep 64 MiB of addresses */
};

/*
 * How many descriptors the worker needs for what. most_files() adds them up.
 *
 * FILES_OF_GUEST: for each file that counts against the guests' limit: the host file and its remnant (worker/remnant.h). After
 *     the close only the remnant is left
 * FILES_OF_CALL: for each call in progress: a file beyond the limit, if the call is an open that overtakes others, and its
 *     remnant; a file of a GPU, held for the call (proxy/scope/gpu-scope.h), and its remnant; the caller's memory; the
 *     caller's thread; and one that the driver puts into the table (a dma-buf) or that comes with a reply
 * FILES_OF_DEVICE: for each device: its end of CUSE, and a probe for files that cannot be polled (worker/opened-files.c); if it is a
 *     GPU, two files by which its channels are switched (proxy/shares/share-host.h), and their remnants
 * FILES_OF_LENDING: for each thread whose memory is kept (worker/memory/lent-memory.h): two, and as many again that calls still
 *     use
 * FILES_OF_DESCRIPTOR: for each descriptor that is kept (worker/kept-descriptors.h): one, and as many again that calls still use
 * FILES_OF_WORKER: standard files, sockets, logs, the ledger, the slot's lock, and what threads wake each other with
 */
enum {
    FILES_OF_GUEST = 2,
    FILES_OF_CALL = 7,
    FILES_OF_DEVICE = 6,
    FILES_OF_LENDING = 4,
    FILES_OF_DESCRIPTOR = 2,
    FILES_OF_WORKER = 64
};

/*
 * System calls for messages, for the exit, and for going on after a stop (SIGSTOP, a debugger); then those that the C library
 * makes for memory and threads.
 *
 * #syscalls:worker write exit_group restart_syscall
 * #syscalls:worker brk mremap openat mmap mprotect munmap madvise
 * #syscalls:worker clone3 set_robust_list rseq rt_sigaction rt_sigprocmask prctl exit
 */

/*
 * Block all signals but SIGUSR1. Signals are the broker's business: a worker ends when its socket does. SIGPIPE stays ignored,
 * so that writing a trace into a closed pipe loses only the trace. The worker uses SIGUSR1 itself
 * (worker/doors/interrupts.h).
 */
static void ignore_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    sigdelset(&all, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/*
 * Configure malloc. Call this before any thread runs. Otherwise malloc would read the number of processors, to decide how many
 * arenas to make, from files that the worker cannot open any more.
 */
static void settle_malloc(void)
{
    mallopt(M_ARENA_MAX, ARENAS_MAX);
    /* No transparent huge pages: each thread has a buffer of a megabyte, for the largest calls, of which it touches a few
     * pages. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* Compute the worker's RLIMIT_NOFILE. The host's hard limit may be lower. A call that finds no free descriptor is refused: no
 * file is ever open that is not followed. */
static unsigned most_files(const InstanceSpec *spec)
{
    /* Two pools carry out calls: one for guests' files, one for the broker's questions. In each, this many threads may wait,
     * and one more runs the jobs that the readers leave. */
    const unsigned calls = 2 * (spec->threads + 1);

    return FILES_OF_GUEST * spec->limits.files + FILES_OF_CALL * calls +
           FILES_OF_DEVICE * spec->n_devices + FILES_OF_LENDING * LENT_THREADS_MAX +
           FILES_OF_DESCRIPTOR * KEPT_DESCRIPTORS_MAX + FILES_OF_WORKER;
}

static SyscallPolicy filter_policy(const GArray *commands)
{
    return (SyscallPolicy){
        .process = SYSCALLS_WORKER,
        .ioctls = (const IoctlWord *)(const void *)commands->data,
        .n_ioctls = commands->len,
    };
}

/* List the driver's ioctls that the filter allows. A simulated instance makes none of them. */
static GArray *filter_commands(const InstanceSpec *spec, const DriverAbi *abi)
{
    return instance_is_simulated(spec) ? g_array_new(FALSE, FALSE, sizeof(IoctlWord))
                                       : host_commands(abi, spec->caps, spec->scope_gpus);
}

/* Install the filter: the remaining system calls, and the driver's ioctls by word. This comes last, since the steps before
 * are not possible under the filter. */
static bool install_filter(const WorkerConfig *config, GError **error)
{
    g_autoptr(GArray) commands = filter_commands(&config->spec->instance, config->abi);
    const SyscallPolicy policy = filter_policy(commands);

    return syscall_filter_install(&policy, error);
}

char *worker_filter_text(const InstanceSpec *spec, const DriverAbi *abi)
{
    g_autoptr(GArray) commands = filter_commands(spec, abi);
    const SyscallPolicy policy = filter_policy(commands);

    return syscall_filter_text(&policy);
}

static void tell_broker(gpointer link)
{
    broker_link_notice(link);
}

static Recorder *start_recorder(const WorkerConfig *config, Host *host)
{
    const InstanceSpec *spec = &config->spec->instance;
    RecorderConfig recorder = {
        .fd = spec->record_fd,
        .limit = spec->record_limit,
        .inner = host,
        .abi = config->abi,
        .session = {.caps = spec->caps, .scoped = spec->scope_gpus, .share_uvm = spec->share_uvm},
    };

    recorder.session.n_devices = spec->n_devices;
    memcpy(recorder.session.devices, spec->devices, spec->n_devices * sizeof spec->devices[0]);
    return recorder_new(&recorder);
}

/* Set up the proxy in front of @host. @recorder: set if the instance is recorded */
static void start_proxy(Proxy *proxy, const WorkerConfig *config, Host *host, Recorder **recorder)
{
    const InstanceSpec *spec = &config->spec->instance;

    if (config->simulation) {
        host = simulation_host(config->simulation, host);
    } else if (spec->record_fd >= 0) {
        *recorder = start_recorder(config, host);
        host = recorder_host(*recorder);
    }
    proxy_init(proxy, config->abi, spec->caps, spec->devices, spec->n_devices, &spec->limits, host);
    proxy->tap = config->simulation ? simulation_tap(config->simulation)
                 : *recorder        ? recorder_tap(*recorder)
                                    : NULL;
    proxy->share_uvm = spec->share_uvm;
    proxy_set_quota(proxy, &spec->quota, config->quotas);
    if (!config->simulation && !*recorder) { /* a recording contains only the guests' calls */
        gpu_time_start(proxy, config->ledger);
    }
    if (spec->scope_gpus) {
        proxy_scope_gpus(proxy);
    }
}

static bool worker_serve(const WorkerConfig *config, CallLog *log, Recorder **recorder,
                         GError **error)
{
    const WorkerSpec *spec = config->spec;
    BrokerLink *link = broker_link_new(spec->socket);
    /* Never freed: threads that serve calls go on until the process ends, also after this function has returned. */
    Proxy *proxy = g_new0(Proxy, 1);

    call_log_watch(log, tell_broker, link);
    if (spec->instance.threads > 1) {
        broker_link_keep_descriptors(link);
    }
    start_proxy(proxy, config, broker_link_host(link), recorder);
    Transport *transport = transport_new(spec, proxy, link, log, error);
    const LockupNeeds needs = {.files = most_files(&spec->instance)};
    if (!transport || !lockup_worker(&spec->identity, &needs, error)) {
        return false;
    }
    /* Set this after the change of user, which clears it. If the broker is already gone, its end of the socket is closed.
     */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    descriptor_table_reserve(needs.files);
    if (!install_filter(config, error)) {
        return false;
    }
    question_server_start(spec->questions, transport_context(transport), spec->instance.threads);
    quota_watch_start(proxy, config->quotas, config->ledger);
    idle_memory_trim();
    return transport_run(transport, error);
}

/* Write one line with one write(), which the filter allows. stdio would examine the file first. */
static void write_line(int fd, const char *prefix, const char *text)
{
    g_autofree char *line = g_strconcat(prefix, text, "\n", NULL);

    (void)!write(fd, line, strlen(line)); /* for information only: ignore errors */
}

/* Write the simulation's summary at the end of the table of calls. Write it to the user only if a program did not get what it
 * asked for. */
static void tell_simulation(const WorkerConfig *config)
{
    uint64_t missing;
    g_autofree char *summary = simulation_summary(config->simulation, &missing);

    const int call_log = config->spec->instance.call_log_fd;

    if (call_log >= 0) {
        write_line(call_log, "# simulated: ", summary);
    }
    if (missing > 0) {
        write_line(STDERR_FILENO, "nvcuse: simulated: ", summary);
    }
}

void worker_main(const WorkerConfig *config)
{
    g_autoptr(GError) error = NULL;
    CallLog *log = call_log_new(config->spec->instance.call_log_fd, config->ledger);
    Recorder *recorder = NULL;

    prctl(PR_SET_NAME, "nvcuse-worker");
    ignore_signals();
    settle_malloc();
    bool ok = worker_serve(config, log, &recorder, &error);
    if (!ok) {
        g_printerr("nvcuse: worker of instance '%s': %s\n", config->spec->instance.name,
                   error->message);
    }
    call_log_finish(log);
    if (config->simulation) {
        tell_simulation(config);
    }
    if (recorder) {
        recorder_finish(recorder);
    }
    /*
     * Exit without waiting for threads, which may be deep in the host driver. The kernel closes what
     * the process had open. Guests first notice this as errors of the devices.
     */
    _exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}
