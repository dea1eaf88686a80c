/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording, played to the handlers of today: guests do what they did, a Host that has only the
 * recording answers, and what reaches it must be what reached the host then. Descriptors of the host are
 * the recorded ones, so they compare as they are; pointers compare by what they lead to.
 */
#pragma once

#include "cuse-server/recording/names.h"

typedef struct Replay Replay;

/** replay_new: @session, @names: of the recording; they outlive the replay */
Replay *replay_new(const TraceSession *session, TraceNames *names);
void replay_free(Replay *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Replay, replay_free)

/**
 * replay_act: have the guest do the next thing that it did.
 * Returns: (transfer full): NULL, or what is different from then.
 */
char *replay_act(Replay *replay, const TraceAct *act);

/** replay_host_calls: how many calls reached the host and were the recorded ones. */
uint64_t replay_host_calls(const Replay *replay);
