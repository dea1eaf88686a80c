/* SPDX-License-Identifier: Apache-2.0 */
/* A fake host and guest whose calls are recorded, into memory. */
#pragma once

#include "cuse-server/recording/recorder/recorder.h"
#include "tests/unit/support/fake-host.h"

#define RECORDING_DRIVER "580.105.08"

enum { RECORDING_LIMIT = 1 << 20 };

typedef struct {
    Fake *fake;
    Recorder *recorder;
    int fd;
} Recording;

/** recording_new: @limit: bytes that it may become; @answer: plays the driver */
Recording recording_new(uint64_t limit, FakeAnswer answer);
void recording_clear(Recording *recording);

/** recording_finish: end it. (transfer full): its path, as long as it lives. */
char *recording_finish(Recording *recording);
