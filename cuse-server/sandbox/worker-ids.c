/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/worker-ids.h"

#include <pwd.h>
#include <stdint.h>
#include <string.h>

#include <gio/gio.h>

#define SUBUID_FILE "/etc/subuid"
#define NAME        "nvcuse"

enum { FIELD_NAME, FIELD_FIRST, FIELD_COUNT, FIELDS };

/* Returns false if the line is not NAME:FIRST:COUNT with numbers from 1 on. */
static bool parse_range(char **fields, WorkerIds *ids)
{
    guint64 first;
    guint64 count;

    if (g_strv_length(fields) != FIELDS ||
        !g_ascii_string_to_unsigned(fields[FIELD_FIRST], 10, 1, G_MAXINT32, &first, NULL) ||
        !g_ascii_string_to_unsigned(fields[FIELD_COUNT], 10, 1, G_MAXINT32, &count, NULL)) {
        return false;
    }
    *ids = (WorkerIds){(uid_t)first, (unsigned)count};
    return true;
}

static bool overlap(const WorkerIds *a, const WorkerIds *b)
{
    return (uint64_t)a->first < (uint64_t)b->first + b->count &&
           (uint64_t)b->first < (uint64_t)a->first + a->count;
}

/* Find the line that gives ids to @name, and return its fields. NULL if there is none. */
static char **find_line(char **lines, const char *name)
{
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fields = g_strsplit(g_strstrip(*line), ":", -1);
        if (g_strcmp0(fields[FIELD_NAME], name) == 0) {
            return g_steal_pointer(&fields);
        }
    }
    return NULL;
}

/* Refuse a range that overlaps another line's. A user who gets one of these ids in a user namespace could signal the
 * worker, and the driver would take that user's processes for the worker. */
static bool check_alone(char **lines, const WorkerIds *ids, GError **error)
{
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fields = g_strsplit(g_strstrip(*line), ":", -1);
        WorkerIds others;
        if (g_strcmp0(fields[FIELD_NAME], NAME) != 0 && parse_range(fields, &others) &&
            overlap(ids, &others)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                        SUBUID_FILE
                        ": the ids of '%s' overlap those of nvcuse's workers (%u ids from %u "
                        "on): change the line of '" NAME "' to '" NAME ":FIRST:%d', with other ids",
                        fields[FIELD_NAME], ids->count, ids->first, WORKER_IDS_COUNT);
            return false;
        }
    }
    return true;
}

bool worker_ids_parse(const char *subuid, WorkerIds *ids, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(subuid, "\n", -1);
    g_auto(GStrv) ours = find_line(lines, NAME);

    *ids = (WorkerIds){WORKER_IDS_FIRST, WORKER_IDS_COUNT};
    if (ours && !parse_range(ours, ids)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            SUBUID_FILE ": invalid line of '" NAME "': expected " NAME
                                        ":FIRST:COUNT, with numbers from 1 on");
        return false;
    }
    return check_alone(lines, ids, error);
}

bool worker_ids_read(WorkerIds *ids, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) unread = NULL;

    if (!g_file_get_contents(SUBUID_FILE, &text, NULL, &unread) &&
        !g_error_matches(unread, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&unread));
        return false;
    }
    return worker_ids_parse(text ? text : "", ids, error);
}

bool worker_ids_find(const WorkerIds *ids, unsigned slot, LockupIdentity *identity, GError **error)
{
    const uid_t id = ids->first + slot;
    const struct passwd *user = getpwuid(id);
    if (user) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "user id %u of nvcuse's workers belongs to user '%s': choose other ids: add "
                    "the line '" NAME ":FIRST:%d' to " SUBUID_FILE,
                    id, user->pw_name, WORKER_IDS_COUNT);
        return false;
    }
    *identity = (LockupIdentity){.uid = id, .gid = id};
    return true;
}
