/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guest-ioctl.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"
#include "cuse-server/broker/caller-memory.h"
#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/notification.h"
#include "cuse-server/transport/close-if-open.h"

/* #syscalls:broker close */

/* Calls in which the driver acts on the address space of the task that makes them, and the devices that have them. */
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

/* May the worker have the caller's memory, and with it ask us what its call lets it ask? */
static void take_memory(const GuestIoctl *guest, GuestIoctlCall *call)
{
    if (call->memory < 0 && !call->denied) {
        call->denied =
            caller_memory_open_waiting(guest->openers, &call->base, call->base.file, &call->memory);
    }
}

/* From now on until answer() it may. */
static void open_call(const GuestIoctl *guest, GuestIoctlCall *call)
{
    if (!call->is_open && !call->denied) {
        call->is_open = true;
        guest_calls_begin(guest->calls, &call->base);
    }
}

static void end_call(const GuestIoctl *guest, GuestIoctlCall *call)
{
    if (call->is_open) {
        guest_calls_end(guest->calls, &call->base);
        call->is_open = false;
    }
}

static void close_call(const GuestIoctl *guest, GuestIoctlCall *call)
{
    end_call(guest, call);
    close_if_open(call->memory);
    call->memory = -1;
    call->denied = 0;
}

/* Have the worker carry it out. */
static void ask(const GuestIoctl *guest, const struct seccomp_notif *notif, bool may_wait,
                GuestIoctlCall *call)
{
    WorkerQuestion question = {
        .op = WORKER_IOCTL,
        .ioctl = {.tid = call->base.tid,
                  .command = call->base.command,
                  .argument = notif->data.args[ARG_ARGUMENT]},
    };

    take_memory(guest, call);
    open_call(guest, call);
    question.ioctl.denied = (uint32_t)call->denied;
    if (call->denied != ESRCH) {
        call->is_asked = worker_link_send(guest->worker, &question, call->base.file,
                                          call->denied ? -1 : call->memory, may_wait, &call->asked);
    }
}

/* Tell the caller what the worker says. */
static void answer(const GuestIoctl *guest, GuestIoctlCall *call)
{
    int error = ESRCH;
    int fd = -1;

    if (call->is_asked) {
        error = worker_link_wait(guest->worker, &call->asked, &fd);
        end_call(guest, call);
    }
    if (error) {
        notification_fail(call->base.listener, call->base.id, error);
    } else {
        (void)notification_return(call->base.listener, call->base.id, 0);
    }
    close_if_open(fd); /* there is nothing to send back */
}

/* If the process has no agent and needs one, that is made first, and the guest calls again. */
static void ask_and_answer(const GuestIoctl *guest, const struct seccomp_notif *notif,
                           GuestIoctlCall *call)
{
    const int listener = call->base.listener;
    const bool in_guest = guest_ioctl_needs_agent(call->base.command, NULL);
    const pid_t group = in_guest ? guest_thread_group(call->base.tid) : -1;
    bool again = false;
    AgentHold *hold = NULL;

    /* If there can be none, that is for the worker to deal with. */
    take_memory(guest, call);
    if (!call->denied && group > 0 && notification_is_valid(listener, notif->id)) {
        hold = agents_hold(guest->agents, listener, notif, group, &again);
    }
    if (!again) {
        ask(guest, notif, true, call);
        answer(guest, call);
    }
    agents_release(hold);
}

static void identify(const GuestIoctl *guest, const struct seccomp_notif *notif,
                     GuestIoctlCall *call)
{
    int file = -1;

    call->is_known = true;
    call->is_own =
        guest_file_identify_waiting(&guest->files, call->base.listener, notif,
                                    (int)notif->data.args[ARG_FD], &call->base.file, &file) == 0;
    close_if_open(file);
}

void guest_ioctl_begin(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif,
                       GuestIoctlCall *call)
{
    *call = (GuestIoctlCall){
        .base = {.tid = (pid_t)notif->pid,
                 .listener = listener,
                 .id = notif->id,
                 .command = (uint32_t)notif->data.args[ARG_COMMAND]},
        .memory = -1,
    };
    /* Agents take their time. */
    if (guest->files.stand_ins->transport == TRANSPORT_NOTIFY &&
        !guest_ioctl_needs_agent(call->base.command, NULL)) {
        identify(guest, notif, call);
        if (call->is_own) {
            ask(guest, notif, false, call);
        }
    }
}

void guest_ioctl_finish(const GuestIoctl *guest, const struct seccomp_notif *notif,
                        GuestIoctlCall *call)
{
    /* Left for a while, it may be for a worker that has ended, and to the next the number is another file's. */
    if (!call->is_known || (call->is_own && !call->is_asked)) {
        close_call(guest, call);
        identify(guest, notif, call);
    }
    if (!call->is_own) {
        notification_continue(call->base.listener, notif->id);
    } else if (call->is_asked) {
        answer(guest, call);
    } else {
        ask_and_answer(guest, notif, call);
    }
    close_call(guest, call);
}
