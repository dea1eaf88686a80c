/* SPDX-License-Identifier: Apache-2.0 */
/* An agent, as agents.c (which are there, and what each has to do) and agent-thread.c (how one is made,
 * and works) see it. How it lives: agents.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>

#include <glib.h>

#include "cuse-server/broker/agents/agent-params.h"
#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/agents/tracee.h"

/**
 * In the agent's table: AGENT_PARAMS_FD: the file with an ioctl()'s parameters, until the next one. AGENT_JOB_FD: the file of a
 * job. With that number a wait ends that the broker has ended, and no other: a filter of the guest's own has it end with minus an
 * error, with 0, or with the number of the system call (SECCOMP_RET_TRAP).
 */
enum { AGENT_PARAMS_FD = 1, AGENT_JOB_FD = 2 };

/* How it maps a page of ours. Where a program that maps where it likes has nothing (1 to 2 GiB): a page in a hole between
 * pages of the guest's would be pinned with them, where the driver has to find the hole. */
#define AGENT_PAGE_FLAGS (MAP_SHARED | MAP_32BIT | MAP_POPULATE | AGENT_MAP_MARK)

/* Its address space is the guest's, its descriptor table a copy. */
#define AGENT_CLONE_FLAGS (CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/** AgentState: agents.c explains them. */
typedef enum {
    AGENT_STARTING,
    AGENT_PARKING,
    AGENT_PARKED,
    AGENT_BUSY,
    AGENT_RESTING,
    AGENT_LEAVING,
    AGENT_ENDED,
} AgentState;

/** AgentBorrowing: whether the thread that helps to make an agent has been taken hold of. */
typedef enum { AGENT_NOT_YET, AGENT_BORROWED, AGENT_NOT_BORROWED } AgentBorrowing;

/**
 * AgentCall: an ioctl() that a thread of ours waits for, on whose stack it is.
 * @params_fd: a file with the parameters, a page long
 * @done, @error: its end; @lock guards them
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
 * AgentJob: what waits to be carried out: an ioctl(), or an mmap() of a guest.
 * @host_fd: what on
 * @ioctl: NULL: it is an mmap(); @call: its notification
 */
typedef struct {
    int host_fd;
    AgentCall *ioctl;
    struct seccomp_notif call;
} AgentJob;

/** agent_job_end: it was carried out, or will not be: tell who waits for it, and free it. Guests that wait
 * in mmap() are told by who knows the result. */
void agent_job_end(AgentJob *job, int error);

/**
 * AgentStay: a stay in user mode, as the keeper sees it.
 * @since: when it began; 0: there is none
 * @ticks: how long the thread had run in user mode when the keeper saw it first
 */
typedef struct {
    gint64 since;
    uint64_t ticks;
} AgentStay;

typedef struct AgentOrder AgentOrder;

/**
 * AgentLoop: what an agent has that works without stops (agent-loop.h).
 * @code, @order, @params: our mapping of its pages
 * @address: of all three in the guest's address space
 * @ordered: the number of the last order. None is used twice
 */
typedef struct {
    uint8_t *code;
    AgentOrder *order;
    uint8_t *params;
    uint64_t address;
    uint64_t ordered;
} AgentLoop;

/**
 * Agent: one of them. The lock of its Agents guards what is not marked otherwise.
 * @group: the process it is in; constant, as are @agents, @starter, @listener
 * @starter: the notification whose thread is borrowed to make it; @again: it is to call again then;
 *     otherwise, the first job is its
 * @ahead: it is made before there is anything to do (agents_prepare()): that it cannot be made is no fault of the call;
 *     @process: GuestProcess.id of its process then
 * @borrowing: what has become of borrowing the thread, for who waits for it
 * @listener: a duplicate of the one that the process belongs to
 * @parked: PARKED: the notification that it waits in; @since: from when on
 * @holds: calls that it is kept for
 * @lingers: it may be kept; false: it holds copies of the guest's own files, and has to go at once
 * @offered: a file to give it before any job; -1: none
 * @jobs: waiting; @job: the one whose file it has been given
 * @giving: a thread is about to give it a file
 * @error: ENDED: why it could not do its work; 0: it has gone as it should
 * @errand: it is one (agent-errand.c), and takes no jobs; @starter: the call that it is made for
 * @target: the thread whose table the errand is to look into; 0: none. @spoilt: that is an agent by now
 * @bell: an eventfd in which it rests, the broker's; @bell_number: its number in the agent's table; -1: it has
 *     not been given it yet
 * @loop: it works without stops; NULL: it does not
 * @is_settled: it has been made, and what it was made for is done
 * @unwanted: it is to go as soon as it has nothing to do
 * @lends: memory can be lent by it: @lending: under this number; 0: has not been
 * @issuing: the ioctl() that it is at, or about to be at; NULL: none
 * @is_checked: a call of its that reads parameters is being looked at; @recheck: one that came meanwhile, if its id is not 0
 * @tracer: the thread of ours that is its own; known once it is about to be made
 * @borrowed, @tracee: that thread's: the guest's thread while it is borrowed, and the agent
 * @borrowed_stay, @stay: of each, for the keeper
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
 * Agents: all of an instance's.
 * @lock: guards what follows, and the agents
 * @by_group: process -> Agent that takes jobs
 * @by_tid: agent's thread -> Agent
 * @all: a set: those that have a tracer, errands as well; @n_errands: among them
 * @n_checks: of agents' calls, under way, each in a thread of its own
 * @take_back, @data: see agents_new()
 * @last_lending: the last number that memory was lent under
 * @prepared: a set of processes (GuestProcess.id) for which an agent was, or was to be, made ahead
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

/** agent_main: the body of its thread: make it, have it work, see it off. */
gpointer agent_main(gpointer data);

/** agent_errand_main: the same of an errand. */
gpointer agent_errand_main(gpointer data);

/** errands_spoil: a thread has become an agent: those that are at its table get nothing. With the lock held. */
void errands_spoil(const Agents *agents, pid_t tid);

/* What agent-thread.c has for both. */

/**
 * agent_borrow: take hold of the thread that waits, and let its call end, with a result that it does not see, for
 * it stops on the way out. Returns false, with the call answered if it still waited, if there is nothing to go on
 * with.
 * @error: set to what it was answered
 */
bool agent_borrow(Agent *agent, int *error);

/**
 * agent_take_file: have @agent's tracee wait for a file of ours, and give it that.
 * @file: stays the caller's
 * @fd: its number there, or minus an errno
 */
TraceeResult agent_take_file(Agent *agent, int file, int64_t *fd);

/** agent_map_page: have its tracee map a page of a file in its table. @address: where, or minus an errno. */
TraceeResult agent_map_page(Agent *agent, int64_t fd, int protection, int64_t *address);

TraceeResult agent_unmap_page(Agent *agent, int64_t address);

/** agent_map_flags: a guest's flags of mmap(), so that the filter lets the agent's call pass. */
uint64_t agent_map_flags(uint64_t flags);

/** agent_close: have its tracee close a file in its table. */
TraceeResult agent_close(Agent *agent, int64_t fd);

/** agent_is_error: whether what a system call returned is minus an errno. */
bool agent_is_error(int64_t result);

/** agent_punish: somebody wrote over the instruction that it was made to use or what its call is to read, or sent it
 * where it should not be: report it, and kill the process. Safe from every thread. */
void agent_punish(const Agent *agent);

/* What agents.c has for that. */

/** agent_lock, agent_unlock: around everything that the lock guards. */
void agent_lock(Agent *agent);
void agent_unlock(Agent *agent);

/** agent_set_state: with the lock held; tells those who wait until it is born. */
void agent_set_state(Agent *agent, AgentState state);

/** agent_set_out: the calling thread is its tracer. */
void agent_set_out(Agent *agent);

/** agent_born: from now on its tracee's notifications are known to be its own; and an errand that
 * is at the table of an agent's gets nothing. */
void agent_born(Agent *agent);

/** agent_forget: no more. */
void agent_forget(Agent *agent);

/** agent_issues: from now on its ioctl() is this one, or NULL: none. @call outlives it. */
void agent_issues(Agent *agent, const AgentCall *call);

/** agent_retire: it takes no more jobs. One that could not be made does so before its guest is answered: what
 * that maps next is tried anew, and does not fail for this one's reason. */
void agent_retire(Agent *agent);

/** agent_set_borrowing: tell what has become of borrowing the thread. */
void agent_set_borrowing(Agent *agent, AgentBorrowing borrowing);

/** agent_may_rest: whether there is nothing to do for it; from now on it rests then. */
bool agent_may_rest(Agent *agent);

/** agent_settle: it has been made: from now on it may rest, and memory may be lent by it. */
void agent_settle(Agent *agent);

/** agent_take_back: it is about to go: have memory that was lent by it taken back, and wait until it is. Once it is
 * called none is lent any more. */
void agent_take_back(Agent *agent);

/** agent_ended: it is gone: forget it, and see to the jobs that it leaves. Drops the thread's
 * reference. */
void agent_ended(Agent *agent, int error);

/** agent_is_guest: whether the thread that is to be borrowed is a guest's. Trace it only then, and see
 * afterwards that it still waits: what was seen was about it. */
bool agent_is_guest(const Agent *agent);

/** agent_trouble: report what went wrong with it. */
void agent_trouble(const Agent *agent, IncidentKind kind);

/** agent_no_caps: a file with the header and the data of a capset(2) that drops everything. */
int agent_no_caps(const Agent *agent);
