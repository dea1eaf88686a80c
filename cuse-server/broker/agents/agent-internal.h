/* SPDX-License-Identifier: Apache-2.0 */
/* Internals of agents: what an agent is, and the functions of agent.c. All files of broker/agents share them. agents.c explains
 * the life of an agent. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>
#include <sched.h>

#include <glib.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/agents/tracee/tracee.h"

/**
 * Numbers in the agent's descriptor table.
 * AGENT_PARAMS_FD: the file with the parameters of an ioctl(). It stays until the next one replaces it.
 * AGENT_JOB_FD: the file of a job. A wait returns this number only if the broker ended it. A filter that the guest installed
 * can only make the wait return minus an errno, 0, or the number of the system call (SECCOMP_RET_TRAP).
 */
enum { AGENT_PARAMS_FD = 1, AGENT_JOB_FD = 2 };

/* The agent shares the guest's address space, but gets a copy of its descriptor table (no CLONE_FILES). */
#define AGENT_CLONE_FLAGS (CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/** AGENTS_KEPT_MAX: if there are more agents, idle ones are not kept. AGENT_BIRTH_SECONDS: how long to wait for an agent that
 * is being made. */
enum { AGENTS_KEPT_MAX = 256, AGENT_BIRTH_SECONDS = 5 };

/** AgentState: see the table in agents.c. */
typedef enum {
    AGENT_STARTING,
    AGENT_PARKING,
    AGENT_PARKED,
    AGENT_BUSY,
    AGENT_RESTING,
    AGENT_LEAVING,
    AGENT_ENDED,
} AgentState;

/** AgentBorrowing: whether the broker has taken hold of the guest thread that helps to make an agent. */
typedef enum { AGENT_NOT_YET, AGENT_BORROWED, AGENT_NOT_BORROWED } AgentBorrowing;

/**
 * AgentCall: an ioctl() for which a thread of the broker waits. It lives on that thread's stack.
 * @params_fd: a file of one page that holds the parameters
 * @done, @error: set when the call has ended; @lock guards them
 */
typedef struct {
    const AgentIoctl *what;
    int params_fd;
    GMutex lock;
    GCond changed;
    bool done;
    int error;
} AgentCall;

/**
 * AgentJob: a job of an agent: an ioctl(), or an mmap() of a guest.
 * @host_fd: the file to call ioctl() on, or to map
 * @ioctl: the ioctl(), or NULL for an mmap()
 * @call: the notification of the mmap()
 */
typedef struct {
    int host_fd;
    AgentCall *ioctl;
    struct seccomp_notif call;
} AgentJob;

/**
 * AgentStay: one stay of a thread in user mode, as the keeper measures it.
 * @since: when it began; 0: the thread is not in user mode
 * @ticks: how long the thread had already run in user mode when the keeper first saw this stay
 */
typedef struct {
    gint64 since;
    uint64_t ticks;
} AgentStay;

typedef struct AgentOrder AgentOrder;

/**
 * AgentLoop: the additional state of an agent that works without stops (agent-loop.h).
 * @code, @order, @params: the agent's pages, as the broker maps them
 * @address: where the three pages begin in the guest's address space
 * @ordered: the number of the last order. No number is used twice.
 */
typedef struct {
    uint8_t *code;
    AgentOrder *order;
    uint8_t *params;
    uint64_t address;
    uint64_t ordered;
} AgentLoop;

/**
 * Agent: one agent, or one errand. The lock of @agents guards every field that is not marked otherwise.
 * @group: the process that the agent is in. Constant, as are @agents, @starter and @listener.
 * @starter: the notification of the thread that is borrowed to make the agent
 * @again: the borrowed thread repeats its call afterwards. If false, that call is the agent's first job.
 * @ahead: the agent is made before there is work for it (agents_prepare()). If it cannot be made, the borrowed thread's call
 *     does not fail for that.
 * @process: if @ahead: GuestProcess.id of the agent's process
 * @borrowing: whether the thread was borrowed, for the thread of the broker that waits to learn it
 * @listener: a duplicate of the listener that the process belongs to
 * @parked: PARKED: the id of the notification in which the agent waits
 * @since: when that wait began
 * @holds: the number of calls for which the agent is kept
 * @lingers: the agent may be kept. False: it still holds copies of the guest's own files, and has to end at once.
 * @offered: a file to give to the agent before any job; -1: none
 * @jobs: the jobs that wait
 * @job: the job whose file the agent has been given
 * @giving: a thread is about to give the agent a file
 * @error: ENDED: why the agent could not do its work; 0: it ended as it should
 * @errand: this is an errand (agent-errand.c), which takes no jobs. @starter is then the call for which it is made.
 * @target: the thread into whose descriptor table the errand is to look; 0: none
 * @spoilt: that thread has become an agent in the meantime
 * @bell: an eventfd of the broker's, on which the agent rests
 * @bell_number: its number in the agent's table; -1: the agent has not been given it yet
 * @loop: the state of an agent that works without stops; NULL: this one works with stops
 * @is_settled: the agent has been made, and has done what it was made for
 * @unwanted: the agent is to end as soon as it has nothing to do
 * @lends: memory may be lent through the agent
 * @lending: the number under which memory was lent; 0: none was lent
 * @issuing: the ioctl() that the agent makes, or is about to make; NULL: none
 * @is_checked: a thread checks one of the agent's calls that read parameters
 * @recheck: if its id is not 0: a further such call, which arrived during that check
 * @tracer: the broker's thread that traces this agent; set when the agent is about to be made
 * @borrowed, @tracee: the guest's thread while it is borrowed, and the agent. They belong to the thread @tracer.
 * @borrowed_stay, @stay: the stay in user mode of each, for the keeper
 */
typedef struct Agent {
    gatomicrefcount refs;
    Agents *agents;
    pid_t group;
    struct seccomp_notif starter;
    bool again;
    bool ahead;
    uint64_t process;
    AgentBorrowing borrowing;
    int listener;

    AgentState state;
    uint64_t parked;
    gint64 since;
    unsigned holds;
    bool lingers;
    int offered;
    GQueue jobs;
    AgentJob *job;
    bool giving;
    int error;
    bool errand;
    pid_t target;
    bool spoilt;
    int bell;
    int64_t bell_number;
    AgentLoop *loop;
    bool is_settled;
    bool unwanted;
    bool lends;
    uint64_t lending;
    const AgentCall *issuing;
    bool is_checked;
    struct seccomp_notif recheck;

    pid_t tracer;
    Tracee borrowed;
    Tracee tracee;
    AgentStay borrowed_stay;
    AgentStay stay;
} Agent;

/**
 * Agents: all agents of an instance.
 * @lock: guards the fields below, and the agents
 * @by_group: process -> the Agent that takes its jobs
 * @by_tid: thread id of an agent -> Agent
 * @all: a set of all agents that have a tracer, errands included
 * @n_errands: the number of errands in @all
 * @n_checks: the number of checks of agents' calls that are under way, each in a thread of its own
 * @take_back, @data: see agents_new()
 * @last_lending: the last number under which memory was lent
 * @prepared: a set of processes (GuestProcess.id) for which an agent was made ahead, or was to be made
 */
struct Agents {
    GuestMembers *members;
    GMutex lock;
    GCond changed;
    GHashTable *by_group;
    GHashTable *by_tid;
    GHashTable *all;
    unsigned n_errands;
    unsigned n_checks;
    bool stopping;
    GThread *keeper;
    int no_caps;
    Incidents *incidents;
    AgentsTakeBack take_back;
    gpointer data;
    uint64_t last_lending;
    GHashTable *prepared;
};

/* Functions of agent.c. */

/** agent_in: get the agent that takes the jobs of a process, or NULL. (transfer none). Call with the lock held. */
Agent *agent_in(const Agents *agents, pid_t group);

/** agents_count: the number of agents and errands that have a tracer. Call with the lock held. */
unsigned agents_count(const Agents *agents);

/** agent_ref, agent_unref: take and drop a reference. The tracer has one for as long as it lives. Every other thread takes one
 * before it releases the lock, if it needs the agent afterwards. agent_unref() frees the agent with the last reference. */
Agent *agent_ref(Agent *agent);
void agent_unref(Agent *agent);

/** agent_lock, agent_unlock: take and release the lock that guards @agent (Agents.lock). */
void agent_lock(Agent *agent);
void agent_unlock(Agent *agent);

/** agent_set_state: change the state. Call with the lock held. Wakes the threads that wait until the agent leaves STARTING
 * or RESTING. */
void agent_set_state(Agent *agent, AgentState state);

/** agent_set_out: make the calling thread the agent's tracer. */
void agent_set_out(Agent *agent);

/** agent_born: from now on, treat notifications of the tracee's thread as this agent's. For an agent, errands that look
 * into its table get nothing from now on. */
void agent_born(Agent *agent);

/** agent_forget: undo agent_born(). */
void agent_forget(Agent *agent);

/** agent_retire: give this agent no more jobs. If creating it failed, retire it before answering the guest, so that the
 * next mmap() starts a new agent instead of inheriting this error. */
void agent_retire(Agent *agent);

/** agent_retire_locked: the same. Call with the lock held. */
void agent_retire_locked(Agent *agent);

/** agent_set_borrowing: set whether the thread was borrowed, and wake the thread that waits for that. */
void agent_set_borrowing(Agent *agent, AgentBorrowing borrowing);

/** agent_settle: mark the agent as made. From now on it may rest, and memory may be lent through it. */
void agent_settle(Agent *agent);

/** agent_ended: forget an agent that has ended, and deal with the jobs that it leaves. Drops the reference of the tracer
 * thread. */
void agent_ended(Agent *agent, int error);

/** agent_is_guest: whether the thread that is to be borrowed belongs to a guest. Trace it only then. Check afterwards that
 * it still waits: only then was this answer about that thread. */
bool agent_is_guest(const Agent *agent);

/** agent_trouble: report what went wrong with the agent. */
void agent_trouble(const Agent *agent, IncidentKind kind);

/** agent_punish: report an attack on an agent, and kill the process. Called when a guest thread has overwritten the
 * instruction that the agent uses or the data that its call is to read, or has sent the agent elsewhere. May be called from
 * every thread. */
void agent_punish(const Agent *agent);

/** agent_no_caps: get a file that holds the header and the data of a capset(2) that drops every capability. The file
 * remains the callee's. */
int agent_no_caps(const Agent *agent);

/* A function of agents-lend.c. */

/** agent_take_back: have the memory that was lent through the agent taken back, and wait until it is. Called when the
 * agent is about to end. From the beginning of this call on, no more memory is lent through it. */
void agent_take_back(Agent *agent);

/* A function of agents-keeper.c. */

/** agents_keep: the body of the keeper. Returns NULL when the agents are being stopped and none is left. */
gpointer agents_keep(gpointer data);
