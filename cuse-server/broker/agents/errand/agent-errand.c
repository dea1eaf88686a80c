/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation.
 *
 * pidfd_getfd() takes a file out of another thread's descriptor table. A guest must not take an agent's files this way.
 * Checking the guest's arguments before its call does not help: there are many ways to get a descriptor of a thread (pidfds of
 * threads, file handles of pidfds), and a guest can replace one with another after the check, while the call itself is a single
 * system call.
 *
 * So a guest's call is not carried out on the guest's own table. The broker has an errand make it. An errand is a thread that
 * is made as an agent is, with the help of the guest's thread that calls. It lives for this one call:
 *
 * 1. It gets a copy of the caller's table. No other thread can write to this copy.
 * 2. The broker looks at the pidfd in this copy. If it refers to an agent, the call is refused.
 * 3. Otherwise the errand makes the call. The kernel checks whether this caller may do so, by all that it goes by (users,
 *    capabilities, namespaces, security modules).
 * 4. The file becomes the caller's. The broker takes it and passes it on; or, if a file of that kind could hold up the broker,
 *    the errand sends it to the caller in a message (broker/agents/errand/agent-delivery.h).
 *
 * errand-fetch.c does steps 2 and 3.
 *
 * Source: kernel/pid.c (pidfd_getfd), kernel/ptrace.c (__ptrace_may_access), fs/pidfs.c.
 */
#include "cuse-server/broker/agents/errand/agent-errand.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/agent-internal.h"
#include "cuse-server/broker/agents/errand/agent-delivery.h"
#include "cuse-server/broker/agents/errand/errand-fetch.h"
#include "cuse-server/broker/agents/thread/agent-borrow.h"
#include "cuse-server/broker/agents/thread/agent-calls.h"
#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker close name_to_handle_at */

/* Linux 6.5. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

enum { FILEID_INO32_GEN = 1 };

/* Clean up a thread that did not end as planned. If the guest tampered with it, kill its process first. */
static void abandon(const Agent *agent, pid_t tid, TraceeResult result)
{
    if (result == TRACEE_TAMPERED) {
        agent_punish(agent);
    }
    tracee_reap(tid);
}

/* --- the steps of both threads ---------------------------------------------------------------- */

/*
 * Trip: what the steps of both threads share.
 * @tid: the errand's thread
 * @value: the result of the caller's call so far: a file's number, in the table of the thread that has the file by then, or
 *     minus an errno
 * @file: the file that the errand fetched, while the broker has it; -1: the broker does not have it
 * @by_message: the file goes in a message. If false, the broker passes it on, if the broker may take it.
 * @needs_message: set if the broker may not take it
 */
typedef struct {
    pid_t tid;
    int64_t value;
    int file;
    bool by_message;
    bool needs_message;
    AgentDelivery delivery;
} Trip;

typedef TraceeResult (*Step)(Agent *agent, Trip *trip);

/* Have one of the two threads carry out a step. The thread stands still after a system call. */
static TraceeResult step_of(Agent *agent, pid_t tid, Step step, Trip *trip)
{
    TraceeResult result;

    if (!tracee_init(&agent->tracee, tid)) {
        return TRACEE_ENDED;
    }
    agent_born(agent);
    result = step(agent, trip);
    agent_forget(agent);
    return result;
}

static TraceeResult fetch_step(Agent *agent, Trip *trip)
{
    return errand_fetch(agent, &trip->value);
}

static TraceeResult take_step(Agent *agent, Trip *trip)
{
    return agent_take_file(agent, trip->file, &trip->value);
}

static TraceeResult prepare_step(Agent *agent, Trip *trip)
{
    return agent_delivery_prepare(agent, &trip->delivery, &trip->value);
}

static TraceeResult send_step(Agent *agent, Trip *trip)
{
    return agent_delivery_send(agent, &trip->delivery, &trip->value);
}

static TraceeResult receive_step(Agent *agent, Trip *trip)
{
    return agent_delivery_receive(agent, &trip->delivery, &trip->value);
}

/* End the errand, which has done its work. */
static TraceeResult exit_step(Agent *agent, Trip *trip)
{
    TraceeResult result = tracee_exit(&agent->tracee);

    (void)trip;
    return result == TRACEE_ENDED ? TRACEE_OK : result;
}

/* --- how the file gets to the caller ---------------------------------------------------------- */

/* Whether the file is on a file system whose handles consist of inode numbers and generations of 32 bits: tmpfs (memfds)
 * and the like. FUSE, and overlays on FUSE, have other handles. No server is asked for the handle: the kernel makes it up.
 * Source: include/linux/exportfs.h. */
static bool is_local(int file)
{
    union {
        struct file_handle head;
        uint8_t room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;

    return name_to_handle_at(file, "", &handle.head, &mount, AT_EMPTY_PATH | AT_HANDLE_FID) == 0 &&
           handle.head.handle_type == FILEID_INO32_GEN;
}

/* Whether the broker may have the file in its own table. Closing a file of these kinds does not wait for a guest as long
 * as the file is open elsewhere, and the errand still has it open. No other thread can put another file under the number
 * meanwhile. */
static bool broker_may_take(pid_t tid, int number)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", tid);
    int file = guest_thread_file(directory, number);
    struct stat st;
    bool may = file >= 0 && stand_ins_stat(file, &st) &&
               ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || is_local(file));

    close_if_open(file);
    return may;
}

/* Pass the file on through the broker's table. The guest then makes no system call that a filter of its own may not
 * expect. */
static TraceeResult deliver_by_hand(Agent *agent, Trip *trip)
{
    TraceeResult result = TRACEE_OK;

    trip->file = guest_thread_take(trip->tid, (int)trip->value);
    trip->value = trip->file < 0 ? -errno : 0;
    if (trip->file >= 0) {
        result = step_of(agent, agent->borrowed.tid, take_step, trip);
        close(trip->file);
    }
    return result;
}

static TraceeResult deliver(Agent *agent, Trip *trip)
{
    if (trip->by_message) {
        return step_of(agent, trip->tid, send_step, trip);
    }
    if (broker_may_take(trip->tid, (int)trip->value)) {
        return deliver_by_hand(agent, trip);
    }
    trip->needs_message = true;
    return TRACEE_OK;
}

/* Have the errand fetch the file, deliver the file, and end the errand. */
static TraceeResult do_errand(Agent *agent, Trip *trip)
{
    TraceeResult result = step_of(agent, trip->tid, fetch_step, trip);

    if (result == TRACEE_OK && trip->value >= 0) {
        result = deliver(agent, trip);
    }
    return result == TRACEE_OK ? step_of(agent, trip->tid, exit_step, trip) : result;
}

/* Make the errand with the help of the caller, and let it work. TRACEE_ENDED: the caller is being killed. */
static TraceeResult go(Agent *agent, Trip *trip)
{
    TraceeResult result = tracee_clone(&agent->borrowed, AGENT_CLONE_FLAGS, &trip->tid);

    trip->value = trip->tid;
    if (trip->tid <= 0) {
        return result;
    }
    if (result == TRACEE_OK) {
        result = do_errand(agent, trip);
    }
    if (result != TRACEE_OK) {
        abandon(agent, trip->tid, result);
        /* This is the result if only the errand has ended: a filter of the guest's own can kill a single thread. */
        trip->value = -ESRCH;
    }
    return result == TRACEE_TAMPERED ? TRACEE_ENDED : TRACEE_OK;
}

/* Repeat the call with a second errand, which has the sockets. */
static TraceeResult go_with_message(Agent *agent, Trip *trip)
{
    const pid_t caller = agent->borrowed.tid;
    TraceeResult result = TRACEE_OK;

    trip->by_message = true;
    trip->value = -agent_delivery_init(&trip->delivery);
    if (trip->value == 0) {
        result = step_of(agent, caller, prepare_step, trip);
        if (result == TRACEE_OK && trip->value == 0) {
            result = go(agent, trip);
        }
        if (result == TRACEE_OK) {
            result = step_of(agent, caller, receive_step, trip);
        }
    }
    agent_delivery_clear(&trip->delivery);
    return result;
}

/* Carry out the call. The caller is borrowed: it stands still. Signals that arrive for it meanwhile wait until its call is
 * done. */
static void run(Agent *agent)
{
    TraceeRegs regs = agent->borrowed.regs;
    Trip trip = {.file = -1};
    uint64_t blocked;
    TraceeResult result;

    tracee_block_signals(agent->borrowed.tid, &blocked);
    result = go(agent, &trip);
    if (result == TRACEE_OK && trip.needs_message) {
        result = go_with_message(agent, &trip);
    }
    if (result == TRACEE_OK) {
        tracee_regs_set_result(&regs, trip.value);
        (void)tracee_detach(agent->borrowed.tid, &regs, blocked);
    } else {
        abandon(agent, agent->borrowed.tid, result);
    }
}

gpointer agent_errand_main(gpointer data)
{
    Agent *agent = data;
    int error = 0;

    agent_set_out(agent);
    if (agent_borrow(agent, &error)) {
        run(agent);
    }
    agent_ended(agent, error);
    return NULL;
}
