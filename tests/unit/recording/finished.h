/* SPDX-License-Identifier: Apache-2.0 */
/* A recording of the test's calls, and the file that it has become. */
#pragma once

#include "cuse-server/recording/format/file.h"
#include "tests/unit/support/recording.h"

enum { PARAMS = GUEST_BASE + 0x1000, CLIENT = 0xc1d00001 };

/** record: begin a recording of up to @limit bytes, with a driver that only answers controls. */
Recording record(uint64_t limit);

/** finish: (transfer full): end the recording, and open what it has become. */
TraceFile *finish(Recording *r);
