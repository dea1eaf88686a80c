/* SPDX-License-Identifier: Apache-2.0 */
/* The page of counters that a worker writes and the broker reads, also when a fallen worker wrote it. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/observe/incidents.h"
#include "cuse-server/observe/refusal-list.h"
#include "cuse-server/wire/ledger.h"
#include "tests/unit/support/new-ledger.h"

static const LedgerRecord a_refusal = {
    .number = 0x2a,
    .detail = 0x801,
    .tid = 77,
    .kind = CALL_CONTROL,
    .refusal = REFUSAL_UNKNOWN_CONTROL,
    .device = "nvidiactl",
};

Test(ledger, a_child_counts_and_the_parent_reads)
{
    g_autoptr(Ledger) ledger = new_ledger();
    LedgerReader reader = {.ledger = ledger};
    LedgerCounts counts;
    LedgerRecord record;
    pid_t child = fork();

    if (child == 0) {
        ledger_count(ledger, CALL_CONTROL, REFUSAL_NONE, 20000);
        ledger_count(ledger, CALL_CONTROL, REFUSAL_UNKNOWN_CONTROL, 5000000000);
        ledger_record(ledger, &a_refusal);
        ledger_sizes(ledger, 1, 2, 3);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.calls[CALL_CONTROL], 2);
    cr_assert_eq(counts.refused[REFUSAL_NONE], 1);
    cr_assert_eq(counts.refused[REFUSAL_UNKNOWN_CONTROL], 1);
    cr_assert_eq(counts.buckets[CALL_CONTROL][1], 1, "10 to 30 microseconds");
    cr_assert_eq(counts.buckets[CALL_CONTROL][LEDGER_BUCKETS - 1], 1, "above all bounds");
    cr_assert_eq(counts.nanoseconds[CALL_CONTROL], 5000020000);
    cr_assert_eq(counts.files * 100 + counts.clients * 10 + counts.objects, 123);
    cr_assert(ledger_next(&reader, &record));
    cr_assert_eq(record.detail, 0x801);
    cr_assert_str_eq(record.device, "nvidiactl");
    cr_assert_not(ledger_next(&reader, &record));
}

Test(ledger, the_broker_is_told_once_until_it_looks)
{
    g_autoptr(Ledger) ledger = new_ledger();
    LedgerReader reader = {.ledger = ledger};

    cr_assert(ledger_record(ledger, &a_refusal));
    cr_assert_not(ledger_record(ledger, &a_refusal));
    ledger_rearm(&reader);
    cr_assert(ledger_record(ledger, &a_refusal));
}

/* A new worker starts with a clean page, whatever the previous one left in it. */
Test(ledger, a_new_worker_begins_with_a_clean_page)
{
    g_autoptr(Ledger) ledger = new_ledger();
    LedgerReader reader = {.ledger = ledger};
    LedgerCounts counts;
    LedgerRecord record;

    ledger_count(ledger, CALL_UVM, REFUSAL_NONE, 20000);
    ledger_sizes(ledger, 1, 2, 3);
    cr_assert(ledger_record(ledger, &a_refusal));
    ledger_renew(&reader);
    cr_assert_not(ledger_next(&reader, &record), "it had its time to be read");
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.calls[CALL_UVM], 1);
    cr_assert_eq(counts.files + counts.clients + counts.objects, 0, "its files are gone");
    ledger_count(ledger, CALL_UVM, REFUSAL_NONE, 20000);
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.calls[CALL_UVM], 2, "counters go on");
    cr_assert_eq(counts.nanoseconds[CALL_UVM], 40000);
    cr_assert_eq(counts.buckets[CALL_UVM][1], 2);
    cr_assert(ledger_record(ledger, &a_refusal), "the broker is to be told");
    cr_assert(ledger_next(&reader, &record));
    memset(ledger, 0xff, 512);
    ledger_read(&reader, &counts);
    ledger_renew(&reader);
    ledger_count(ledger, CALL_UVM, REFUSAL_NONE, 1);
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.calls[CALL_UVM], UINT64_MAX, "a sum stops at the top");
}

Test(ledger, what_was_overwritten_is_counted)
{
    g_autoptr(Ledger) ledger = new_ledger();
    LedgerReader reader = {.ledger = ledger};
    LedgerRecord record = a_refusal;
    unsigned n = 0;

    for (uint32_t i = 0; i < LEDGER_RECORDS + 5; i++) {
        record.detail = i;
        ledger_record(ledger, &record);
    }
    while (ledger_next(&reader, &record)) {
        cr_assert_eq(record.detail, 5 + n, "the oldest are gone");
        n++;
    }
    cr_assert_eq(n, LEDGER_RECORDS);
    cr_assert_eq(reader.lost, 5);
}

Test(ledger, records_that_make_no_sense_are_lost_or_tidied)
{
    g_autoptr(Ledger) ledger = new_ledger();
    LedgerReader reader = {.ledger = ledger};
    LedgerRecord bad = a_refusal;
    LedgerRecord record;

    bad.kind = CALL_KIND_COUNT;
    ledger_record(ledger, &bad);
    bad = a_refusal;
    bad.refusal = REFUSAL_COUNT;
    ledger_record(ledger, &bad);
    bad.refusal = REFUSAL_NONE;
    ledger_record(ledger, &bad);
    bad = a_refusal;
    memset(bad.device, '\n', sizeof bad.device);
    ledger_record(ledger, &bad);
    cr_assert(ledger_next(&reader, &record));
    cr_assert_eq(strlen(record.device), LEDGER_DEVICE_MAX - 1);
    cr_assert_null(strchr(record.device, '\n'));
    cr_assert_not(ledger_next(&reader, &record));
    cr_assert_eq(reader.lost, 3);
}

Test(ledger, memory_is_read_and_its_peaks_go_on_over_a_new_worker)
{
    g_autoptr(Ledger) ledger = new_ledger();
    LedgerReader reader = {.ledger = ledger};
    LedgerCounts counts;
    const InstanceUse use = {
        .gpus = {[0] = {10, 20}, [31] = {1, 2}}, .any_gpu = {3, 4}, .pinned = {5, 6}};

    ledger_memory(ledger, &use, false);
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.memory.any_gpu.used, 3);
    cr_assert_eq(counts.memory.pinned.peak, 6);
    cr_assert_eq(counts.memory.gpus[0].used, 0, "use is not told apart");
    ledger_memory(ledger, &use, true);
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.memory.gpus[0].used, 10);
    cr_assert_eq(counts.memory.gpus[31].peak, 2);
    ledger_renew(&reader);
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.memory.gpus[0].used, 0, "the new worker holds nothing yet");
    cr_assert_eq(counts.memory.gpus[0].peak, 20);
    cr_assert_eq(counts.memory.pinned.peak, 6);
    ledger_memory(ledger, &(InstanceUse){.gpus = {{1, 1}}}, true);
    ledger_read(&reader, &counts);
    cr_assert_eq(counts.memory.gpus[0].used, 1);
    cr_assert_eq(counts.memory.gpus[0].peak, 20, "no peak goes down");
}

/* A page that a fallen worker could have written. */
Test(ledger, any_bytes_at_all_are_survived)
{
    g_autoptr(Ledger) ledger = new_ledger();
    LedgerReader reader = {.ledger = ledger};
    LedgerRecord record;
    LedgerCounts before;
    LedgerCounts after;

    memset((void *)ledger, 0xff, 4096);
    ledger_read(&reader, &before);
    for (unsigned n = 0; ledger_next(&reader, &record); n++) {
        cr_assert_lt(n, LEDGER_RECORDS);
    }
    memset((void *)ledger, 0, 4096);
    cr_assert_not(ledger_next(&reader, &record), "fewer than were read");
    ledger_read(&reader, &after);
    cr_assert_eq(after.calls[CALL_OPEN], before.calls[CALL_OPEN], "no counter goes backwards");
    cr_assert_leq(reader.lost, (uint64_t)G_MAXUINT32 + LEDGER_RECORDS);
}

Test(refusal_list, counts_the_same_together_and_is_bounded)
{
    RefusalList list;
    LedgerRecord record = a_refusal;

    refusal_list_init(&list);
    refusal_list_add(&list, &record);
    refusal_list_add(&list, &record);
    cr_assert_eq(list.entries->len, 1);
    cr_assert_eq(g_array_index(list.entries, RefusalEntry, 0).count, 2);
    for (uint32_t i = 0; i < REFUSAL_LIST_MAX; i++) {
        record.detail = 0x10000 + i;
        refusal_list_add(&list, &record);
    }
    cr_assert_eq(list.entries->len, REFUSAL_LIST_MAX);
    cr_assert_eq(list.others, 1);
    refusal_list_clear(&list);
}

Test(incidents, are_counted_and_read_in_their_order_and_no_more_are_kept_than_there_is_room_for)
{
    g_autoptr(Incidents) incidents = incidents_new(-1);
    uint64_t counts[INCIDENT_KIND_COUNT];
    Incident incident;

    incidents_report(incidents, INCIDENT_TRACED, 7);
    for (pid_t i = 0; i < INCIDENTS_MAX; i++) {
        incidents_report(incidents, INCIDENT_ASTRAY, 100 + i);
    }
    cr_assert_eq(incidents_count(incidents, counts), 1, "one was forgotten");
    cr_assert_eq(counts[INCIDENT_TRACED], 1);
    cr_assert_eq(counts[INCIDENT_ASTRAY], INCIDENTS_MAX);
    cr_assert(incidents_next(incidents, &incident));
    cr_assert(incident.kind == INCIDENT_TRACED && incident.process == 7);
    for (pid_t i = 0; i < INCIDENTS_MAX - 1; i++) {
        cr_assert(incidents_next(incidents, &incident));
        cr_assert(incident.kind == INCIDENT_ASTRAY && incident.process == 100 + i);
    }
    cr_assert_not(incidents_next(incidents, &incident));
    incidents_report(incidents, INCIDENT_OTHER_CODE, 8);
    cr_assert(incidents_next(incidents, &incident) && incident.process == 8, "there is room again");
}

Test(incidents, each_has_a_name_that_is_found_again)
{
    for (int k = 0; k < INCIDENT_KIND_COUNT; k++) {
        IncidentKind kind;
        cr_assert(incident_parse(incident_name((IncidentKind)k), &kind) && kind == (IncidentKind)k);
    }
    IncidentKind kind;
    cr_assert_not(incident_parse("none", &kind));
}
