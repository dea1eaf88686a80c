/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the broker and receives its answers (wire/broker-protocol.h). Any number of threads may ask at once. One of the waiting threads
 * receives the answers for all of them, so that no thread is woken only to wake another.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"

/**
 * BrokerAsk: the questions that wait for an answer.
 * @questions: serial -> the question, on the stack of the thread that waits
 * @receiving: one of the waiting threads receives for all of them
 * @gone: the broker has ended
 */
typedef struct {
    int socket;
    GMutex lock; /* guards what follows, and every question */
    GHashTable *questions;
    uint32_t last_serial;
    bool receiving;
    bool gone;
} BrokerAsk;

/** broker_ask_init: prepare to ask. @socket: the worker's end of the SOCK_SEQPACKET pair */
void broker_ask_init(BrokerAsk *asks, int socket);

/**
 * broker_ask_for_files: ask a question, and wait for the answer.
 * @request: the function sets its serial
 * @sent_fd: a file to send along, or -1; stays the caller's
 * @fds: set to the files of the answer, which the caller owns; unused elements are -1
 * Returns: the broker's 0 or errno; EIO: the broker has ended.
 */
int broker_ask_for_files(BrokerAsk *asks, BrokerRequest *request, int sent_fd, BrokerReply *reply,
                         int fds[SEQPACKET_FILES_MAX]);

/** broker_ask_with: ask as broker_ask_for_files() does, a question whose answer carries at most one file. @fd: set to it, or to -1 */
int broker_ask_with(BrokerAsk *asks, BrokerRequest *request, int sent_fd, BrokerReply *reply,
                    int *fd);

/** broker_ask: ask as broker_ask_with() does, without a file to send along. */
int broker_ask(BrokerAsk *asks, BrokerRequest *request, BrokerReply *reply, int *fd);

/** broker_ask_plainly: ask a question whose answer carries no file. */
int broker_ask_plainly(BrokerAsk *asks, BrokerRequest *request, BrokerReply *reply);

/** broker_ask_send: send a message that has no answer. Returns false if the broker has ended. */
bool broker_ask_send(BrokerAsk *asks, const BrokerRequest *request);
