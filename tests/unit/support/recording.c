/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/recording.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

Recording recording_new(uint64_t limit, FakeAnswer answer)
{
    Recording r = {.fake = fake_new(RECORDING_DRIVER, NV_CAP_COMPUTE | NV_CAP_UTILITY),
                   .fd = memfd_create("recording", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    RecorderConfig config = {
        .fd = r.fd, .limit = limit, .inner = &r.fake->host, .abi = r.fake->abi};

    config.session.caps = NV_CAP_COMPUTE | NV_CAP_UTILITY;
    config.session.n_devices = G_N_ELEMENTS(r.fake->devices);
    memcpy(config.session.devices, r.fake->devices, sizeof r.fake->devices);
    r.fake->answer = answer;
    r.recorder = recorder_new(&config);
    r.fake->proxy.host = recorder_host(r.recorder);
    r.fake->proxy.tap = recorder_tap(r.recorder);
    return r;
}

void recording_clear(Recording *recording)
{
    fake_free(recording->fake);
    recorder_free(recording->recorder);
    close(recording->fd);
}

char *recording_finish(Recording *recording)
{
    recorder_finish(recording->recorder);
    return g_strdup_printf("/proc/self/fd/%d", recording->fd);
}
