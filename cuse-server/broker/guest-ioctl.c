/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guest-ioctl.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"
#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/notification.h"
#include "cuse-server/transport/close-if-open.h"

/* #syscalls:broker close */

/* Calls in which the driver acts on the address space of the task that makes them. */
static const uint32_t agent_commands[] = {
    NV_FRONTEND_WORD(NV_ESC_RM_ALLOC_MEMORY, sizeof(nv_ioctl_nvos02_parameters_with_fd)),
    NV_FRONTEND_WORD(NV_ESC_RM_VID_HEAP_CONTROL, sizeof(NVOS32_PARAMETERS)),
    UVM_INITIALIZE,
};
G_STATIC_ASSERT(sizeof(NVOS32_PARAMETERS) <= BROKER_PARAMS_MAX);

bool guest_ioctl_needs_agent(uint32_t command)
{
    for (size_t i = 0; i < G_N_ELEMENTS(agent_commands); i++) {
        if (agent_commands[i] == command) {
            return true;
        }
    }
    return false;
}

/* ioctl(fd, command, argument) */
enum { ARG_FD, ARG_COMMAND, ARG_ARGUMENT };

static void carry_out(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif,
                      uint32_t file)
{
    GuestCall call = {.tid = (pid_t)notif->pid,
                      .listener = listener,
                      .id = notif->id,
                      .command = (uint32_t)notif->data.args[ARG_COMMAND]};
    WorkerQuestion question = {
        .op = WORKER_IOCTL,
        .file = file,
        .ioctl = {.tid = (int32_t)notif->pid,
                  .command = (uint32_t)notif->data.args[ARG_COMMAND],
                  .argument = notif->data.args[ARG_ARGUMENT]},
    };
    int memory = guest_thread_memory(call.tid);
    int fd = -1;

    /* What was opened belonged to this caller only if it still waits. */
    if (memory < 0 || !notification_is_valid(listener, notif->id)) {
        close_if_open(memory);
        notification_fail(listener, notif->id, ESRCH);
        return;
    }
    guest_calls_begin(guest->calls, &call);
    int error = worker_link_ask(guest->worker, &question, memory, &fd);
    guest_calls_end(guest->calls, &call);
    if (error) {
        notification_fail(listener, notif->id, error);
    } else {
        (void)notification_return(listener, notif->id, 0);
    }
    close_if_open(memory);
    close_if_open(fd); /* there is nothing to send back */
}

/* The file is ours. If the process has no agent yet, one is made first, and the guest calls again. */
static void answer_own(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif,
                       uint32_t file, pid_t group)
{
    bool again = false;
    AgentHold *hold = NULL;

    /* If there can be none, that is for the worker to deal with. */
    if (group > 0 && guest_ioctl_needs_agent((uint32_t)notif->data.args[ARG_COMMAND]) &&
        notification_is_valid(listener, notif->id)) {
        hold = agents_hold(guest->agents, listener, notif, group, &again);
    }
    if (!again) {
        carry_out(guest, listener, notif, file);
    }
    agents_release(hold);
}

void guest_ioctl_answer(const GuestIoctl *guest, int listener, const struct seccomp_notif *notif)
{
    int duplicate = -1;
    uint32_t file = 0;
    pid_t group;
    int error = guest_file_identify_waiting(
        &guest->files, listener, notif, (int)notif->data.args[ARG_FD], &file, &duplicate, &group);

    if (error) {
        notification_continue(listener, notif->id);
    } else {
        answer_own(guest, listener, notif, file, group);
    }
    close_if_open(duplicate);
}
