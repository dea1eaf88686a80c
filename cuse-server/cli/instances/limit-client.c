/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/instances/limit-client.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/wire/instance-spec.h"
#include "cuse-server/wire/seqpacket.h"

enum { ANSWER_SECONDS = 5, FOLLOW_SECONDS = 5, FOLLOW_MILLISECONDS = 5 };

/* --- the question ----------------------------------------------------------------------------- */

static bool ask(const char *name, const LimitRequest *request, LimitReply *reply, GError **error)
{
    int fd = run_directory_connect(name, "limits", SOCK_SEQPACKET);
    int file = -1;

    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "instance '%s' does not answer: %s; `nvcuse ps` lists the instances that run",
                    name, g_strerror(errno));
        return false;
    }
    const bool answered = seqpacket_send(fd, request, sizeof *request, -1) &&
                          seqpacket_wait(fd, reply, sizeof *reply, &file) == SEQPACKET_MESSAGE;
    if (!answered) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "instance '%s' did not reply within %d seconds, or ended; if it is still "
                    "running, the change may still take effect: see `nvcuse ps`",
                    name, ANSWER_SECONDS);
    }
    close(fd);
    return answered;
}

/* Set the error for a reply that is not LIMIT_CHANGED. Returns false. */
static bool refuse(const char *name, const LimitReply *reply, GError **error)
{
    g_autofree char *gpu = g_strdup_printf("the instance has no /dev/nvidia%d", reply->gpu);
    const char *const reasons[] = {
        [LIMIT_NOT_ROOT] = "only root may change limits",
        [LIMIT_INVALID] =
            "it does not understand the request: it runs another version of nvcuse, so "
            "use the nvcuse that started it",
        [LIMIT_NOT_BY_GPU] = "it was started without limits of GPU memory: start it with "
                             "--gpu-memory max, or with a limit",
        [LIMIT_NO_SUCH_GPU] = gpu,
        [LIMIT_FIXED] = "a recorded or simulated instance has no quotas",
    };

    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "instance '%s': %s", name,
                reply->result < G_N_ELEMENTS(reasons) && reasons[reply->result]
                    ? reasons[reply->result]
                    : "unknown reply");
    return false;
}

/* --- what the worker does ----------------------------------------------------------------------- */

/* Ask the instance whether its worker has followed the last change. */
static bool has_followed(const char *name)
{
    g_autofree char *text = run_directory_ask(name, "control", NULL);
    g_autoptr(JsonObject) instance = text ? json_read_object(text, NULL) : NULL;

    return instance && json_read_boolean(instance, "limits_followed");
}

static bool wait_for_worker(const char *name, GError **error)
{
    const gint64 end = g_get_monotonic_time() + FOLLOW_SECONDS * G_TIME_SPAN_SECOND;
    bool followed;

    while (!(followed = has_followed(name)) && g_get_monotonic_time() < end) {
        g_usleep(FOLLOW_MILLISECONDS * 1000UL);
    }
    if (!followed) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                    "instance '%s' has the new limits, but its worker has not followed them within "
                    "%d seconds: the driver may hang, or refuse to switch a program's channels; "
                    "`nvcuse ps --json` shows limits_followed when it has",
                    name, FOLLOW_SECONDS);
    }
    return followed;
}

bool limit_client_change(const char *name, const LimitRequest *request, GError **error)
{
    LimitReply reply;

    if (geteuid() != 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                            "must be run as root: only root may change limits");
        return false;
    }
    return ask(name, request, &reply, error) &&
           (reply.result == LIMIT_CHANGED || refuse(name, &reply, error)) &&
           wait_for_worker(name, error);
}
