/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the broker's answers to its worker: the input is the messages of a fallen worker, of any size, with and without a
 * file. The real service answers, on a host without the devices and without guests.
 *
 * Beside the findings of the sanitizers: the service answers only questions, no answer reports success or has a file, and no
 * descriptor is left.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cuse-server/broker/life/service.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"
#include "tests/fuzz/input.h"

enum { MESSAGES_MAX = 24, THREADS = 2, BYTES_MAX = 320 };

/* Make a message: most of the time a request with a likely op. */
static bool send_one(Input *input, int socket)
{
    uint8_t bytes[BYTES_MAX];
    uint8_t choice = input_byte(input);
    size_t size = choice < 240 ? sizeof(BrokerRequest) : (choice - 240U) * BYTES_MAX / 16;

    G_STATIC_ASSERT(sizeof(BrokerRequest) < BYTES_MAX);

    input_take(input, bytes, sizeof bytes);
    if (choice < 200) {
        uint32_t op = choice % 12;
        memcpy(bytes, &op, sizeof op);
    }
    return seqpacket_send(socket, bytes, size, choice & 1 ? socket : -1);
}

static void take_answers(int socket, int timeout)
{
    struct pollfd readable = {.fd = socket, .events = POLLIN};
    BrokerReply reply;
    int fd;

    while (poll(&readable, 1, timeout) > 0) {
        SeqpacketResult result = seqpacket_receive(socket, &reply, sizeof reply, &fd);
        if (result == SEQPACKET_GONE) {
            return;
        }
        g_assert_cmpint(fd, ==, -1);
        g_assert_true(result == SEQPACKET_NOTHING || reply.error != 0);
    }
}

static int count_files(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const Device devices[] = {{DEVICE_FRONTEND, "nvidiactl", 1},
                                     {DEVICE_UVM, "nvidia-uvm", 2},
                                     {DEVICE_DMA_BUF, "nvidia-dmabuf", 0}};
    StandIns stand_ins;
    g_autoptr(Openers) openers = openers_new(8);
    g_autoptr(GuestCalls) calls = guest_calls_new();
    GuestMembers *members = guest_members_new();
    int files = count_files();
    int sockets[2];
    Input input = {data, size};
    gint driver_changed = 0;

    stand_ins_init(&stand_ins, TRANSPORT_CUSE, "fuzz", devices, G_N_ELEMENTS(devices));
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), ==, 0);
    Service *service = service_start(&(ServiceConfig){
        .socket = sockets[0],
        .worker = -1,
        .host_nodes = -1,
        .driver_mark = -1,
        .driver_changed = &driver_changed,
        .devices = devices,
        .n_devices = G_N_ELEMENTS(devices),
        .threads = THREADS,
        .members = members,
        .files = {.stand_ins = &stand_ins, .members = members},
        .openers = openers,
        .calls = calls,
        .notices = -1,
    });
    for (unsigned i = 0; i < MESSAGES_MAX && input.size > 0 && send_one(&input, sockets[1]); i++) {
        take_answers(sockets[1], 0);
    }
    shutdown(sockets[1], SHUT_WR);
    take_answers(sockets[1], -1);
    close(sockets[1]);
    service_stop(service);
    close(sockets[0]);
    g_assert_cmpint(count_files(), ==, files);
    stand_ins_clear(&stand_ins);
    guest_members_free(members);
    return 0;
}
