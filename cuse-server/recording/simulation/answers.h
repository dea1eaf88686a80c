/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers finds the recorded answer to a call that a program makes now. The program does not make the recorded
 * program's calls in the same order, with the same handles, or equally often. Calls are therefore matched by
 * their contents. Not thread-safe.
 */
#pragma once

#include "cuse-server/recording/host-buffers.h"
#include "cuse-server/recording/names.h"

typedef struct Answers Answers;

/** answers_new: make an empty set of answers. @names: outlives it */
Answers *answers_new(TraceNames *names);
void answers_free(Answers *answers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answers, answers_free)

/** answers_learn: add what the host was asked, and answered, for an act. Call this for every act, in order.
 * @act: (transfer full) */
void answers_learn(Answers *answers, TraceAct *act);

/**
 * answers_open: answer an open() of a device with the next recorded open of that device.
 * @device: index into the session's devices
 * @file: set to the number of the recorded open, for answers_opened(); 0 if there is none
 * Returns: 0 or an errno; 0 also if the recording does not have an open of this device.
 */
int answers_open(Answers *answers, unsigned device, unsigned *file);

/** answers_opened: note that the host's file @fd is open now. @file: from answers_open() */
void answers_opened(Answers *answers, uint32_t fd, unsigned file);
void answers_closed(Answers *answers, uint32_t fd);

/**
 * answers_ioctl: answer an ioctl.
 * @fd: the host's file, as it is open now
 * @op: the call, see host_buffers_take()
 * @buffers: the call's memory, which gets the answer
 * @error: set to 0 or an errno
 *
 * The answer is chosen from the recorded ioctls in these steps:
 * 1. The ioctl has the same command. If it is a control or an allocation, it also has the same control command
 *    or class.
 * 2. Its buffers have the same sizes, and its input is the same. Handles, addresses, descriptors, and values
 *    that the recorded host overwrote need not be the same.
 * 3. Of these, the best one has the most handles that correspond to the handles of this call. It counts as one
 *    handle more if the recorded file corresponds to this file.
 * 4. If several are equally good, take the first one after the ioctl that this file was answered with last among
 *    those of this command. If none comes after it, take the last one before it.
 *
 * Returns: false if no recorded ioctl fits. The guest then gets NV_ERR_NOT_SUPPORTED if the argument has a
 * status, otherwise ENOTTY.
 */
bool answers_ioctl(Answers *answers, uint32_t fd, const TraceOp *op, const HostBuffers *buffers,
                   int *error);
