/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/runtime-log.h"

#include <stdio.h>
#include <string.h>

#include "cuse-server/base/json/json-text.h"

/* Make a line as logrus writes it, which runc uses for its log. The message is in quotes. */
static char *text_entry(const char *time, const char *level, const char *message)
{
    g_autoptr(GString) quoted = g_string_new(message);

    g_string_replace(quoted, "\"", "\\\"", 0);
    return g_strdup_printf("time=\"%s\" level=%s msg=\"%s\"", time, level, quoted->str);
}

/* Open the log if it is a file. crun's log may be FILE, file:FILE, journald:NAME or syslog:NAME. */
static FILE *open_log(const char *where)
{
    if (!where || g_str_has_prefix(where, "journald:") || g_str_has_prefix(where, "syslog:")) {
        return NULL;
    }
    return fopen(g_str_has_prefix(where, "file:") ? where + strlen("file:") : where, "ae");
}

void runtime_log(const RuntimeArgs *args, const char *level, const char *message)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format_iso8601(now);
    g_autofree char *line = NULL;
    FILE *log = open_log(args->log);

    if (!log) {
        return;
    }
    if (g_strcmp0(args->log_format, "json") == 0) {
        g_autofree char *readable = g_utf8_make_valid(message, -1);
        g_autoptr(JsonValue) entry = json_new_object();
        json_set_string(entry, "level", level);
        json_set_string(entry, "msg", readable);
        json_set_string(entry, "time", time);
        line = json_text_write(entry);
    } else {
        line = text_entry(time, level, message);
    }
    (void)fprintf(log, "%s\n", line);
    (void)fclose(log);
}
