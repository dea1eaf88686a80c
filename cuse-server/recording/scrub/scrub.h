/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scrubber replaces what a recording reveals about the machine where it was made: addresses, processes, users,
 * UUIDs, serial numbers. A value gets the same replacement everywhere, so that the recording can still be
 * replayed. The whole recording is read twice: the first reading finds UUIDs in members that hold UUIDs and in
 * texts, the second one replaces them wherever they occur.
 */
#pragma once

#include "cuse-server/recording/names.h"

typedef struct Scrubber Scrubber;

/** scrubber_new: make a scrubber. @names: of the recording; outlives the scrubber */
Scrubber *scrubber_new(TraceNames *names);
void scrubber_free(Scrubber *scrubber);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scrubber, scrubber_free)

/** scrubber_learn: note the UUIDs in an act. Call this for every act, in a first reading. */
void scrubber_learn(Scrubber *scrubber, const TraceAct *act);

/** scrubber_act: replace what has to be replaced in an act. Call this for every act, in order, in a second reading. */
void scrubber_act(Scrubber *scrubber, TraceAct *act);
