/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/agent-delivery.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/transport/close-if-open.h"

/* #syscalls:broker socketpair pwrite64 pread64 close */

/*
 * Message: what is in the page. The guest can write to it meanwhile: then the errand sends another file out of its
 * table, or the caller is told another number, all of which are the guest's own.
 */
typedef struct {
    struct msghdr header;
    struct iovec data;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
} Message;
G_STATIC_ASSERT(sizeof(Message) <= AGENT_PARAMS_MAX);

int agent_delivery_init(AgentDelivery *delivery)
{
    const Message nothing = {.byte = 0};
    int sockets[2];

    *delivery =
        (AgentDelivery){.sender = -1, .receiver = -1, .page = -1, .number = -1, .address = -EINVAL};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        return errno;
    }
    delivery->sender = sockets[0];
    delivery->receiver = sockets[1];
    delivery->page = agent_params_new(&nothing, sizeof nothing);
    return delivery->page < 0 ? ENOMEM : 0;
}

static void drop(int *fd)
{
    close_if_open(*fd);
    *fd = -1;
}

void agent_delivery_clear(AgentDelivery *delivery)
{
    drop(&delivery->sender);
    drop(&delivery->receiver);
    drop(&delivery->page);
}

/* A message at @address of the guest's, with the file @number to send, or room for one. */
static Message compose(uint64_t address, int number)
{
    Message message = {
        .header = {.msg_iov = (struct iovec *)(uintptr_t)(address + offsetof(Message, data)),
                   .msg_iovlen = 1,
                   .msg_control = (void *)(uintptr_t)(address + offsetof(Message, control)),
                   .msg_controllen = CMSG_LEN(sizeof(int))},
        .data = {.iov_base = (void *)(uintptr_t)(address + offsetof(Message, byte)), .iov_len = 1},
        .control.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS},
    };

    memcpy(CMSG_DATA(&message.control.header), &number, sizeof number);
    return message;
}

/* The file's number that a message came with, or minus an errno. */
static int64_t number_in(const Message *message)
{
    int number = -1;

    if (message->header.msg_controllen >= CMSG_LEN(sizeof number) &&
        message->control.header.cmsg_type == SCM_RIGHTS) {
        memcpy(&number, CMSG_DATA(&message->control.header), sizeof number);
    }
    return number >= 0 ? number : -EMFILE; /* the kernel gave it none: the caller's table is full */
}

/* Map the page, which both threads then have. @value: 0 or minus an errno */
static TraceeResult map_page(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    int64_t fd;
    TraceeResult result = agent_take_file(agent, delivery->page, &fd);

    *value = MIN(fd, 0);
    if (result == TRACEE_OK && fd >= 0) {
        result = agent_map_page(agent, fd, PROT_READ | PROT_WRITE, &delivery->address);
        *value = agent_is_error(delivery->address) ? delivery->address : 0;
    }
    return result;
}

/* Have the tracee call sendmsg() or recvmsg() on a socket of its own. @message: set to what is in the page then */
static TraceeResult call(Agent *agent, const AgentDelivery *delivery, TraceeCall *wanted,
                         Message *message)
{
    TraceeResult result = TRACEE_OK;

    wanted->args[1] = (uint64_t)delivery->address;
    wanted->result = -EIO;
    if (pwrite(delivery->page, message, sizeof *message, 0) == sizeof *message) {
        result = tracee_do(&agent->tracee, wanted);
    }
    if (pread(delivery->page, message, sizeof *message, 0) != sizeof *message) {
        wanted->result = -EIO;
    }
    return result;
}

/* A socket for the tracee, which is not the broker's any more. */
static TraceeResult give(Agent *agent, int *socket, int64_t *number)
{
    TraceeResult result = agent_take_file(agent, *socket, number);

    drop(socket);
    return result;
}

TraceeResult agent_delivery_expect(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    TraceeResult result = give(agent, &delivery->receiver, &delivery->number);

    *value = MIN(delivery->number, 0);
    return result;
}

TraceeResult agent_delivery_send(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    const int file = (int)*value;
    TraceeCall send = {.number = SYS_sendmsg, .args = {0, 0, MSG_DONTWAIT | MSG_NOSIGNAL}};
    int64_t socket;
    TraceeResult result = give(agent, &delivery->sender, &socket);

    *value = MIN(socket, 0);
    if (result == TRACEE_OK && socket >= 0) {
        result = map_page(agent, delivery, value);
    }
    if (result == TRACEE_OK && *value == 0) {
        Message message = compose((uint64_t)delivery->address, file);
        send.args[0] = (uint64_t)socket;
        result = call(agent, delivery, &send, &message);
        *value = MIN(send.result, 0);
    }
    return result; /* what it still has goes with it */
}

TraceeResult agent_delivery_receive(Agent *agent, AgentDelivery *delivery, int64_t *value)
{
    Message message = compose((uint64_t)delivery->address, -1);
    TraceeCall receive = {
        .number = SYS_recvmsg,
        .args = {(uint64_t)delivery->number, 0, MSG_DONTWAIT | MSG_CMSG_CLOEXEC},
    };
    TraceeResult result = TRACEE_OK;

    if (*value >= 0) {
        result = call(agent, delivery, &receive, &message);
        *value = receive.result < 0 ? receive.result : number_in(&message);
    }
    if (result == TRACEE_OK && !agent_is_error(delivery->address)) {
        result = agent_unmap_page(agent, delivery->address);
    }
    return result == TRACEE_OK ? agent_close(agent, delivery->number) : result;
}
