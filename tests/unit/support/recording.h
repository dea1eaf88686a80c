/* SPDX-License-Identifier: Apache-2.0 */
/* A fake host and guest whose calls are recorded into memory. */
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

/** recording_new: @limit: maximum size in bytes; @answer: the driver's part */
Recording recording_new(uint64_t limit, FakeAnswer answer);
void recording_clear(Recording *recording);

/** recording_finish: end the recording. (transfer full): its path, which is valid until recording_clear(). */
char *recording_finish(Recording *recording);
