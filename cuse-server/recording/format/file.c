/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/format/file.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/recording/format/codec.h"

enum { SESSION_SCOPED = 1, SESSION_SHARE_UVM = 2, SESSION_SCRUBBED = 4, SESSION_FLAGS = 7 };
enum { TEXT_MAX = 64 };

struct TraceFile {
    char *name;
    GMappedFile *mapped;
    const uint8_t *bytes;
    size_t size;
    size_t at;
    size_t first; /* where the acts begin */
    TraceEnd end;
    TraceSession *session;
};

void trace_session_free(TraceSession *session)
{
    g_free(session->driver);
    g_free(session->program);
    g_free(session);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Begin a record. Returns its offset in @bytes. */
static guint begin_record(TraceRecordKind kind, GByteArray *bytes)
{
    const guint8 head[TRACE_HEAD_SIZE] = {(guint8)kind};

    g_byte_array_append(bytes, head, sizeof head);
    return bytes->len - TRACE_HEAD_SIZE;
}

static void end_record(guint begin, GByteArray *bytes)
{
    const guint32 size = GUINT32_TO_LE(bytes->len - begin - TRACE_HEAD_SIZE);

    memcpy(bytes->data + begin + 1, &size, sizeof size);
}

void trace_session_encode(const TraceSession *session, GByteArray *bytes)
{
    g_byte_array_append(bytes, (const guint8 *)TRACE_MAGIC, TRACE_MAGIC_SIZE);
    guint begin = begin_record(TRACE_RECORD_SESSION, bytes);
    trace_put_text(bytes, session->driver);
    trace_put_text(bytes, session->program);
    trace_put(bytes, session->started);
    trace_put(bytes, session->caps);
    trace_put(bytes, (session->scoped ? SESSION_SCOPED : 0U) |
                         (session->share_uvm ? SESSION_SHARE_UVM : 0U) |
                         (session->scrubbed ? SESSION_SCRUBBED : 0U));
    trace_put(bytes, session->n_devices);
    for (unsigned i = 0; i < session->n_devices; i++) {
        trace_put(bytes, session->devices[i].kind);
        trace_put(bytes, session->devices[i].number);
        trace_put_text(bytes, session->devices[i].name);
    }
    end_record(begin, bytes);
}

void trace_record_encode(TraceRecordKind kind, const TraceAct *act, GByteArray *bytes)
{
    guint begin = begin_record(kind, bytes);

    if (act) {
        trace_act_encode(act, bytes);
    }
    end_record(begin, bytes);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool fail_at(const TraceFile *file, size_t at, const char *problem, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: at offset %zu: %s", file->name, at,
                problem);
    return false;
}

static void read_device(TraceCursor *cursor, Device *device)
{
    device->kind = (DeviceKind)trace_get(cursor, DEVICE_DMA_BUF);
    device->number = trace_get(cursor, UINT64_MAX);
    g_autofree char *name = trace_get_text(cursor, DEVICE_NAME_MAX - 1);
    g_strlcpy(device->name, name, sizeof device->name);
}

static TraceSession *read_session(TraceCursor *cursor)
{
    TraceSession *session = g_new0(TraceSession, 1);

    session->driver = trace_get_text(cursor, TEXT_MAX);
    session->program = trace_get_text(cursor, TEXT_MAX);
    session->started = trace_get(cursor, UINT64_MAX);
    session->caps = (NvCaps)trace_get(cursor, UINT32_MAX);
    uint64_t flags = trace_get(cursor, SESSION_FLAGS);
    session->scoped = flags & SESSION_SCOPED;
    session->share_uvm = flags & SESSION_SHARE_UVM;
    session->scrubbed = flags & SESSION_SCRUBBED;
    session->n_devices = (unsigned)trace_get(cursor, DEVICES_MAX);
    for (unsigned i = 0; i < session->n_devices; i++) {
        read_device(cursor, &session->devices[i]);
    }
    if (cursor->at != cursor->size) {
        trace_fail(cursor, "the record has bytes behind its contents");
    }
    return session;
}

/* Read the next record. Returns false if the file ends here, maybe in the middle of a record. */
static bool next_record(TraceFile *file, uint8_t *kind, TraceCursor *cursor)
{
    guint32 size;

    if (file->size - file->at < TRACE_HEAD_SIZE) {
        return false;
    }
    *kind = file->bytes[file->at];
    memcpy(&size, file->bytes + file->at + 1, sizeof size);
    size = GUINT32_FROM_LE(size);
    if (size > file->size - file->at - TRACE_HEAD_SIZE) {
        return false;
    }
    *cursor = (TraceCursor){.bytes = file->bytes + file->at + TRACE_HEAD_SIZE, .size = size};
    file->at += TRACE_HEAD_SIZE + size;
    return true;
}

static bool read_beginning(TraceFile *file, GError **error)
{
    TraceCursor cursor;
    uint8_t kind;

    if (file->size < TRACE_MAGIC_SIZE ||
        memcmp(file->bytes, TRACE_MAGIC, TRACE_MAGIC_SIZE - 1) != 0) {
        return fail_at(
            file, 0, "not a recording of nvcuse: expected a file that --record has written", error);
    }
    if (file->bytes[TRACE_MAGIC_SIZE - 1] != TRACE_MAGIC[TRACE_MAGIC_SIZE - 1]) {
        return fail_at(file, TRACE_MAGIC_SIZE - 1,
                       "unknown version of the format: read the recording with the nvcuse version "
                       "that made it",
                       error);
    }
    file->at = TRACE_MAGIC_SIZE;
    if (!next_record(file, &kind, &cursor) || kind != TRACE_RECORD_SESSION) {
        return fail_at(file, TRACE_MAGIC_SIZE,
                       "expected the record that describes the recorded instance", error);
    }
    file->session = read_session(&cursor);
    if (cursor.problem) {
        return fail_at(file, TRACE_MAGIC_SIZE + TRACE_HEAD_SIZE + cursor.at, cursor.problem, error);
    }
    file->first = file->at;
    return true;
}

TraceFile *trace_file_new(const void *bytes, size_t size, const char *name, GError **error)
{
    g_autoptr(TraceFile) file = g_new0(TraceFile, 1);

    file->name = g_strdup(name);
    file->bytes = bytes;
    file->size = size;
    file->end = TRACE_END_CUT;
    return read_beginning(file, error) ? g_steal_pointer(&file) : NULL;
}

TraceFile *trace_file_open(const char *path, GError **error)
{
    GMappedFile *mapped = g_mapped_file_new(path, FALSE, error);
    TraceFile *file = mapped ? trace_file_new(g_mapped_file_get_contents(mapped),
                                              g_mapped_file_get_length(mapped), path, error)
                             : NULL;

    if (file) {
        file->mapped = mapped;
    } else if (mapped) {
        g_mapped_file_unref(mapped);
    }
    return file;
}

void trace_file_free(TraceFile *file)
{
    g_free(file->name);
    g_clear_pointer(&file->mapped, g_mapped_file_unref);
    g_clear_pointer(&file->session, trace_session_free);
    g_free(file);
}

const TraceSession *trace_file_session(const TraceFile *file)
{
    return file->session;
}

TraceEnd trace_file_end(const TraceFile *file)
{
    return file->end;
}

void trace_file_rewind(TraceFile *file)
{
    file->at = file->first;
    file->end = TRACE_END_CUT;
}

TraceAct *trace_file_next(TraceFile *file, GError **error)
{
    const size_t where = file->at;
    TraceCursor cursor;
    uint8_t kind;

    if (!next_record(file, &kind, &cursor)) {
        return NULL;
    }
    if (kind == TRACE_RECORD_ACT) {
        TraceAct *act = trace_act_decode(cursor.bytes, cursor.size, where + TRACE_HEAD_SIZE, error);
        if (!act) {
            g_prefix_error(error, "%s: ", file->name);
        }
        return act;
    }
    if (kind != TRACE_RECORD_LIMIT && kind != TRACE_RECORD_END) {
        fail_at(file, where, "unknown kind of record", error);
    } else if (file->at != file->size) {
        fail_at(file, file->at, "the recording has bytes behind its last record", error);
    } else {
        file->end = kind == TRACE_RECORD_END ? TRACE_END_WHOLE : TRACE_END_LIMIT;
    }
    return NULL;
}
