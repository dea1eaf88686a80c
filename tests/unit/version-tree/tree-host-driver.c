/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the host's driver for its version, with the test's own ioctl() instead of the kernel's. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/nv-ioctl.h"
#include "version-tree/host-driver.h"

/* The driver's answer to each command, and the commands that it got. */
static struct {
    const char *query_answer, *strict_answer;
    int query_errno, strict_errno;
    NvU32 reply;
    int calls;
    unsigned long request;
} driver;

int ioctl(int fd, unsigned long request, ...)
{
    nv_ioctl_rm_api_version_t *params;
    const char *answer;
    bool query;
    va_list args;

    va_start(args, request);
    params = va_arg(args, nv_ioctl_rm_api_version_t *);
    va_end(args);
    cr_assert_eq(fd, 42);
    driver.calls++;
    driver.request = request;
    query = params->cmd == NV_RM_API_VERSION_CMD_QUERY;
    cr_assert(query || params->cmd == NV_RM_API_VERSION_CMD_STRICT);
    params->reply = driver.reply;
    answer = query ? driver.query_answer : driver.strict_answer;
    memcpy(params->versionString, answer, MIN(strlen(answer) + 1, sizeof params->versionString));
    errno = query ? driver.query_errno : driver.strict_errno;
    return errno == 0 ? 0 : -1;
}

static void check_answers(const char *expected, int calls)
{
    char text[DRIVER_VERSION_MAX];
    DriverVersion version;
    g_autoptr(GError) error = NULL;

    cr_assert(host_driver_version(42, &version, &error), "%s", error ? error->message : "");
    cr_assert_str_eq(driver_version_format(version, text), expected);
    cr_assert_eq(driver.calls, calls);
    cr_assert_eq(driver.request, 0xc04846d2);
}

static void check_fails(DriverError code)
{
    DriverVersion version;
    g_autoptr(GError) error = NULL;

    cr_assert_not(host_driver_version(42, &version, &error));
    cr_assert(g_error_matches(error, DRIVER_ERROR, (gint)code), "%s", error->message);
}

Test(host_driver, answers_the_query)
{
    driver = (typeof(driver)){.reply = 1, .query_answer = "580.95.05", .strict_answer = ""};
    check_answers("580.95.05", 1);
}

Test(host_driver, is_asked_strictly_if_it_does_not_know_the_query)
{
    driver = (typeof(driver)){
        .reply = 1, .query_answer = "", .strict_answer = "525.60.11", .strict_errno = EINVAL};
    check_answers("525.60.11", 2);
}

Test(host_driver, may_fail)
{
    driver = (typeof(driver)){
        .reply = 1, .query_answer = "580.95.05", .strict_answer = "", .query_errno = EINVAL};
    check_fails(DRIVER_ERROR_HOST);
    driver = (typeof(driver)){
        .reply = 1, .query_answer = "", .strict_answer = "525.60.11", .strict_errno = EPERM};
    check_fails(DRIVER_ERROR_HOST);
}

Test(host_driver, must_recognize_the_question)
{
    driver = (typeof(driver)){.reply = 0, .query_answer = "580.95.05", .strict_answer = ""};
    check_fails(DRIVER_ERROR_HOST);
}

Test(host_driver, must_answer_a_version)
{
    static const char unterminated[] =
        "580.95.05.580.95.05.580.95.05.580.95.05.580.95.05.580.95.05.580.95.05";

    driver = (typeof(driver)){.reply = 1, .query_answer = "rel/580", .strict_answer = ""};
    check_fails(DRIVER_ERROR_PARSE);
    driver = (typeof(driver)){.reply = 1, .query_answer = unterminated, .strict_answer = ""};
    check_fails(DRIVER_ERROR_PARSE);
}
