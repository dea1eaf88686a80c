/* SPDX-License-Identifier: Apache-2.0 */
/* The table of calls: its rows, and what it counts. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/status.h"
#include "cuse-server/observe/call-log.h"
#include "tests/unit/support/new-ledger.h"

/* The contents of the memfd to which a log was written. */
static char *text_of(int fd)
{
    static char text[4096];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

Test(call_log, a_row_names_what_it_can_and_numbers_the_rest)
{
    g_autoptr(Ledger) ledger = new_ledger();
    int fd = memfd_create("log", 0);
    CallLog *log = call_log_new(dup(fd), ledger);

    call_log_add(log, &(CallEvent){.device = "nvidiactl",
                                   .call = "NV_ESC_RM_CONTROL",
                                   .detail_number = 0x1234,
                                   .status = NV_ERR_NOT_SUPPORTED,
                                   .refusal = REFUSAL_UNKNOWN_CONTROL});
    call_log_add(log, &(CallEvent){.device = "nvidia0",
                                   .number = 0xd1,
                                   .error = EINVAL,
                                   .status = CALL_NO_STATUS,
                                   .refusal = REFUSAL_UNKNOWN_IOCTL});
    call_log_add(log, &(CallEvent){.device = "nvidiactl", .call = "open", .status = 0x1234567});
    call_log_finish(log);
    call_log_free(log);

    const char *text = text_of(fd);
    cr_assert_not_null(strstr(text, "0x1234 "));
    cr_assert_not_null(strstr(text, "NV_ERR_NOT_SUPPORTED"));
    cr_assert_not_null(strstr(text, "refused: unknown-control"));
    cr_assert_not_null(strstr(text, "0xd1 "));
    cr_assert_not_null(strstr(text, "EINVAL"));
    cr_assert_not_null(strstr(text, "0x1234567"), "a status without a name");
    cr_assert_not_null(
        strstr(text, "# 3 calls, 1 forwarded, 2 refused (unknown-ioctl 1, unknown-control 1)"));
    close(fd);
}

Test(call_log, counts_without_a_file)
{
    g_autoptr(Ledger) ledger = new_ledger();
    g_autoptr(CallLog) log = call_log_new(-1, ledger);
    g_autofree char *none = call_log_summary(log);

    cr_assert_str_eq(none, "0 calls, 0 forwarded, 0 refused");
    call_log_add(log, &(CallEvent){.device = "nvidiactl", .call = "open"});
    g_autofree char *one = call_log_summary(log);
    cr_assert_str_eq(one, "1 calls, 1 forwarded, 0 refused");
}

Test(call_log, every_reason_has_a_word_and_a_sentence)
{
    for (int r = 0; r < REFUSAL_COUNT; r++) {
        cr_assert_not_null(refusal_name((Refusal)r), "reason %d has no name", r);
        cr_assert_gt(strlen(refusal_explanation((Refusal)r)), 10);
    }
}
