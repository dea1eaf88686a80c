/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/service-answers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/guests/guest-ioctl.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/caller-memory.h"
#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/inventory/host-file.h"

/* #syscalls:broker close */

static int answer_open(const ServiceConfig *config, const BrokerRequest *request,
                       ServiceAnswer *answer)
{
    const HostFiles files = {config->devices, config->n_devices, config->simulated,
                             config->driver_mark};
    const int fd =
        host_files_open(&files, config->host_nodes, request->open.device, (int)request->open.flags);
    const int error = fd < 0 ? errno : 0;

    answer->fds[0] = fd;
    answer->driver_changed = error == ESTALE;
    return error;
}

/*
 * Identify a guest's descriptor. If the thread's call waits in a notification, the thread is a guest's, and needs no check
 * against @members.
 */
static int find_file(const ServiceConfig *config, const BrokerRequest *request, FileKey *key,
                     GuestDescriptor *seen)
{
    GuestCall *call = guest_calls_use(config->calls, request->identify.tid);
    int file = -1;

    if (!call) {
        return guest_file_identify(&config->files, request->identify.tid, request->identify.fd, key,
                                   seen);
    }
    const struct seccomp_notif notif = {.id = call->id, .pid = (uint32_t)call->tid};
    int error = guest_file_identify_waiting(&config->files, call->listener, &notif,
                                            request->identify.fd, key, &file);
    close_if_open(file);
    guest_calls_unuse(config->calls, call);
    return error;
}

static int answer_identify(const ServiceConfig *config, const BrokerRequest *request,
                           ServiceAnswer *answer)
{
    FileKey key = 0;
    GuestDescriptor seen = {.info = -1};
    int error = find_file(config, request, &key, &seen);

    answer->reply.file = file_key_id(key);
    answer->reply.inode = seen.inode;
    answer->reply.mount = seen.mount;
    answer->fds[0] = seen.info;
    answer->n_fds = seen.info >= 0 ? 1 : 0;
    return error;
}

static int answer_process(const ServiceConfig *config, const BrokerRequest *request,
                          BrokerReply *reply)
{
    GuestProcess process;

    if (!guest_thread_process(config->members, request->process.tid, &process)) {
        return ESRCH;
    }
    reply->process = process.id;
    reply->uid = process.uid;
    return 0;
}

static int answer_number(const ServiceConfig *config, const BrokerRequest *request,
                         BrokerReply *reply)
{
    return guest_thread_number(config->members, request->number.tid, request->number.process,
                               &reply->number)
               ? 0
               : ESRCH;
}

/*
 * Open a device without a node for a guest. This thread may wait for that open: only for this kind of device the worker
 * answers an open without waiting for anything itself (worker/doors/file-calls.c).
 */
static int open_for_guest(const ServiceConfig *config, const BrokerRequest *request,
                          const GuestCall *call, BrokerReply *reply)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", call->tid);
    GuestRights *rights = guest_rights_read(directory, true);

    if (!rights) {
        return ESRCH;
    }
    FileKey key;
    int fd = stand_ins_open(config->files.stand_ins, request->install.device, O_RDWR, &key);
    if (fd < 0) {
        int error = errno;
        guest_rights_unref(rights);
        return error;
    }
    openers_note(config->openers, key, rights);
    reply->file = file_key_id(key);
    /* This succeeds only if the caller still waits. So its thread id was not reused, and @rights are those of the caller. */
    reply->guest_fd = notification_add(call->listener, call->id, fd, O_CLOEXEC);
    close(fd);
    return reply->guest_fd < 0 ? -reply->guest_fd : 0;
}

static int answer_install(const ServiceConfig *config, const BrokerRequest *request,
                          BrokerReply *reply)
{
    if (request->install.device >= config->n_devices ||
        device_has_node(&config->devices[request->install.device])) {
        return EINVAL;
    }
    GuestCall *call = guest_calls_use(config->calls, request->install.tid);
    if (!call) {
        return EOPNOTSUPP;
    }
    int error = open_for_guest(config, request, call, reply);
    guest_calls_unuse(config->calls, call);
    return error;
}

/* Returns true if agents make this ioctl, and @fd is the host's file of a device that has it. A blank file has no ioctl. */
static bool may_be_in_guest(const ServiceConfig *config, const BrokerRequest *request, int fd)
{
    const HostFiles files = {config->devices, config->n_devices, .mark = -1};
    DeviceKind kind;

    return request->in_guest.size <= BROKER_PARAMS_MAX &&
           guest_ioctl_needs_agent(request->in_guest.command, &kind) &&
           host_files_have_kind(&files, fd, kind);
}

/* Let an agent make an ioctl in the guest's process. The guest must be waiting in an ioctl with the same command. */
static int answer_in_guest(const ServiceConfig *config, const ServiceQuestion *question,
                           BrokerReply *reply)
{
    const BrokerRequest *request = &question->request;
    AgentIoctl what = {question->fd, request->in_guest.command, reply->params,
                       request->in_guest.size};
    GuestCall *call;

    if (!may_be_in_guest(config, request, question->fd)) {
        return EINVAL;
    }
    call = guest_calls_use(config->calls, request->in_guest.tid);
    if (!call) {
        return EOPNOTSUPP;
    }
    bool same = call->command == what.command;
    pid_t group = guest_thread_group(call->tid);
    /* If the caller still waits, its thread id had not been reused when its thread group was looked up. */
    if (!notification_is_valid(call->listener, call->id)) {
        group = -1;
    }
    guest_calls_unuse(config->calls, call);
    if (!same || group < 0) {
        return same ? ESRCH : EPERM;
    }
    memcpy(reply->params, request->in_guest.params, what.size);
    return agents_ioctl(config->agents, group, &what);
}

/* Give the worker access to the memory of a thread that is in a call on a file. */
static int answer_memory(const ServiceConfig *config, const BrokerRequest *request,
                         ServiceAnswer *answer)
{
    const CallerRule rule = {config->members, guest_file_which, &config->files, config->openers,
                             config->agents};
    CallerMemory memory;
    int error = caller_memory_open(&rule, request->process.tid, &memory);

    if (error == 0) {
        answer->fds[0] = memory.memory;
        answer->fds[1] = memory.thread;
        answer->n_fds = 2;
        answer->reply.file = file_key_id(memory.file);
        answer->reply.process = memory.process.id;
        answer->reply.uid = memory.process.uid;
        answer->reply.lending = memory.lending;
    }
    return error;
}

int service_find_answer(const ServiceConfig *config, const ServiceQuestion *question,
                        ServiceAnswer *answer)
{
    const BrokerRequest *request = &question->request;

    switch (request->op) {
    case BROKER_OPEN:
        answer->n_fds = 1;
        return answer_open(config, request, answer);
    case BROKER_IDENTIFY:
        return answer_identify(config, request, answer);
    case BROKER_PROCESS:
        return answer_process(config, request, &answer->reply);
    case BROKER_NUMBER:
        return answer_number(config, request, &answer->reply);
    case BROKER_INSTALL:
        return answer_install(config, request, &answer->reply);
    case BROKER_IN_GUEST:
        return answer_in_guest(config, question, &answer->reply);
    case BROKER_MEMORY:
        return answer_memory(config, request, answer);
    default:
        return EINVAL;
    }
}
