/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracer: the broker's thread behind an agent, from its beginning to its end. It alone traces the agent, and waits whenever
 * the agent waits. It has the agent make one system call at a time, and checks each call at its beginning.
 *
 * 1. It borrows the guest's thread that waits (agent-borrow.c), and has it start a new thread: the agent.
 * 2. The agent gives up files and capabilities (agent-strip.c).
 * 3. The agent carries out the call of the borrowed thread, or the borrowed thread repeats its call. The borrowed thread is given
 *    back.
 * 4. The agent works until it is to end (agent-work.c, or agent-loop.c without stops).
 *
 * For an agent that is made ahead, step 3 comes before step 2, because a guest's own file system can make step 2 take as long as
 * it likes.
 */
#include "cuse-server/broker/agents/thread/agent-thread.h"

#include <errno.h>

#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/thread/agent-borrow.h"
#include "cuse-server/broker/agents/thread/agent-calls.h"
#include "cuse-server/broker/agents/thread/agent-loop.h"
#include "cuse-server/broker/agents/thread/agent-strip.h"
#include "cuse-server/broker/agents/thread/agent-work.h"

/* Have the borrowed thread start the thread that becomes the agent of its process. */
static TraceeResult give_birth(Agent *agent, int *error)
{
    pid_t tid = 0;
    TraceeResult result = tracee_clone(&agent->borrowed, AGENT_CLONE_FLAGS, &tid);

    if (tid <= 0) {
        *error = -tid;
        return result;
    }
    agent->tracee.tid = tid;
    if (result == TRACEE_OK && !tracee_init(&agent->tracee, tid)) {
        result = TRACEE_ENDED;
    }
    if (result == TRACEE_OK) {
        agent_born(agent);
    }
    return result;
}

/* Carry out the first job, which is the borrowed thread's own. That thread no longer waits for an answer to a
 * notification. It gets the result where the kernel would put it. */
static TraceeResult first_job(Agent *agent, int64_t *result, int *error)
{
    g_autofree AgentJob *job = NULL;
    int64_t fd;
    TraceeResult done = agent_next_job(agent, &job, &fd, error);

    *result =
        -EMFILE; /* without a job: the agent may not have any file; nothing else keeps the job away */
    if (done == TRACEE_OK && job) {
        done = agent_map(agent, job, fd, result);
        if (done == TRACEE_OK) {
            done = agent_close(agent, fd);
        }
    }
    return done;
}

/* Make the agent with the help of the borrowed thread, and have the agent do what the thread wants. */
static TraceeResult begin(Agent *agent, AgentOutcome *outcome, int *error)
{
    TraceeResult result = give_birth(agent, error);

    if (result == TRACEE_OK && !*error && !agent->ahead) {
        result = agent_strip(agent, error);
    }
    if (result == TRACEE_OK && !*error && agent->again && !agent->ahead && !agent->lingers) {
        *error = EPERM; /* a filter of the guest's own: the agent could not be kept until then */
    } else if (result == TRACEE_OK && !*error && !agent->again) {
        result = first_job(agent, &outcome->value, error);
    }
    outcome->repeats = agent->again && (!*error || agent->ahead);
    if (*error) {
        outcome->value = -*error;
    }
    return result;
}

/* Clean up an agent that failed: it has ended, or is about to end. */
static void end_badly(Agent *agent, TraceeResult result)
{
    if (result == TRACEE_TAMPERED) {
        agent_punish(agent);
    }
    if (agent->tracee.tid > 0) {
        tracee_reap(agent->tracee.tid);
    }
}

/*
 * Clean up after a failure while the thread was still borrowed. As a rule that thread is about to end as well. But a filter of
 * the guest's own can end the agent alone (SECCOMP_RET_KILL_THREAD): then the thread goes on without an agent.
 */
static void end_both(Agent *agent, TraceeResult result, TraceeRegs *regs, uint64_t blocked)
{
    const AgentOutcome refused = {.repeats = agent->ahead, .value = -EPERM};

    end_badly(agent, result);
    agent_retire(agent);
    if (result != TRACEE_ENDED || !agent_give_back(agent, regs, blocked, &refused)) {
        tracee_reap(agent->borrowed.tid);
    }
}

/*
 * Make the agent. Signals that arrive for the borrowed thread meanwhile wait until its call is done. A thread that is borrowed
 * ahead is given back before the agent closes its copies of the guest's files, because a guest's own file system can make that
 * take as long as it likes.
 */
static bool start(Agent *agent, int *error)
{
    TraceeRegs regs;
    AgentOutcome outcome = {.value = 0};
    uint64_t blocked;

    if (!agent_borrow(agent, error)) {
        return false;
    }
    regs = agent->borrowed.regs;
    tracee_block_signals(agent->borrowed.tid, &blocked);
    TraceeResult result = begin(agent, &outcome, error);
    if (result != TRACEE_OK) {
        end_both(agent, result, &regs, blocked);
        return false;
    }
    if (*error) {
        agent_retire(agent);
    }
    (void)agent_give_back(agent, &regs, blocked, &outcome);
    if (agent->ahead && !*error) {
        result = agent_strip(agent, error);
        if (*error) {
            agent_retire(agent);
        } else if (result == TRACEE_OK && agent->lingers) {
            result = agent_loop_prepare(agent);
        }
    }
    if (result != TRACEE_OK) {
        end_badly(agent, result);
    }
    return result == TRACEE_OK;
}

/* Called when the agent ends. The kernel waits until the tracer has taken note of the agent's end: until then no other
 * thread can get its number. */
static void ends(gpointer data)
{
    agent_forget(data);
    agent_take_back(data);
}

gpointer agent_main(gpointer data)
{
    Agent *agent = data;
    int error = 0;

    agent_set_out(agent);
    if (start(agent, &error) && agent->tracee.tid > 0) {
        agent->tracee.data = agent;
        agent->tracee.ends = ends;
        if (!error) {
            agent_settle(agent);
        }
        TraceeResult result = error ? TRACEE_OK : agent_work(agent, &error);
        ends(agent);
        if (result == TRACEE_OK) {
            result = tracee_exit(&agent->tracee);
        }
        if (result == TRACEE_TAMPERED) {
            agent_punish(agent);
            tracee_reap(agent->tracee.tid);
        }
    }
    agent_ended(agent, error);
    return NULL;
}
