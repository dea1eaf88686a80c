/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recorded host answered, looked up by what it is asked. A live program does not ask what the
 * recorded one did in the same order, with the same handles, or as often: so a question is matched by
 * what it is. Not thread-safe.
 */
#pragma once

#include "cuse-server/recording/host-buffers.h"
#include "cuse-server/recording/names.h"

typedef struct Answers Answers;

/** answers_new: @names: outlives the answers */
Answers *answers_new(TraceNames *names);
void answers_free(Answers *answers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answers, answers_free)

/** answers_learn: take in what the host was asked for an act, and answered; for every act, in order.
 * @act: (transfer full) */
void answers_learn(Answers *answers, TraceAct *act);

/**
 * answers_open: how the next open of a device ended.
 * @device: index into the session's devices
 * @file: which it was, for answers_opened()
 * Returns: 0 or an errno; 0 also where the recording has none.
 */
int answers_open(Answers *answers, unsigned device, unsigned *file);

/** answers_opened: there is a host's file @fd now. */
void answers_opened(Answers *answers, uint32_t fd, unsigned file);
void answers_closed(Answers *answers, uint32_t fd);

/**
 * answers_ioctl: answer an ioctl.
 * @fd: the host's file now
 * @op: what the host is asked, see host_buffers_take()
 * @buffers: where that is: they get the answer
 * @error: set to 0 or an errno
 *
 * Of the recorded ioctls with the same command and, of a control or an allocation, the same command or
 * class in it, those are taken into account whose input is the same: of handles, addresses, descriptors
 * and what the recorded host overwrote nothing is expected. Between them decides how many handles stand for
 * those of then, and whether the file does; where that is equal, the next after the one that this file got
 * last is taken, or else the last before.
 *
 * Returns: false if there is none: the caller gets NV_ERR_NOT_SUPPORTED where there is room for a status,
 * otherwise ENOTTY.
 */
bool answers_ioctl(Answers *answers, uint32_t fd, const TraceOp *op, const HostBuffers *buffers,
                   int *error);
