/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/call-log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "abi/nv-ioctl.h"
#include "abi/status.h"

/*
 * #syscalls:worker write
 * #syscalls:before close
 */

struct CallLog {
    int fd;
    Ledger *ledger;
    void (*on_refusal)(gpointer data);
    gpointer data;
    GMutex lock; /* held while a row or a record is written */
};

static const char row_format[] = "%-16s  %-26s  %-50s  %-24s  %-9s  %s\n";

/* A row that cannot be written is dropped: a full disk must not stop the guest. */
static void write_row(CallLog *log, const char *row)
{
    size_t left = strlen(row);
    while (left > 0) {
        ssize_t n = write(log->fd, row, left);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        row += n;
        left -= (size_t)n;
    }
}

CallLog *call_log_new(int fd, Ledger *ledger)
{
    CallLog *log = g_new0(CallLog, 1);
    log->fd = fd;
    log->ledger = ledger;
    g_mutex_init(&log->lock);
    if (fd >= 0) {
        g_autofree char *header = g_strdup_printf(row_format, "DEVICE", "CALL", "COMMAND OR CLASS",
                                                  "VERDICT", "ERRNO", "STATUS");
        write_row(log, header);
    }
    return log;
}

void call_log_watch(CallLog *log, void (*func)(gpointer data), gpointer data)
{
    log->on_refusal = func;
    log->data = data;
}

void call_log_free(CallLog *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    g_mutex_clear(&log->lock);
    g_free(log);
}

void call_log_finish(CallLog *log)
{
    g_autofree char *summary = call_log_summary(log);
    g_autofree char *line = g_strconcat("# ", summary, "\n", NULL);

    if (log->fd >= 0) {
        write_row(log, line);
    }
}

static char *name_or_number(const char *name, uint32_t number)
{
    return name ? g_strdup(name) : g_strdup_printf("0x%x", number);
}

static char *format_row(const CallEvent *e)
{
    g_autofree char *call = name_or_number(e->call, e->number);
    bool has_detail = e->detail || e->detail_number;
    g_autofree char *detail =
        has_detail ? name_or_number(e->detail, e->detail_number) : g_strdup("-");
    g_autofree char *verdict = e->refusal == REFUSAL_NONE
                                   ? g_strdup("forwarded")
                                   : g_strconcat("refused: ", refusal_name(e->refusal), NULL);
    const char *error = e->error ? strerrorname_np(e->error) : "0";
    const char *known = e->status == CALL_NO_STATUS ? "-" : nv_status_name(e->status);
    g_autofree char *status = name_or_number(known, e->status);
    return g_strdup_printf(row_format, e->device, call, detail, verdict, error ? error : "?",
                           status);
}

static CallKind kind_of(const CallEvent *event)
{
    if (event->kind == CALL_FRONTEND && event->number == NV_ESC_RM_CONTROL) {
        return CALL_CONTROL;
    }
    if (event->kind == CALL_FRONTEND && event->number == NV_ESC_RM_ALLOC) {
        return CALL_ALLOC;
    }
    return event->kind;
}

/* Record a refusal in the ledger. Returns true if the broker has to be told. */
static bool record_refusal(CallLog *log, const CallEvent *event)
{
    LedgerRecord record = {
        .when = g_get_real_time(),
        .number = event->number,
        .detail = event->detail_number,
        .error = event->error,
        .status = event->status,
        .tid = event->tid,
        .kind = (uint16_t)kind_of(event),
        .refusal = (uint16_t)event->refusal,
    };

    g_strlcpy(record.device, event->device, sizeof record.device);
    return ledger_record(log->ledger, &record);
}

void call_log_add(CallLog *log, const CallEvent *event)
{
    g_autofree char *row = log->fd >= 0 ? format_row(event) : NULL;
    bool news = false;

    ledger_count(log->ledger, kind_of(event), event->refusal, event->nanoseconds);
    if (!row && event->refusal == REFUSAL_NONE) {
        return; /* most calls end here, without the lock */
    }
    g_mutex_lock(&log->lock);
    if (event->refusal != REFUSAL_NONE) {
        news = record_refusal(log, event);
    }
    if (row) {
        write_row(log, row);
    }
    g_mutex_unlock(&log->lock);
    if (news && log->on_refusal) {
        log->on_refusal(log->data);
    }
}

void call_log_sizes(CallLog *log, unsigned files, unsigned clients, unsigned objects)
{
    ledger_sizes(log->ledger, files, clients, objects);
}

void call_log_memory(CallLog *log, const InstanceUse *use, bool by_gpu)
{
    ledger_memory(log->ledger, use, by_gpu);
}

char *call_log_summary(CallLog *log)
{
    g_autoptr(GString) reasons = g_string_new(NULL);
    LedgerReader reader = {.ledger = log->ledger};
    LedgerCounts counts;
    uint64_t refused = 0;

    ledger_read(&reader, &counts);
    for (int r = REFUSAL_NONE + 1; r < REFUSAL_COUNT; r++) {
        if (counts.refused[r]) {
            refused += counts.refused[r];
            g_string_append_printf(reasons, "%s%s %" G_GUINT64_FORMAT, reasons->len ? ", " : "",
                                   refusal_name((Refusal)r), counts.refused[r]);
        }
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT " calls, %" G_GUINT64_FORMAT
                           " forwarded, %" G_GUINT64_FORMAT " refused%s%s%s",
                           counts.refused[REFUSAL_NONE] + refused, counts.refused[REFUSAL_NONE],
                           refused, reasons->len ? " (" : "", reasons->str,
                           reasons->len ? ")" : "");
}
