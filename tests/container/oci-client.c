/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do what an OCI runtime does with linux.seccomp.listenerPath, for tests without a runtime: enter the guest's view, install the
 * filter, send the listener with a container process state to the instance's socket, and become the command. Usage: oci-client
 * SOCKET COMMAND...
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cuse-server/container/guest-filter.h"
#include "cuse-server/container/guest-view.h"
#include "cuse-server/container/proc-view.h"
#include "cuse-server/inventory/host-devices.h"

static const char state[] = "{\"ociVersion\": \"1.0.2\", \"fds\": [\"seccompFd\"], \"pid\": 1, "
                            "\"state\": {\"ociVersion\": \"1.0.2\", \"id\": \"test\", "
                            "\"status\": \"creating\", \"bundle\": \"/\"}}";

static bool send_listener(const char *path, int listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct iovec iov = {.iov_base = (void *)state, .iov_len = strlen(state)};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof listener)];
    } control = {0};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof listener);
    memcpy(CMSG_DATA(c), &listener, sizeof listener);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    bool sent = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)iov.iov_len;
    if (fd >= 0) {
        close(fd);
    }
    return sent;
}

int main(int argc, char **argv)
{
    g_autofree Device *devices = g_new0(Device, DEVICES_MAX);
    g_autoptr(GError) error = NULL;
    ProcView view;
    unsigned n = 0;

    if (argc < 3) {
        g_printerr("usage: oci-client SOCKET COMMAND...\n");
        return 2;
    }
    if (unshare(CLONE_NEWNS) < 0 || !host_devices_find("all", devices, &n, &error) ||
        !proc_view_start(&view, devices, n, &error) ||
        !guest_view_enter(devices, n, view.mount, &error)) {
        g_printerr("oci-client: %s\n", error ? error->message : "cannot unshare");
        return EXIT_FAILURE;
    }
    const FilterNeeds needs = filter_needs(devices, n);
    int listener = guest_filter_install(&needs, &error);
    if (listener < 0 || !send_listener(argv[1], listener)) {
        g_printerr("oci-client: %s\n", error ? error->message : "cannot send the listener");
        return EXIT_FAILURE;
    }
    close(listener);
    execvp(argv[2], argv + 2);
    return EXIT_FAILURE;
}
