/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/guest-attach.h"

#include <stdbool.h>

#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-rights.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker clock_nanosleep */

enum {
    ARG_THREAD = 1,      /* of ptrace(request, thread, ...) */
    RELEASE_LOOKS = 100, /* for a thread of the guest's to be let go of */
    RELEASE_MICROSECONDS = 500,
};

/* Find the thread of ours that the caller means. Returns false if there is none. */
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

/* An agent has no capabilities: what counts are the rights of its process. */
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

/* The agent has ended; a thread of the guest's that it was made with may be let go of a moment later. */
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

    /* That the caller still waits says that its number was its own, and so its rights. */
    if (find_thread(agents, caller, (uint32_t)notif->data.args[ARG_THREAD], &thread) &&
        may_attach(caller, thread.group) && notification_is_valid(listener, notif->id)) {
        agents_dismiss(agents, thread.group);
        wait_until_released(thread.tid);
    }
    notification_continue(listener, notif->id);
}
