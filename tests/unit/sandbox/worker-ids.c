/* SPDX-License-Identifier: Apache-2.0 */
/* The range of user ids for workers, from /etc/subuid. */
#include <criterion/criterion.h>

#include "cuse-server/sandbox/worker-ids.h"

static WorkerIds parse(const char *text)
{
    WorkerIds ids = {0};
    g_autoptr(GError) error = NULL;

    cr_assert(worker_ids_parse(text, &ids, &error), "%s", error ? error->message : "");
    return ids;
}

Test(worker_ids, without_a_line_they_are_the_usual_ones)
{
    const WorkerIds ids = parse("root:100000:65536\nnvcuse2:1:1\n\n# nvcuse:5:5\n");

    cr_assert_eq(ids.first, WORKER_IDS_FIRST);
    cr_assert_eq(ids.count, WORKER_IDS_COUNT);
}

Test(worker_ids, a_line_says_which)
{
    const WorkerIds ids = parse("root:100000:65536\nnvcuse:300000:4096\nother:1:2");

    cr_assert_eq(ids.first, 300000);
    cr_assert_eq(ids.count, 4096);
}

Test(worker_ids, none_is_roots_or_anothers_and_each_range_has_an_end)
{
    static const char *const wrong[] = {
        "nvcuse:0:2048",   "nvcuse:-1:2048",         "nvcuse:1000", "nvcuse:1000:",
        "nvcuse:1000:0",   "nvcuse:4294967295:2048", "nvcuse::",    "nvcuse:1000:99999999999",
        "nvcuse:1000:1:1", "nvcuse:0x10:1",          "nvcuse",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        WorkerIds ids;
        g_autoptr(GError) error = NULL;
        cr_assert_not(worker_ids_parse(wrong[i], &ids, &error), "%s", wrong[i]);
        cr_assert_not_null(error);
    }
}
