/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowing: how the tracer takes hold of the guest's thread with whose help it makes an agent or an errand, and gives the thread
 * back. The thread waits in a call about which the filter asked the broker. It stands still while it is borrowed.
 */
#include "cuse-server/broker/agents/thread/agent-borrow.h"

#include <errno.h>

#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* Whether the borrowed thread is about to repeat its call. It stands still, and its notification is gone. If that is due
 * to the broker's own interruption (a runtime's profile does not have SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), or to a signal
 * that arrived as well, the thread is about to repeat the call. Otherwise it has gone on to other code. */
static bool is_about_to_repeat(const Agent *agent)
{
    TraceeCall call;

    return tracee_regs_are_after(&agent->borrowed.regs, &agent->starter.data, &call.result) &&
           tracee_was_interrupted(&call);
}

bool agent_borrow(Agent *agent, int *error)
{
    const pid_t tid = (pid_t)agent->starter.pid;

    *error = agent_is_guest(agent) ? tracee_seize(tid) : ESRCH;
    /* The kernel also returns EPERM for a thread that is just being killed. */
    if (*error == EPERM && !agent->errand && guest_thread_tracer(tid) != 0) {
        agent_trouble(agent, INCIDENT_TRACED);
        *error = EBUSY;
    }
    if (*error) {
        agent_retire(agent);
        if (!agent->ahead) {
            notification_fail(agent->listener, agent->starter.id, *error);
        }
        agent_set_borrowing(agent, AGENT_NOT_BORROWED);
        return false;
    }
    bool ours = notification_return(agent->listener, agent->starter.id, 0);
    agent_set_borrowing(agent, AGENT_BORROWED);
    if (tracee_wait(tid) != TRACEE_OK || !tracee_init(&agent->borrowed, tid)) {
        tracee_reap(tid);
        return false;
    }
    ours = ours || is_about_to_repeat(agent);
    if (!ours) { /* a signal came first: the thread is in a handler, or in another call */
        tracee_let_go(tid);
    }
    return ours;
}

bool agent_give_back(Agent *agent, TraceeRegs *regs, uint64_t blocked, const AgentOutcome *outcome)
{
    if (outcome->repeats) {
        tracee_regs_set_repeat(regs);
    } else {
        tracee_regs_set_result(regs, outcome->value);
    }
    agent->tracee.alone = true;
    return tracee_detach(agent->borrowed.tid, regs, blocked);
}
