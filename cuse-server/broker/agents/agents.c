/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation.
 *
 * CUSE cannot map memory, and some calls of the driver act on the address space of their caller. An agent does both for a
 * guest. It is a thread in the guest's process that has
 *
 * - the guest's address space,
 * - a descriptor table of its own, empty but for the file of the job, the parameters of an ioctl() and its bell,
 * - no capabilities,
 * - all signals blocked.
 *
 * An agent never runs the guest's code. Either it goes from one system call to the next under ptrace, and the broker checks
 * each call before it begins (tracee/tracee.h). Or it runs code of the broker's that no process can change
 * (thread/agent-loop.h).
 *
 * An agent is made with the help of the guest's thread that first opens a device, or first needs the agent. It serves all
 * threads of its process. It ends with its process, with exec(), and with the broker (PTRACE_O_EXITKILL). It ends before that
 * when the process makes a call that only a process with a single thread may make, or when a debugger attaches to the process
 * (agents_dismiss()).
 *
 * Four kinds of the broker's threads act on an agent. They meet here, under one lock:
 *
 * - The tracer: each agent has one. It alone may trace the agent, and does nothing else (thread/agent-thread.c).
 * - The threads that answer a listener: they bring jobs.
 * - The reader, one of these: it receives the notifications of the agent's own calls (agents-notified.c).
 * - The keeper: it watches the time (agents-keeper.c).
 *
 * The states of an agent:
 *
 *     state     what the agent does, and may do                       which thread changes the state, and to what
 *     STARTING  it is being made: gives up files and capabilities     tracer: PARKING, ENDED
 *     PARKING   it is on its way into the call in which it waits      reader, with the notification: PARKED
 *     PARKED    it waits in the kernel for the answer to the          any thread with a job, by giving it the file: BUSY;
 *               notification                                          keeper: RESTING; keeper, reader and
 *                                                                     agents_dismiss(): LEAVING; reader, with the notification
 *                                                                     of a wait that was interrupted and begun again: PARKED
 *     RESTING   it waits for its bell, an eventfd: a wait in the      any thread with a job rings the bell. Then
 *               kernel in which it can be stopped and frozen with     tracer: PARKING; without stops: reader: PARKED
 *               its process
 *     BUSY      it has the job's file, and makes the job's calls      tracer: PARKING, or RESTING after it got its bell;
 *                                                                     without stops: reader, with the notification: PARKED
 *     LEAVING   it ends; it may only call exit()                      tracer: ENDED
 *     ENDED     it is gone                                            -
 *
 * An agent can be ended by force in every state. Then an mmap() job that still waits in its queue is begun again with a new
 * agent, unless this agent failed. If the guest is gone as well, nothing waits for the answer. Every other job fails
 * (agent_ended()). If an agent does not do what it was made to do, its process is killed: other threads of the process have
 * overwritten the code that the agent used.
 *
 * The wait in PARKED is a system call about which the filter asks the broker. The broker's answer is the file. So one message
 * brings the job and ends the wait, and the tracer never waits for anything but its agent.
 *
 * An errand (errand/agent-errand.c) is made like an agent, for one call of one thread. It is not entered in by_group, so no job
 * reaches it.
 *
 * A thread in PARKED cannot be stopped or frozen. So an agent that has had nothing to do for a moment goes to rest. It reads
 * from its bell to an invalid address, so that the read needs no memory of the guest's. When the bell is rung, the read returns
 * EFAULT.
 *
 * As long as a process has an agent, the broker learns of the process's end, and of exec(), before they take effect. So memory
 * can be lent (agents-lend.c).
 *
 * An agent maps with AGENT_MAP_MARK, so that the filter does not ask the broker about this mmap() as well. It leaves the mark
 * out if the guest's flags are of the sort whose unknown bits the kernel refuses.
 *
 * Locks:
 *
 * - Agents.lock guards the tables and every field of an agent that agent-internal.h does not mark otherwise. No thread holds it while it
 *   waits for a guest. Answering a notification does not wait. Giving a file does, so it is done without the lock
 *   (agent-jobs.c).
 * - AgentCall.lock is taken after Agents.lock, or alone. Its owner waits without Agents.lock.
 * - What an agent is made of as a thread (Agent.borrowed, Agent.tracee) belongs to its tracer, without a lock.
 *
 * Files:
 *
 *     agent.c                          one agent
 *     agent-new.c, agents-prepare.c    how agents begin
 *     agents-map.c, agents-ioctl.c     where jobs come from
 *     agent-jobs.c                     how a job gets to an agent
 *     agents-notified.c                what the broker does when an agent waits or makes a call
 *     agent-check.c                    whether an agent's ioctl() reads what it has to
 *     agent-idle.c, agents-keeper.c    agents without work
 *     agents-lend.c                    memory that is lent
 *     thread/                          how a tracer makes an agent and has it work (agent-thread.c)
 *     tracee/                          the mechanics of ptrace
 *     errand/                          errands
 *
 * This file: all agents of an instance.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/agents/agent-internal.h"

/* #syscalls:broker clone kill close fcntl memfd_create write */

enum {
    STOP_SECONDS = 5,  /* how long agents_stop() waits for busy agents */
    KILL_SECONDS = 10, /* how long it then waits for those that it killed */
};

void agents_report(Agents *agents, pid_t group, IncidentKind kind)
{
    incidents_report(agents->incidents, kind, group);
}

GArray *agents_threads(Agents *agents)
{
    GArray *threads = g_array_new(FALSE, FALSE, sizeof(AgentThread));
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&agents->lock);
    GHashTableIter iter;
    gpointer agent;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &agent, NULL)) {
        const Agent *one = agent;
        const bool is_starting = one->state == AGENT_STARTING;
        const AgentThread thread = {is_starting ? (pid_t)one->starter.pid : one->tracee.tid,
                                    one->group};
        if (!one->errand) {
            g_array_append_val(threads, thread);
        }
    }
    return threads;
}

/* Make the file that capset(2) reads. It is sealed: no process can ever write to it. */
static int make_no_caps(void)
{
    const struct {
        struct __user_cap_header_struct header;
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    } nothing = {.header = {.version = _LINUX_CAPABILITY_VERSION_3}};
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int fd = memfd_create("nvcuse-no-caps", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    g_assert(fd >= 0 && write(fd, &nothing, sizeof nothing) == sizeof nothing &&
             fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

Agents *agents_new(GuestMembers *members, Incidents *incidents, AgentsTakeBack take_back,
                   gpointer data)
{
    Agents *agents = g_new0(Agents, 1);

    agents->members = members;
    g_mutex_init(&agents->lock);
    g_cond_init(&agents->changed);
    agents->by_group = g_hash_table_new(NULL, NULL);
    agents->by_tid = g_hash_table_new(NULL, NULL);
    agents->all = g_hash_table_new(NULL, NULL);
    agents->no_caps = make_no_caps();
    agents->incidents = incidents;
    agents->take_back = take_back;
    agents->data = data;
    agents->prepared = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    agents->keeper = g_thread_new("broker-keeper", agents_keep, agents);
    return agents;
}

/* Kill the processes of all agents that remain. Those are held up in the host's driver, or by their guest. */
static void kill_all(const Agents *agents)
{
    GHashTableIter iter;
    gpointer agent;

    g_hash_table_iter_init(&iter, agents->all);
    while (g_hash_table_iter_next(&iter, &agent, NULL)) {
        kill(((const Agent *)agent)->group, SIGKILL);
    }
}

/* Wait until nothing is under way, but at most @seconds. Call with the lock held. */
static void wait_for_none(Agents *agents, unsigned seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;

    while ((agents_count(agents) > 0 || agents->n_checks > 0) &&
           g_cond_wait_until(&agents->changed, &agents->lock, deadline)) {
    }
}

/* Whether everything has ended. If not, @error names what is still under way. Call with the lock held. */
static bool have_ended(const Agents *agents, GError **error)
{
    GHashTableIter iter;
    gpointer left = NULL;

    g_hash_table_iter_init(&iter, agents->all);
    if (g_hash_table_iter_next(&iter, &left, NULL)) {
        const pid_t group = ((const Agent *)left)->group;
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                    "process %d was killed but has not ended: it is blocked in the kernel; see "
                    "/proc/%d/task/*/stack",
                    group, group);
    } else if (agents->n_checks > 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                            "cannot finish reading the mappings of a guest's process "
                            "(/proc/PID/maps): the read is blocked in the kernel");
    }
    return !left && agents->n_checks == 0;
}

bool agents_stop(Agents *agents, GError **error)
{
    g_mutex_lock(&agents->lock);
    agents->stopping = true;
    g_cond_broadcast(&agents->changed);
    wait_for_none(agents, STOP_SECONDS);
    kill_all(agents);
    wait_for_none(agents, KILL_SECONDS);
    const bool ended = have_ended(agents, error);
    g_mutex_unlock(&agents->lock);
    if (ended) {
        g_thread_join(agents->keeper);
    }
    return ended;
}

void agents_free(Agents *agents)
{
    g_hash_table_unref(agents->by_group);
    g_hash_table_unref(agents->by_tid);
    g_hash_table_unref(agents->all);
    g_hash_table_unref(agents->prepared);
    close(agents->no_caps);
    g_mutex_clear(&agents->lock);
    g_cond_clear(&agents->changed);
    g_free(agents);
}
