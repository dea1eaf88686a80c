/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/recorder/recorder.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cuse-server/recording/recorder/recorder-work.h"

/* #syscalls:worker write clock_gettime */

uint64_t recorder_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Stop recording, and print why. Only the first reason is printed. */
static void stop(Recorder *recorder, const char *why)
{
    if (!recorder->stopped) {
        g_printerr("nvcuse: recording stopped; the container goes on: %s\n", why);
    }
    recorder->stopped = true;
}

static void stop_unwritable(Recorder *recorder, int error)
{
    g_autofree char *why = g_strdup_printf("cannot write the recording: %s", g_strerror(error));

    stop(recorder, why);
}

/* With the lock held. */
static void write_bytes(Recorder *recorder, const GByteArray *bytes)
{
    guint done = 0;

    while (done < bytes->len) {
        ssize_t n = write(recorder->fd, bytes->data + done, bytes->len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            stop_unwritable(recorder, n < 0 ? errno : EIO);
            return;
        }
        done += (guint)n;
    }
    recorder->written += bytes->len;
}

static void write_record(Recorder *recorder, TraceRecordKind kind, const TraceAct *act)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    trace_record_encode(kind, act, bytes);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&recorder->lock);
    if (recorder->stopped) {
        return;
    }
    /* Always leave room for the record that marks the limit. */
    if (kind == TRACE_RECORD_ACT &&
        recorder->written + bytes->len + TRACE_HEAD_SIZE > recorder->limit) {
        g_byte_array_set_size(bytes, 0);
        trace_record_encode(TRACE_RECORD_LIMIT, NULL, bytes);
        write_bytes(recorder, bytes);
        stop(recorder, "size limit reached: raise it with --record-limit");
        return;
    }
    write_bytes(recorder, bytes);
}

/* --- acts ------------------------------------------------------------------------------------- */

static void live_free(void *data)
{
    RecorderLive *live = data;

    g_clear_pointer(&live->act, trace_act_free);
    g_free(live);
}

RecorderLive *recorder_live(Recorder *recorder)
{
    RecorderLive *live = pthread_getspecific(recorder->live);

    if (!live) {
        live = g_new0(RecorderLive, 1);
        pthread_setspecific(recorder->live, live);
    }
    return live;
}

void recorder_begin_act(const Recorder *recorder, RecorderLive *live, TraceActKind kind)
{
    g_clear_pointer(&live->act, trace_act_free);
    live->act = trace_act_new(kind);
    live->began = recorder_now();
    live->act->time = live->began - recorder->started;
    /* @left counts each buffer once, but the act holds it twice: before and after. */
    live->copies = (HostCopies){.left = TRACE_ACT_BYTES_MAX / 2};
}

void recorder_write_act(Recorder *recorder, RecorderLive *live)
{
    live->active = false;
    write_record(recorder, TRACE_RECORD_ACT, live->act);
    g_clear_pointer(&live->act, trace_act_free);
}

/* --- the recorder ----------------------------------------------------------------------------- */

static void write_session(Recorder *recorder, const TraceSession *what)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    TraceSession session = *what;
    char driver[DRIVER_VERSION_MAX];
    char program[] = NVCUSE_VERSION;

    driver_version_format(driver_abi_release(recorder->abi)->version, driver);
    session.started = (uint64_t)g_get_real_time();
    session.driver = driver;
    session.program = program;
    trace_session_encode(&session, bytes);
    write_bytes(recorder, bytes);
}

Recorder *recorder_new(const RecorderConfig *config)
{
    Recorder *recorder = g_new0(Recorder, 1);

    recorder->host.ops = &recorder_host_ops;
    recorder->tap.ops = &recorder_tap_ops;
    recorder->inner = config->inner;
    recorder->abi = config->abi;
    recorder->fd = config->fd;
    recorder->limit = config->limit;
    recorder->started = recorder_now();
    recorder->processes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_mutex_init(&recorder->lock);
    const int failed = pthread_key_create(&recorder->live, live_free);
    g_assert(!failed);
    write_session(recorder, &config->session);
    return recorder;
}

Host *recorder_host(Recorder *recorder)
{
    return &recorder->host;
}

ProxyTap *recorder_tap(Recorder *recorder)
{
    return &recorder->tap;
}

void recorder_finish(Recorder *recorder)
{
    write_record(recorder, TRACE_RECORD_END, NULL);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&recorder->lock);
    recorder->stopped = true;
}

void recorder_free(Recorder *recorder)
{
    RecorderLive *live = pthread_getspecific(recorder->live);

    if (live) {
        live_free(live);
    }
    (void)pthread_key_delete(recorder->live);
    g_hash_table_unref(recorder->processes);
    g_mutex_clear(&recorder->lock);
    g_free(recorder);
}
