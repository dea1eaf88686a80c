/* SPDX-License-Identifier: Apache-2.0 */
/* A scrubber, and what it does with UUIDs. Internal to scrub/. */
#pragma once

#include "cuse-server/recording/scrub/scrub.h"

enum { UUID_SIZE = 16 };

/* Numbers: maps numbers to their replacements, which count up from a first one in the order of appearance. */
typedef struct {
    GHashTable *known; /* guint64 -> guint64 */
    uint64_t next;
} Numbers;

struct Scrubber {
    TraceNames *names;
    Numbers pages;
    Numbers processes; /* ids of processes and of threads */
    Numbers users;
    GArray *uuids; /* UUID_SIZE bytes each; the index determines the replacement, see new_uuid() */
};

/** scrubber_learn_uuid: note the UUID in these UUID_SIZE bytes, unless they are too uniform to be one. */
void scrubber_learn_uuid(Scrubber *scrubber, const uint8_t *bytes);

/** scrubber_learn_texts: note UUIDs that are written as text anywhere in some bytes. */
void scrubber_learn_texts(Scrubber *scrubber, const uint8_t *bytes, size_t size);

/** scrubber_replace_uuids: replace the UUIDs that have been noted wherever they are in some bytes, in binary or as text. */
void scrubber_replace_uuids(const Scrubber *scrubber, uint8_t *bytes, size_t size);
