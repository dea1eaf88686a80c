/* SPDX-License-Identifier: Apache-2.0 */
/* The answers to the worker's questions that may have to wait for something. The worker may be compromised: each answer checks what
 * it asks for. */
#pragma once

#include "cuse-server/broker/life/service.h"
#include "cuse-server/wire/broker-protocol.h"
#include "cuse-server/wire/seqpacket.h"

/** ServiceQuestion: a question of the worker. @fd: the file that the worker sent along, or -1 */
typedef struct {
    BrokerRequest request;
    int fd;
} ServiceQuestion;

/** ServiceAnswer: the answer to a question. @fds: the files that go along if there is no error. @driver_changed: the host's driver is
 * not the one that the worker was started for */
typedef struct {
    BrokerReply reply;
    int fds[SEQPACKET_FILES_MAX];
    unsigned n_fds;
    bool driver_changed;
} ServiceAnswer;

/** service_find_answer: find the answer to a question. Returns 0 or an errno, which is the answer then. Files that it puts into @answer
 * are the caller's in any case. */
int service_find_answer(const ServiceConfig *config, const ServiceQuestion *question,
                        ServiceAnswer *answer);
