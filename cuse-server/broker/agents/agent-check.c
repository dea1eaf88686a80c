/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of an agent's ioctl(), for an agent that works with stops and whose process has a filter that asks the broker about
 * ioctl(). The tracer has checked the parameters at the beginning of the call (thread/agent-work.c). The kernel asks the broker
 * after that, and a check looks at the parameters once more.
 */
#include "cuse-server/broker/agents/agent-check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cuse-server/broker/agents/thread/agent-params.h"
#include "cuse-server/broker/guests/notification.h"

/* #syscalls:broker clone close fcntl */

enum { ARG_PARAMS = 2 }; /* of ioctl(fd, command, params) */

/*
 * AgentCheck: a check that an agent's ioctl() still reads the parameters that were checked at the beginning of the call. The time
 * between the two checks is as long as threads take to be scheduled.
 * @agent: a reference
 * @notif: the call
 */
struct AgentCheck {
    Agent *agent;
    struct seccomp_notif notif;
    AgentParams params;
};

void agent_issues(Agent *agent, const AgentCall *call)
{
    agent_lock(agent);
    agent->issuing = call;
    agent_unlock(agent);
}

/* Copy what the agent's current ioctl() is to read. Returns false if it does not make one. Call with the lock held. */
static bool copy_params(const Agent *agent, AgentParams *params)
{
    const AgentCall *call = agent->issuing;

    if (!call) {
        return false;
    }
    *params =
        (AgentParams){.fd = fcntl(call->params_fd, F_DUPFD_CLOEXEC, 0), .size = call->what->size};
    memcpy(params->bytes, call->what->params, params->size);
    return true;
}

AgentCheck *agent_check_new(Agent *agent, const struct seccomp_notif *notif)
{
    AgentCheck *check;

    if (agent->is_checked) {
        agent->recheck = *notif;
        return NULL;
    }
    check = g_new(AgentCheck, 1);
    *check = (AgentCheck){.agent = agent_ref(agent), .notif = *notif, .params.fd = -1};
    (void)copy_params(agent, &check->params);
    agent->is_checked = true;
    agent->agents->n_checks++;
    return check;
}

static void check_free(AgentCheck *check)
{
    Agents *agents = check->agent->agents;

    agent_params_clear(&check->params);
    agent_unref(check->agent);
    g_free(check);
    g_mutex_lock(&agents->lock);
    agents->n_checks--;
    g_cond_broadcast(&agents->changed);
    g_mutex_unlock(&agents->lock);
}

static void run_once(const AgentCheck *check)
{
    const Agent *agent = check->agent;
    const struct seccomp_notif *notif = &check->notif;

    if (check->params.fd < 0) { /* the broker is out of descriptors */
        notification_fail(agent->listener, notif->id, ENOMEM);
    } else if (agent_params_are_there(&check->params, (pid_t)notif->pid,
                                      notif->data.args[ARG_PARAMS])) {
        notification_continue(agent->listener, notif->id);
    } else {
        /* A thread that is being killed has lost its memory, and does not make the call: do not punish that. */
        if (notification_is_valid(agent->listener, notif->id)) {
            agent_punish(agent);
        }
        notification_fail(agent->listener, notif->id, EPERM);
    }
}

/* Take the next call of the agent that has to be checked. Returns false if there is none. */
static bool check_next(AgentCheck *check)
{
    Agent *agent = check->agent;

    agent_lock(agent);
    bool next = agent->recheck.id != 0;
    check->notif = agent->recheck;
    agent->recheck.id = 0;
    agent->is_checked = next;
    agent_params_clear(&check->params);
    check->params.fd = -1;
    if (next) {
        (void)copy_params(agent, &check->params);
    }
    agent_unlock(agent);
    return next;
}

static gpointer run_check(gpointer data)
{
    AgentCheck *check = data;

    do {
        run_once(check);
    } while (check_next(check));
    check_free(check);
    return NULL;
}

void agent_check_begin(AgentCheck *check)
{
    GThread *thread = g_thread_try_new("broker-check", run_check, check, NULL);

    if (thread) {
        g_thread_unref(thread);
        return;
    }
    do { /* the broker is out of threads */
        notification_fail(check->agent->listener, check->notif.id, ENOMEM);
    } while (check_next(check));
    check_free(check);
}
