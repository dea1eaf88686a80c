/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/worker-ids.h"

#include <pwd.h>
#include <string.h>

#include <gio/gio.h>

#define SUBUID_FILE "/etc/subuid"
#define NAME        "nvcuse"

enum { FIELD_NAME, FIELD_FIRST, FIELD_COUNT, FIELDS };

static bool parse_line(char **fields, WorkerIds *ids, GError **error)
{
    guint64 first;
    guint64 count;

    if (g_strv_length(fields) != FIELDS ||
        !g_ascii_string_to_unsigned(fields[FIELD_FIRST], 10, 1, G_MAXINT32, &first, NULL) ||
        !g_ascii_string_to_unsigned(fields[FIELD_COUNT], 10, 1, G_MAXINT32, &count, NULL)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            SUBUID_FILE ": the line of '" NAME "' is not " NAME
                                        ":FIRST:COUNT with numbers from 1 on");
        return false;
    }
    *ids = (WorkerIds){(uid_t)first, (unsigned)count};
    return true;
}

bool worker_ids_parse(const char *subuid, WorkerIds *ids, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(subuid, "\n", -1);

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fields = g_strsplit(g_strstrip(*line), ":", -1);
        if (g_strcmp0(fields[FIELD_NAME], NAME) == 0) {
            return parse_line(fields, ids, error);
        }
    }
    *ids = (WorkerIds){WORKER_IDS_FIRST, WORKER_IDS_COUNT};
    return true;
}

static bool read_range(WorkerIds *ids, GError **error)
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

bool worker_ids_find(unsigned slot, LockupIdentity *identity, GError **error)
{
    WorkerIds ids;

    if (!read_range(&ids, error)) {
        return false;
    }
    if (slot >= ids.count) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "no user id is left for another worker: " SUBUID_FILE " gives " NAME
                    " %u, and all are taken; give it %d",
                    ids.count, WORKER_IDS_COUNT);
        return false;
    }
    const uid_t id = ids.first + slot;
    const struct passwd *user = getpwuid(id);
    if (user) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "user id %u is for a worker, but user '%s' has it: give workers others, as "
                    "'" NAME ":FIRST:%d' in " SUBUID_FILE,
                    id, user->pw_name, WORKER_IDS_COUNT);
        return false;
    }
    *identity = (LockupIdentity){.uid = id, .gid = id};
    return true;
}
