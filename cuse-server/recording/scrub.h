/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording says of where it was made, replaced: addresses, processes and users, UUIDs, serial
 * numbers. The same becomes the same everywhere, so that the recording still plays. A scrubber reads the
 * whole recording twice: UUIDs are found where a struct's member says so, and replaced wherever they are.
 */
#pragma once

#include "cuse-server/recording/names.h"

typedef struct Scrubber Scrubber;

/** scrubber_new: @names: of the recording; outlives the scrubber */
Scrubber *scrubber_new(TraceNames *names);
void scrubber_free(Scrubber *scrubber);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scrubber, scrubber_free)

/** scrubber_learn: note what there is to replace; for every act, in a first reading. */
void scrubber_learn(Scrubber *scrubber, const TraceAct *act);

/** scrubber_act: replace it; for every act, in order, in a second reading. */
void scrubber_act(Scrubber *scrubber, TraceAct *act);
