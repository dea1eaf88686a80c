/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/guest-attach.h"

#include <stdbool.h>

#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-rights.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker clock_nanosleep */

enum {
    ARG_THREAD = 1,      /* in ptrace(request, thread, ...) */
    RELEASE_LOOKS = 100, /* while waiting until a thread of the guest's is released */
    RELEASE_MICROSECONDS = 500,
};

/* Find the traced thread that the caller names by @number. Returns false if the broker traces no such thread. */
static bool find_thread(Agents *agents, pid_t caller, uint32_t number, AgentThread *found)
{
    g_autoptr(GArray) threads = agents_threads(agents);

    for (guint i = 0; i < threads->len; i++) {
        const AgentThread *thread = &g_array_index(threads, AgentThread, i);
        if (guest_thread_is_numbered(caller, thread->tid, number)) {
            *found = *thread;
            return true;
        }
    }
    return false;
}

/* Compare the caller's rights with those of the agent's process: the agent itself does not have capabilities. */
static bool may_attach(pid_t caller, pid_t group)
{
    g_autofree char *own = g_strdup_printf("/proc/%d", caller);
    g_autofree char *other = g_strdup_printf("/proc/%d", group);
    g_autoptr(GuestRights) tracer = guest_rights_read(own, true);
    g_autoptr(GuestRights) target = guest_rights_read(other, true);

    return tracer && target &&
           guest_rights_may_trace(tracer, target,
                                  tracer->user_namespace != target->user_namespace &&
                                      guest_rights_below(other, tracer->user_namespace));
}

/* Wait until the broker has released a thread. The agent has already ended, but the broker may release the guest's thread
 * that the agent was made with a moment later. */
static void wait_until_released(pid_t tid)
{
    for (unsigned look = 0; look < RELEASE_LOOKS && guest_thread_tracer(tid) != 0; look++) {
        g_usleep(RELEASE_MICROSECONDS);
    }
}

void guest_attach_answer(Agents *agents, int listener, const struct seccomp_notif *notif)
{
    const pid_t caller = (pid_t)notif->pid;
    AgentThread thread;

    /* If the caller still waits, its thread id was not reused, so the rights that were read are its own. */
    if (find_thread(agents, caller, (uint32_t)notif->data.args[ARG_THREAD], &thread) &&
        may_attach(caller, thread.group) && notification_is_valid(listener, notif->id)) {
        agents_dismiss(agents, thread.group);
        wait_until_released(thread.tid);
    }
    notification_continue(listener, notif->id);
}
