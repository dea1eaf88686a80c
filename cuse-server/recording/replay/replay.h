/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay runs a recording through the present handlers. Guests do again what they did. A Host answers from the
 * recording alone, and compares what reaches it with what reached the recorded host. Descriptors of the host are
 * the recorded ones, so they are compared as they are. Pointers are compared by the buffers that they lead to.
 */
#pragma once

#include "cuse-server/recording/names.h"

typedef struct Replay Replay;

/** replay_new: make a replay. @session, @names: of the recording; they outlive the replay */
Replay *replay_new(const TraceSession *session, TraceNames *names);
void replay_free(Replay *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Replay, replay_free)

/**
 * replay_act: have the guest carry out the next recorded act.
 * Returns: (transfer full): NULL, or a description of the first difference from the recording.
 */
char *replay_act(Replay *replay, const TraceAct *act);

/** replay_host_calls: count the calls that reached the host and were of the recorded kind. */
uint64_t replay_host_calls(const Replay *replay);
