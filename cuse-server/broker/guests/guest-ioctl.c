/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/guest-ioctl.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"
#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/caller-memory.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker close */

/* Calls in which the driver acts on the address space of the calling task, and the kinds of device that have them. */
static const struct {
    uint32_t command;
    DeviceKind kind;
} agent_commands[] = {
    {NV_FRONTEND_WORD(NV_ESC_RM_ALLOC_MEMORY, sizeof(nv_ioctl_nvos02_parameters_with_fd)),
     DEVICE_FRONTEND},
    {NV_FRONTEND_WORD(NV_ESC_RM_VID_HEAP_CONTROL, sizeof(NVOS32_PARAMETERS)), DEVICE_FRONTEND},
    {UVM_INITIALIZE, DEVICE_UVM},
};
G_STATIC_ASSERT(sizeof(NVOS32_PARAMETERS) <= BROKER_PARAMS_MAX);

bool guest_ioctl_needs_agent(uint32_t command, DeviceKind *kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(agent_commands); i++) {
        if (agent_commands[i].command == command) {
            if (kind) {
                *kind = agent_commands[i].kind;
            }
            return true;
        }
    }
    return false;
}

/* ioctl(fd, command, argument) */
enum { ARG_FD, ARG_COMMAND, ARG_ARGUMENT };

/*
 * GuestIoctlCall: an ioctl() that waits in a notification.
 * @base: by this the worker may have something done in the caller's process, or for it, from guest_calls_begin() to
 *     guest_calls_end()
 * @memory: /proc/TID/mem of the caller, or -1
 * @denied: the errno that tells why the worker does not get @memory, or 0
 */
typedef struct {
    GuestCall base;
    int memory;
    int denied;
} GuestIoctlCall;

/* Have the worker carry out the call. Returns 0 or an errno. */
static int ask(const GuestIoctl *guest, const struct seccomp_notif *notif, GuestIoctlCall *call)
{
    WorkerQuestion question = {
        .op = WORKER_IOCTL,
        .ioctl = {.tid = call->base.tid,
                  .command = call->base.command,
                  .argument = notif->data.args[ARG_ARGUMENT],
                  .denied = (uint32_t)call->denied},
    };
    int fd = -1;

    if (call->denied == ESRCH) {
        return ESRCH;
    }
    if (!call->denied) {
        guest_calls_begin(guest->calls, &call->base);
    }
    int error = worker_link_ask(guest->worker, &question, call->base.file,
                                call->denied ? -1 : call->memory, &fd);
    if (!call->denied) {
        guest_calls_end(guest->calls, &call->base);
    }
    close_if_open(fd); /* the worker does not have to send a file */
    return error;
}

static void ask_and_answer(const GuestIoctl *guest, const struct seccomp_notif *notif,
                           GuestIoctlCall *call)
{
    const int error = ask(guest, notif, call);

    if (error) {
        notification_fail(call->base.listener, call->base.id, error);
    } else {
        (void)notification_return(call->base.listener, call->base.id, 0);
    }
}

/* Carry out a call on a file of ours. If the call needs an agent and the process does not have one, have the agent made
 * first; the guest then makes the call again. */
static void carry_out(const GuestIoctl *guest, const struct seccomp_notif *notif,
                      GuestIoctlCall *call)
{
    const int listener = call->base.listener;
    const bool in_guest = guest_ioctl_needs_agent(call->base.command, NULL);
    const pid_t group = in_guest ? guest_thread_group(call->base.tid) : -1;
    bool again = false;
    AgentHold *hold = NULL;

    call->denied =
        caller_memory_open_waiting(guest->openers, &call->base, call->base.file, &call->memory);
    /* If no agent can be made, agents_hold() returns NULL without @again: the worker deals with that. */
    if (!call->denied && group > 0 && notification_is_valid(listener, notif->id)) {
        hold = agents_hold(guest->agents, listener, notif, group, &again);
    }
    if (!again) {
        ask_and_answer(guest, notif, call);
    }
    agents_release(hold);
    close_if_open(call->memory);
}

void guest_ioctl_answer(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif)
{
    GuestIoctlCall call = {
        .base = {.tid = (pid_t)notif->pid,
                 .listener = listener,
                 .id = notif->id,
                 .command = (uint32_t)notif->data.args[ARG_COMMAND]},
        .memory = -1,
    };
    int file = -1;

    if (guest_file_identify_waiting(&guest->files, listener, notif, (int)notif->data.args[ARG_FD],
                                    &call.base.file, &file) == 0) {
        carry_out(guest, notif, &call);
    } else {
        notification_continue(listener, notif->id);
    }
    close_if_open(file);
}
