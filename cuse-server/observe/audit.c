/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "cuse-server/observe/journal.h"

/*
 * #syscalls:broker write close
 * #syscalls:before openat fcntl
 */

enum {
    BURST = 100,     /* events at once */
    PER_SECOND = 10, /* events a second after a burst */
};

/* Message ids are random and never change. They are for `journalctl MESSAGE_ID=...`. */
static const struct {
    const char *name;
    const char *message_id;
    int priority; /* as in syslog(3) */
} types[AUDIT_TYPE_COUNT] = {
    [AUDIT_STARTED] = {"started", "ffda7d445ebf41cf9711604399f66e7e", 6},
    [AUDIT_STOPPED] = {"stopped", "172b99e65c084dc18c14d363f99faa5b", 6},
    [AUDIT_WORKER_ENDED] = {"worker-ended", "b3f4cc7f9f014c08899a21bc7f4c052c", 3},
    [AUDIT_DRIVER_CHANGED] = {"driver-changed", "e25b7a48483e445ab2900a253b2a3de8", 3},
    [AUDIT_WORKER_RESTARTED] = {"worker-restarted", "a9f25e0e4e65a9df368f4d8b16a844b8", 5},
    [AUDIT_LIMITS_CHANGED] = {"limits-changed", "5ada7ecd34654466b621ff8c9d4d2b7b", 5},
    [AUDIT_ATTACHED] = {"attached", "7b80a3b443644ce78216541b732132ce", 6},
    [AUDIT_REFUSED] = {"refused", "e094e7f8e0554b2390384754b613ca88", 5},
    [AUDIT_DROPPED] = {"dropped", "93ebf47794d643c895d0ccab36061bef", 4},
    [AUDIT_KILLED] = {"killed", "c7896871535742f28d0d5d8fa025ff9d", 4},
    [AUDIT_NO_AGENT] = {"no-agent", "670cc3f7940149c5a13fb63bce3c2053", 5},
    [AUDIT_KEPT] = {"kept", "6da91a40a8894b8eb3547805a963d423", 4},
};

struct Audit {
    char *instance;
    JournalLink *journal; /* where events go; NULL: to @fd */
    int fd;               /* gets lines of JSON; -1: none */
    double tokens;        /* how many events caused by guests may be written now */
    gint64 refilled;      /* when @tokens was last computed, in monotonic microseconds */
    uint64_t unsaid;      /* dropped since the last event of type AUDIT_DROPPED */
    uint64_t dropped;
};

bool audit_check(const char *where, GError **error)
{
    static const char *const words[] = {"auto", "journal", "none", "-", NULL};

    if (g_strv_contains(words, where) || g_path_is_absolute(where)) {
        return true;
    }
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "invalid place for events '%s': expected journal, none, auto, '-' (standard error) or "
        "an absolute path",
        where);
    return false;
}

static bool open_lines(Audit *audit, const char *where, GError **error)
{
    audit->fd = g_str_equal(where, "-")
                    ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
                    : open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (audit->fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot open %s for audit events: %s", where, g_strerror(errno));
    }
    return audit->fd >= 0;
}

Audit *audit_new(const char *where, const char *otherwise, const char *instance, GError **error)
{
    g_autoptr(Audit) audit = g_new0(Audit, 1);

    audit->instance = g_strdup(instance);
    audit->fd = -1;
    audit->tokens = BURST;
    audit->refilled = g_get_monotonic_time();
    if (g_str_equal(where, "auto")) {
        where = journal_is_there() ? "journal" : otherwise;
    }
    if (!audit_check(where, error)) {
        return NULL;
    }
    if (g_str_equal(where, "journal")) {
        audit->journal = journal_link_new(error);
        return audit->journal ? g_steal_pointer(&audit) : NULL;
    }
    if (!g_str_equal(where, "none") && !open_lines(audit, where, error)) {
        return NULL;
    }
    return g_steal_pointer(&audit);
}

static void add_member(JsonBuilder *json, const char *name, const char *value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, value);
}

/* Write an event as a line of JSON. Uses one write(2), so that lines of several instances in one file do not mix. */
static bool write_line(const Audit *audit, AuditType type, const char *message,
                       const AuditField *fields, size_t n_fields)
{
    g_autoptr(JsonBuilder) json = json_builder_new_immutable();
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");

    json_builder_begin_object(json);
    add_member(json, "time", time);
    add_member(json, "event", types[type].name);
    add_member(json, "instance", audit->instance);
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].value) {
            add_member(json, fields[i].key, fields[i].value);
        }
    }
    add_member(json, "message", message);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, FALSE);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    return write(audit->fd, line, strlen(line)) == (ssize_t)strlen(line);
}

static bool send_to_journal(const Audit *audit, AuditType type, const char *message,
                            const AuditField *fields, size_t n_fields)
{
    g_autoptr(GString) entry = g_string_new(NULL);
    g_autofree char *priority = g_strdup_printf("%d", types[type].priority);

    journal_append(entry, "MESSAGE", message);
    journal_append(entry, "MESSAGE_ID", types[type].message_id);
    journal_append(entry, "PRIORITY", priority);
    journal_append(entry, "SYSLOG_IDENTIFIER", "nvcuse");
    journal_append(entry, "NVCUSE_EVENT", types[type].name);
    journal_append(entry, "NVCUSE_INSTANCE", audit->instance);
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].value) {
            g_autofree char *upper = g_ascii_strup(fields[i].key, -1);
            g_autofree char *name = g_strconcat("NVCUSE_", upper, NULL);
            journal_append(entry, name, fields[i].value);
        }
    }
    return journal_send(audit->journal, entry);
}

static void write_event(Audit *audit, AuditType type, const char *message, const AuditField *fields,
                        size_t n_fields)
{
    bool written = true;

    if (audit->journal) {
        written = send_to_journal(audit, type, message, fields, n_fields);
    } else if (audit->fd >= 0) {
        written = write_line(audit, type, message, fields, n_fields);
    }
    if (!written) {
        audit_lose(audit, 1); /* the journal is behind, or the disk is full */
    }
}

/* Write how many events are missing. Called before another event is written. */
static void say_dropped(Audit *audit)
{
    uint64_t n = audit->unsaid;
    g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, n);
    g_autofree char *message =
        g_strdup_printf("Instance '%s': %s events were not written, but the counters include them",
                        audit->instance, count);

    if (n > 0) {
        audit->unsaid = 0;
        write_event(audit, AUDIT_DROPPED, message, &(AuditField){"count", count}, 1);
    }
}

static bool is_caused_by_guests(AuditType type)
{
    return type == AUDIT_REFUSED || type == AUDIT_KILLED || type == AUDIT_NO_AGENT ||
           type == AUDIT_KEPT;
}

static bool may_write_another(Audit *audit)
{
    gint64 now = g_get_monotonic_time();
    double seconds = (double)(now - audit->refilled) / G_TIME_SPAN_SECOND;

    audit->refilled = now;
    audit->tokens = MIN(audit->tokens + seconds * PER_SECOND, (double)BURST);
    if (audit->tokens < 1) {
        return false;
    }
    audit->tokens -= 1;
    return true;
}

void audit_event(Audit *audit, AuditType type, const char *message, const AuditField *fields,
                 size_t n_fields)
{
    if (is_caused_by_guests(type) && !may_write_another(audit)) {
        audit_lose(audit, 1);
        return;
    }
    say_dropped(audit);
    write_event(audit, type, message, fields, n_fields);
}

void audit_lose(Audit *audit, uint64_t n)
{
    audit->unsaid += n;
    audit->dropped += n;
}

uint64_t audit_dropped(const Audit *audit)
{
    return audit->dropped;
}

void audit_free(Audit *audit)
{
    say_dropped(audit);
    g_clear_pointer(&audit->journal, journal_link_free);
    if (audit->fd >= 0) {
        close(audit->fd);
    }
    g_free(audit->instance);
    g_free(audit);
}
