/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse trace scrub: copies a recording without the values that identify the machine where it was made. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/cli/command.h"
#include "cuse-server/cli/trace/trace-query.h"
#include "cuse-server/recording/scrub/scrub.h"

static bool write_all(int fd, const GByteArray *bytes, GError **error)
{
    guint done = 0;

    while (done < bytes->len) {
        ssize_t n = write(fd, bytes->data + done, bytes->len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot write: %s",
                        g_strerror(errno));
            return false;
        }
        done += (guint)n;
    }
    return true;
}

static bool learn(TraceSource *source, Scrubber *scrubber, GError **error)
{
    g_autoptr(GError) problem = NULL;
    TraceAct *act;

    while ((act = trace_file_next(source->file, &problem))) {
        trace_names_follow(source->names, act);
        scrubber_learn(scrubber, act);
        trace_act_free(act);
    }
    trace_file_rewind(source->file);
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

static bool write_session(const TraceSession *session, int fd, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    TraceSession scrubbed = *session;

    scrubbed.started = 0;
    scrubbed.scrubbed = true;
    trace_session_encode(&scrubbed, bytes);
    return write_all(fd, bytes, error);
}

/* Write the end of the new recording. A recording that was cut short stays without an end. */
static bool write_end(TraceEnd end, int fd, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (end != TRACE_END_CUT) {
        trace_record_encode(end == TRACE_END_WHOLE ? TRACE_RECORD_END : TRACE_RECORD_LIMIT, NULL,
                            bytes);
    }
    return write_all(fd, bytes, error);
}

static bool scrub(TraceSource *source, Scrubber *scrubber, int fd, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    bool ok = write_session(trace_file_session(source->file), fd, error);
    TraceAct *act;

    while (ok && (act = trace_source_next(source, &problem))) {
        scrubber_act(scrubber, act);
        g_byte_array_set_size(bytes, 0);
        trace_record_encode(TRACE_RECORD_ACT, act, bytes);
        trace_act_free(act);
        ok = write_all(fd, bytes, error);
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return ok && write_end(trace_file_end(source->file), fd, error);
}

int trace_scrub(const TraceQuery *query)
{
    g_autoptr(GError) error = NULL;
    TraceSource source;

    if (!trace_source_open(&source, query->files[0], &error)) {
        return trace_query_fail(error);
    }
    int fd = open(query->files[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        g_set_error(&error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", query->files[1],
                    g_strerror(errno));
    } else {
        g_autoptr(Scrubber) scrubber = scrubber_new(source.names);
        if (!learn(&source, scrubber, &error) || !scrub(&source, scrubber, fd, &error)) {
            (void)unlink(query->files[1]);
        }
        close(fd);
    }
    trace_source_close(&source);
    return error ? trace_query_fail(error) : EXIT_OK;
}
