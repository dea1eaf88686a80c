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
#include "cuse-server/recording/recorder.h"
#include "cuse-server/sandbox/descriptor-table.h"
#include "cuse-server/sandbox/idle-memory.h"
#include "cuse-server/sandbox/syscall-filter.h"
#include "cuse-server/worker/kept-descriptors.h"
#include "cuse-server/worker/memory/lent-memory.h"
#include "cuse-server/worker/questions.h"

enum {
    ARENAS_MAX = 8, /* threads seldom wait; each may keep 64 MiB of addresses */
};

/*
 * Descriptors of the worker, by what has them; most_files() adds them up.
 *
 * FILES_OF_GUEST: each file that counts against the guests' limit: the host's, and what follows it
 *     (worker/remnant.h); once it is closed only the latter
 * FILES_OF_CALL: each call in progress: a file more than the limit, if it is an open that overtakes others; one of a
 *     GPU's, held for the call (proxy/scope/gpu-scope.h); both with what follows them; its caller's memory, and its thread; and what the
 *     driver puts into the table (a dma-buf) or a reply brings
 * FILES_OF_DEVICE: each device: its end of CUSE, and a probe for what cannot be polled (worker/broker-link.c)
 * FILES_OF_LENDING: each thread whose memory is kept (worker/memory/lent-memory.h), and as many again that calls still use
 * FILES_OF_DESCRIPTOR: each descriptor that is kept (worker/kept-descriptors.h), and as many again that calls still use
 * FILES_OF_WORKER: standard files, sockets, logs, the ledger, the slot's lock, and what threads wake each other with
 */
enum {
    FILES_OF_GUEST = 2,
    FILES_OF_CALL = 7,
    FILES_OF_DEVICE = 2,
    FILES_OF_LENDING = 4,
    FILES_OF_DESCRIPTOR = 2,
    FILES_OF_WORKER = 64
};

/*
 * Messages, the end, and going on after being stopped (SIGSTOP, a debugger); then memory and threads,
 * as the C library makes them.
 *
 * #syscalls:worker write exit_group restart_syscall
 * #syscalls:worker brk mremap openat mmap mprotect munmap madvise
 * #syscalls:worker clone3 set_robust_list rseq rt_sigaction rt_sigprocmask prctl exit
 */

/*
 * Signals are the broker's business: a worker ends when its socket does. SIGPIPE stays ignored, so
 * that a trace into a closed pipe costs the trace alone. SIGUSR1 is the worker's own
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
 * Before any thread runs: malloc would ask how many processors there are, from files that the worker
 * no longer has, to find out how many arenas to make.
 */
static void settle_malloc(void)
{
    mallopt(M_ARENA_MAX, ARENAS_MAX);
    /* The threads' buffers are of a megabyte each, for the largest calls; touched are a few pages. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* The worker's RLIMIT_NOFILE. What finds no descriptor all the same (the host's hard limit may be lower) is
 * refused: no file is open that is not followed. */
static unsigned most_files(const WorkerConfig *config)
{
    /* As many as carry out what guests' files bring answer what the broker asks; one more of each takes what is left. */
    const unsigned calls = 2 * (config->transport.threads + 1);

    return FILES_OF_GUEST * config->limits.files + FILES_OF_CALL * calls +
           FILES_OF_DEVICE * config->n_devices + FILES_OF_LENDING * LENT_THREADS_MAX +
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

/* The driver's ioctls, of which a simulated instance makes none. */
static GArray *filter_commands(const DriverAbi *abi, NvCaps caps, bool scope_gpus, bool simulated)
{
    return simulated ? g_array_new(FALSE, FALSE, sizeof(IoctlWord))
                     : host_commands(abi, caps, scope_gpus);
}

/* The system calls that are left, the driver's ioctls by word. Last, since nothing above could be
 * done under it. */
static bool install_filter(const WorkerConfig *config, GError **error)
{
    g_autoptr(GArray) commands =
        filter_commands(config->abi, config->caps, config->scope_gpus, config->simulation != NULL);
    const SyscallPolicy policy = filter_policy(commands);

    return syscall_filter_install(&policy, error);
}

char *worker_filter_text(const DriverAbi *abi, NvCaps caps, bool scope_gpus, bool simulated)
{
    g_autoptr(GArray) commands = filter_commands(abi, caps, scope_gpus, simulated);
    const SyscallPolicy policy = filter_policy(commands);

    return syscall_filter_text(&policy);
}

static void tell_broker(gpointer link)
{
    broker_link_notice(link);
}

static Recorder *start_recorder(const WorkerConfig *config, Host *host)
{
    RecorderConfig recorder = {
        .fd = config->record_fd,
        .limit = config->record_limit,
        .inner = host,
        .abi = config->abi,
        .session = {.caps = config->caps,
                    .scoped = config->scope_gpus,
                    .share_uvm = config->share_uvm},
    };

    recorder.session.n_devices = config->n_devices;
    memcpy(recorder.session.devices, config->devices,
           config->n_devices * sizeof config->devices[0]);
    return recorder_new(&recorder);
}

static bool worker_serve(const WorkerConfig *config, CallLog *log, Recorder **recorder,
                         GError **error)
{
    BrokerLink *link = broker_link_new(config->socket);
    Host *host = broker_link_host(link);
    Proxy proxy;

    call_log_watch(log, tell_broker, link);
    if (config->transport.threads > 1) {
        broker_link_keep_descriptors(link);
    }
    if (config->simulation) {
        host = simulation_host(config->simulation, host);
    } else if (config->record_fd >= 0) {
        *recorder = start_recorder(config, host);
        host = recorder_host(*recorder);
    }
    proxy_init(&proxy, config->abi, config->caps, config->devices, config->n_devices,
               &config->limits, host);
    proxy.tap = config->simulation ? simulation_tap(config->simulation)
                : *recorder        ? recorder_tap(*recorder)
                                   : NULL;
    proxy.share_uvm = config->share_uvm;
    if (config->scope_gpus) {
        proxy_scope_gpus(&proxy);
    }
    Transport *transport = transport_new(&config->transport, &proxy, link, log, error);
    const LockupNeeds needs = {.files = most_files(config)};
    if (!transport || !lockup_worker(&config->identity, &needs, error)) {
        return false;
    }
    /* After the change of user, which clears it. A broker that is gone already closed the socket.
     */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    descriptor_table_reserve(needs.files);
    if (!install_filter(config, error)) {
        return false;
    }
    questions_serve(config->questions, transport_context(transport), config->transport.threads);
    idle_memory_trim();
    return transport_run(transport, error);
}

/* At once, as the filter has it: stdio would look at the file first. */
static void write_line(int fd, const char *prefix, const char *text)
{
    g_autofree char *line = g_strconcat(prefix, text, "\n", NULL);

    (void)!write(fd, line, strlen(line)); /* it is only told */
}

/* At the end of the table of calls; to the user only if a program did not get what it asked for. */
static void tell_simulation(const WorkerConfig *config)
{
    uint64_t missing;
    g_autofree char *summary = simulation_summary(config->simulation, &missing);

    if (config->trace_fd >= 0) {
        write_line(config->trace_fd, "# simulated: ", summary);
    }
    if (missing > 0) {
        write_line(STDERR_FILENO, "nvcuse: simulated: ", summary);
    }
}

void worker_main(const WorkerConfig *config)
{
    g_autoptr(GError) error = NULL;
    CallLog *log = call_log_new(config->trace_fd, config->ledger);
    Recorder *recorder = NULL;

    prctl(PR_SET_NAME, "nvcuse-worker");
    ignore_signals();
    settle_malloc();
    bool ok = worker_serve(config, log, &recorder, &error);
    if (!ok) {
        g_printerr("nvcuse: worker of instance '%s': %s\n", config->name, error->message);
    }
    call_log_finish(log);
    if (config->simulation) {
        tell_simulation(config);
    }
    if (recorder) {
        recorder_finish(recorder);
    }
    /*
     * Threads may be deep in the host driver: the process goes as it is, and the kernel closes what
     * it had open, devices first seen by guests as errors.
     */
    _exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}
