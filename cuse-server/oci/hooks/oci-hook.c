/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/hooks/oci-hook.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/visible-line.h"
#include "cuse-server/container/container-files.h"
#include "cuse-server/oci/config/oci-bundle.h"
#include "cuse-server/oci/request/given-devices.h"
#include "cuse-server/oci/runtime/seccomp-socket.h"

enum {
    ANSWER_SECONDS = 30,
    END_SECONDS = 30, /* for an instance to take its devices down */
    NAMES_MAX = 16 * 1024,
};

/* Read the container's state, which the runtime writes to the hook's standard input. The hook does
 * not need it, but the runtime must be able to finish writing. */
static void drain_state(void)
{
    char buffer[4096];

    while (read(STDIN_FILENO, buffer, sizeof buffer) > 0) {
    }
}

static GSocket *ask(const char *instance, const char *question, GError **error)
{
    g_autofree char *path = seccomp_socket_of(instance);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocket) socket =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);

    if (!socket) {
        return NULL;
    }
    g_socket_set_timeout(socket, ANSWER_SECONDS);
    if (!g_socket_connect(socket, address, NULL, error) ||
        g_socket_send(socket, question, strlen(question), NULL, error) < 0) {
        g_prefix_error(error, "instance '%s': ", instance);
        return NULL;
    }
    return g_steal_pointer(&socket);
}

/* Receive the answer to {"nvcuse": "view"}: the names, and the files, which the caller closes. */
static char *receive_view(GSocket *socket, int files[SECCOMP_SOCKET_VIEW_FILES], GError **error)
{
    g_autofree char *names = g_malloc0(NAMES_MAX);
    GInputVector vector = {.buffer = names, .size = NAMES_MAX - 1};
    GSocketControlMessage **messages = NULL;
    int n_messages = 0;
    int n = 0;

    if (g_socket_receive_message(socket, NULL, &vector, 1, &messages, &n_messages, NULL, NULL,
                                 error) < 0) {
        return NULL;
    }
    for (int m = 0; m < n_messages; m++) {
        if (n == 0 && G_IS_UNIX_FD_MESSAGE(messages[m])) {
            g_autofree int *fds = g_unix_fd_message_steal_fds(G_UNIX_FD_MESSAGE(messages[m]), &n);
            memcpy(files, fds, (size_t)MIN(n, SECCOMP_SOCKET_VIEW_FILES) * sizeof *files);
        }
        g_object_unref(messages[m]);
    }
    g_free(messages);
    if (n != SECCOMP_SOCKET_VIEW_FILES) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "instance already in use by another container");
        return NULL;
    }
    return g_steal_pointer(&names);
}

char *oci_hook_view(const char *instance, int files[SECCOMP_SOCKET_VIEW_FILES], GError **error)
{
    g_autoptr(GSocket) socket = ask(instance, "{\"nvcuse\": \"view\"}", error);

    return socket ? receive_view(socket, files, error) : NULL;
}

static bool hook_view(char **args, GError **error)
{
    g_autofree char *names = NULL;
    int files[SECCOMP_SOCKET_VIEW_FILES];

    return oci_bundle_restore(args[1], error) && (names = oci_hook_view(args[0], files, error)) &&
           container_files_attach(args[2], names, files[0], files[1], error);
}

/* Open a pidfd of the instance's process. Returns -1 if it has ended. The pid may belong to another
 * process by now, so the command line must contain the instance's name. */
static int instance_process(const char *instance, const char *pid)
{
    g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL);
    guint64 number = g_ascii_strtoull(pid, NULL, 10);
    int fd = number ? pidfd_open((pid_t)number, 0) : -1;
    g_autofree char *text = NULL;
    gsize length = 0;

    if (fd >= 0 && g_file_get_contents(path, &text, &length, NULL)) {
        for (gsize at = 0; at < length; at += strlen(text + at) + 1) {
            if (g_str_equal(text + at, instance)) {
                return fd;
            }
        }
    }
    close_if_open(fd);
    return -1;
}

static bool hook_stop(char **args, GError **error)
{
    struct pollfd ended = {.fd = instance_process(args[0], args[1]), .events = POLLIN};
    bool ok = true;

    if (ended.fd >= 0) {
        /* The question may fail: the instance may have noticed the container's end already, and not
         * answer any more. */
        g_autoptr(GSocket) socket = ask(args[0], "{\"nvcuse\": \"stop\"}", NULL);
        ok = poll(&ended, 1, END_SECONDS * 1000) > 0;
        close(ended.fd);
    }
    if (!ok) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                    "instance '%s' did not end within %d seconds", args[0], END_SECONDS);
    }
    return ok;
}

static bool hook_cdi(char **args, GError **error)
{
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "CDI device '%s' belongs to nvcuse and needs nvcuse-runtime: create the container with "
        "this runtime (podman and docker: --runtime)",
        args[0]);
    return false;
}

static const struct {
    const char *name;
    guint n_args;
    bool (*run)(char **args, GError **error);
} hooks[] = {
    {"view", 3, hook_view},
    {"stop", 2, hook_stop},
    {OCI_HOOK_CDI, 1, hook_cdi},
};

int oci_hook_main(char **args)
{
    g_autoptr(GError) error = NULL;

    drain_state();
    for (size_t i = 0; args[0] && i < G_N_ELEMENTS(hooks); i++) {
        if (g_str_equal(args[0], hooks[i].name) && g_strv_length(args + 1) == hooks[i].n_args) {
            if (hooks[i].run(args + 1, &error)) {
                return EXIT_SUCCESS;
            }
            g_autofree char *line = visible_line(error->message);
            g_printerr("nvcuse-runtime: %s\n", line);
            return EXIT_FAILURE;
        }
    }
    g_autofree char *name = visible_line(args[0] ? args[0] : "(none)");
    g_printerr("nvcuse-runtime: unknown hook, or wrong number of arguments: %s\n", name);
    return EXIT_FAILURE;
}
