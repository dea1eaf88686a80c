/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/agents/errand/agent-delivery.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/thread/agent-calls.h"
#include "cuse-server/broker/agents/thread/agent-params.h"

/* #syscalls:broker pwrite64 pread64 close */

/*
 * Message: the contents of the page. The guest can write to the page at any time. Then the errand sends another file out of its
 * table, or the caller is told another number. All of these are the guest's own files.
 */
typedef struct {
    struct msghdr header;
    struct iovec data;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    int sockets[2];
    char byte;
} Message;
G_STATIC_ASSERT(sizeof(Message) <= AGENT_PAGE_BYTES);

int agent_delivery_init(AgentDelivery *delivery)
{
    *delivery =
        (AgentDelivery){.page = agent_page_new(), .address = -EINVAL, .sender = -1, .receiver = -1};
    return delivery->page < 0 ? ENOMEM : 0;
}

void agent_delivery_clear(AgentDelivery *delivery)
{
    close_if_open(delivery->page);
    delivery->page = -1;
}

/* Compose a message at @address of the guest's memory. It sends the file @number, or has room to receive one. */
static Message compose(uint64_t address, int number)
{
    Message message = {
        .header = {.msg_iov = (struct iovec *)(uintptr_t)(address + offsetof(Message, data)),
                   .msg_iovlen = 1,
                   .msg_control = (void *)(uintptr_t)(address + offsetof(Message, control)),
                   .msg_controllen = CMSG_LEN(sizeof(int))},
        .data = {.iov_base = (void *)(uintptr_t)(address + offsetof(Message, byte)), .iov_len = 1},
    };
    const struct cmsghdr header = {
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};

    memcpy(message.control, &header, sizeof header);
    memcpy(message.control + CMSG_LEN(0), &number, sizeof number);
    return message;
}

/* Get the number of the file that a message brought, or minus an errno. */
static int64_t number_in(const Message *message)
{
    struct cmsghdr header;
    int number = -1;

    memcpy(&header, message->control, sizeof header);
    if (message->header.msg_controllen >= CMSG_LEN(sizeof number) &&
        header.cmsg_type == SCM_RIGHTS) {
        memcpy(&number, message->control + CMSG_LEN(0), sizeof number);
    }
    return number >= 0 ? number : -EMFILE; /* no number assigned: the caller's table is full */
}

/* Have the tracee map the page, and close its descriptor afterwards. @value: set to 0 or minus an errno */
static TraceeResult map_page(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    int64_t fd;
    TraceeResult result = agent_take_file(agent, delivery->page, &fd);

    *value = MIN(fd, 0);
    if (result != TRACEE_OK || fd < 0) {
        return result;
    }
    result = agent_map_page(agent, fd, PROT_READ | PROT_WRITE, &delivery->address);
    *value = agent_is_error(delivery->address) ? delivery->address : 0;
    return result == TRACEE_OK ? agent_close(agent, fd) : result;
}

static bool read_page(const AgentDelivery *delivery, Message *message)
{
    return pread(delivery->page, message, sizeof *message, 0) == sizeof *message;
}

static TraceeResult make_sockets(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    Message message = {.byte = 0};
    TraceeCall call = {
        .number = SYS_socketpair,
        .args = {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
                 (uint64_t)delivery->address + offsetof(Message, sockets)},
    };
    TraceeResult result = tracee_do(&agent->tracee, &call);

    *value = call.result;
    if (result == TRACEE_OK && call.result == 0) {
        *value = read_page(delivery, &message) ? 0 : -EIO;
        delivery->sender = message.sockets[0];
        delivery->receiver = message.sockets[1];
    }
    return result;
}

TraceeResult agent_delivery_prepare(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    TraceeResult result = map_page(agent, delivery, value);

    return result == TRACEE_OK && *value == 0 ? make_sockets(agent, delivery, value) : result;
}

/* Have the tracee call sendmsg() or recvmsg() on one of its sockets. @message: what to write to the page first; set to the
 * contents of the page after the call */
static TraceeResult call(Agent *agent, const AgentDelivery *delivery, TraceeCall *wanted,
                         Message *message)
{
    TraceeResult result = TRACEE_OK;

    wanted->args[1] = (uint64_t)delivery->address;
    wanted->result = -EIO;
    if (pwrite(delivery->page, message, sizeof *message, 0) == sizeof *message) {
        result = tracee_do(&agent->tracee, wanted);
    }
    if (!read_page(delivery, message)) {
        wanted->result = -EIO;
    }
    return result;
}

TraceeResult agent_delivery_send(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    Message message = compose((uint64_t)delivery->address, (int)*value);
    TraceeCall send = {
        .number = SYS_sendmsg,
        .args = {(uint64_t)delivery->sender, 0, MSG_DONTWAIT | MSG_NOSIGNAL},
    };
    TraceeResult result = call(agent, delivery, &send, &message);

    *value = MIN(send.result, 0);
    return result;
}

static TraceeResult put_away(Agent *agent, const AgentDelivery *delivery)
{
    const int sockets[] = {delivery->sender, delivery->receiver};
    TraceeResult result = TRACEE_OK;

    for (size_t i = 0; result == TRACEE_OK && i < G_N_ELEMENTS(sockets); i++) {
        if (sockets[i] >= 0) {
            result = agent_close(agent, sockets[i]);
        }
    }
    if (result == TRACEE_OK && !agent_is_error(delivery->address)) {
        result = agent_unmap_page(agent, delivery->address);
    }
    return result;
}

TraceeResult agent_delivery_receive(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    Message message = compose((uint64_t)delivery->address, -1);
    TraceeCall receive = {
        .number = SYS_recvmsg,
        .args = {(uint64_t)delivery->receiver, 0, MSG_DONTWAIT | MSG_CMSG_CLOEXEC},
    };
    TraceeResult result = TRACEE_OK;

    if (*value >= 0) {
        result = call(agent, delivery, &receive, &message);
        *value = receive.result < 0 ? receive.result : number_in(&message);
    }
    return result == TRACEE_OK ? put_away(agent, delivery) : result;
}
