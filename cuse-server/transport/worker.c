/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/*
 * Signals are the broker's business: a worker ends when its socket does. SIGPIPE stays ignored, so
 * that a trace into a closed pipe costs the trace alone.
 */
static void ignore_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static bool worker_serve(const WorkerConfig *config, CallLog *log, GError **error)
{
    BrokerLink *link = broker_link_new(config->socket);
    Proxy proxy;

    proxy_init(&proxy, config->abi, config->caps, config->devices, config->n_devices,
               broker_link_host(link));
    CuseTransport *transport = cuse_transport_new(&config->cuse, &proxy, link, log, error);
    if (!transport || !lockup_worker(&config->identity, error)) {
        return false;
    }
    /* After the change of user, which clears it. A broker that is gone already closed the socket.
     */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return cuse_transport_run(transport, error);
}

void worker_main(const WorkerConfig *config)
{
    g_autoptr(GError) error = NULL;
    CallLog *log = call_log_new(config->trace_fd);

    prctl(PR_SET_NAME, "nvcuse-worker");
    ignore_signals();
    bool ok = worker_serve(config, log, &error);
    if (!ok) {
        g_printerr("nvcuse: worker of instance '%s': %s\n", config->cuse.name, error->message);
    }
    call_log_finish(log);
    /*
     * Threads may be deep in the host driver: the process goes as it is, and the kernel closes what
     * it had open, devices first seen by guests as errors.
     */
    _exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}
