/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/container-instance.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/life/instance.h"
#include "cuse-server/oci/hooks/hook-environment.h"

enum {
    READY_SECONDS = 60,
    ID_SHOWN = 30,    /* characters of the container's name in the instance's name */
    MARK_LENGTH = 12, /* characters of the hash: 48 bits */
    OUTPUT_MAX = 16 * 1024,
    STARTER_FD = 3, /* the descriptor's number in the instance */
};

G_STATIC_ASSERT(ID_SHOWN + 1 + MARK_LENGTH <= INSTANCE_NAME_MAX);

char *container_instance_name(const char *id, const char *bundle)
{
    g_autofree char *both = g_strdup_printf("%s\n%s", bundle, id);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, both, -1);
    g_autofree char *shown = g_strndup(id, ID_SHOWN);

    g_strcanon(shown, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-", '-');
    if (!g_ascii_isalnum(shown[0])) {
        shown[0] = 'c';
    }
    return g_strdup_printf("%s-%.*s", shown, MARK_LENGTH, sum);
}

static bool fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
    return false;
}

/* Make a socket for the readiness protocol (sd_notify(3)), at a name that the kernel makes up.
 * Every process can send to such a name, so a message counts only if the instance itself sent
 * it. */
static int notify_socket(char **name, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    const int on = 1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address.sun_family) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        fail(error, "cannot make a socket for the instance's readiness message");
        close_if_open(fd);
        return -1;
    }
    size_t size = length - offsetof(struct sockaddr_un, sun_path) - 1;
    *name = g_strdup_printf("@%.*s", (int)size, address.sun_path + 1);
    return fd;
}

/* Has @pid sent the message that it is ready? */
static bool is_ready(int socket, GPid pid)
{
    char text[64] = "";
    struct iovec iov = {.iov_base = text, .iov_len = sizeof text - 1};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control = {0};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct ucred sender = {.pid = -1};

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0) {
        return false;
    }
    const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
        memcpy(&sender, CMSG_DATA(c), sizeof sender);
    }
    return sender.pid == pid && strcmp(text, "READY=1") == 0;
}

/* The last line that the instance wrote, without its name before it. */
static char *last_words(int output)
{
    g_autofree char *text = g_malloc0(OUTPUT_MAX);
    size_t length = 0;
    ssize_t n;

    while (length < OUTPUT_MAX - 1 &&
           (n = read(output, text + length, OUTPUT_MAX - 1 - length)) > 0) {
        length += (size_t)n;
    }
    g_strchomp(text);
    const char *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    return g_strdup(g_str_has_prefix(line, "nvcuse serve: ") ? line + strlen("nvcuse serve: ")
                                                             : line);
}

/* Is this process in a user namespace with fewer ids than the host's, as under a rootless engine? */
static bool has_few_ids(void)
{
    g_autofree char *map = NULL;

    return g_file_get_contents("/proc/self/uid_map", &map, NULL, NULL) &&
           !strstr(map, "4294967295"); /* the number of all ids */
}

/* What to add to the error of an instance. It advises options of `nvcuse serve`, which a container's instance has in a
 * file. */
static const char *hint_for(const char *said)
{
    static const char *const requests[] = {
        "--gpus: ", "--caps: ", "--imex-channels: ", "--gpu-memory: ", "--pinned-memory: "};

    if (has_few_ids()) {
        return " (this runtime is in a user namespace: nvcuse does not support rootless engines)";
    }
    /* The runtime itself gives these options: what is wrong with them is in the container's request. */
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        if (g_str_has_prefix(said, requests[i])) {
            return "";
        }
    }
    return strstr(said, "--") ? " (nvcuse-runtime: give this option in the file that "
                                "instance-config in /etc/nvcuse/runtime.conf names)"
                              : "";
}

static bool wait_until_ready(int socket, GPid pid, int output, GError **error)
{
    gint64 end = g_get_monotonic_time() + READY_SECONDS * G_TIME_SPAN_SECOND;
    struct pollfd polls[] = {{.fd = socket, .events = POLLIN},
                             {.fd = pidfd_open(pid, 0), .events = POLLIN}};
    bool ready = false;
    bool ended = false;
    gint64 left;

    while (!ready && !ended && (left = end - g_get_monotonic_time()) > 0) {
        poll(polls, G_N_ELEMENTS(polls), (int)(left / 1000) + 1);
        ready = (polls[0].revents & POLLIN) && is_ready(socket, pid);
        ended = polls[1].revents != 0;
    }
    close(polls[1].fd);
    if (ready) {
        return true;
    }
    g_autofree char *said =
        ended ? last_words(output)
              : g_strdup_printf("the instance was not ready within %d seconds", READY_SECONDS);
    if (!*said) {
        g_free(said);
        said = g_strdup("the instance ended before it was ready, without an error message");
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s%s", said, hint_for(said));
    return false;
}

/* Give the instance its own session, so that a signal to the runtime's process group does not end
 * it. Set the umask, so that its files have the modes that its code gives, whichever engine made
 * the container. */
static void child_setup(gpointer data)
{
    (void)data;
    setsid();
    umask(022);
}

/* The instance's environment. It contains nothing of the engine's, because the instance runs as
 * root and outlives the engine's call. */
static char **environment_of(const char *notify)
{
    char **environment = g_environ_setenv(NULL, "PATH", HOOK_PATH, TRUE);

    return g_environ_setenv(environment, "NOTIFY_SOCKET", notify ? notify : "", TRUE);
}

static GPtrArray *command_of(const char *program, const char *name, const char *bundle,
                             const char *const *options)
{
    GPtrArray *words = g_ptr_array_new();
    const char *first[] = {program,        "nvcuse", "serve",    "--name", name,
                           "--starter-fd", "3",      "--bundle", bundle};

    for (size_t i = 0; i < G_N_ELEMENTS(first); i++) {
        g_ptr_array_add(words, (gpointer)first[i]);
    }
    for (; *options; options++) {
        g_ptr_array_add(words, (gpointer)*options);
    }
    g_ptr_array_add(words, NULL);
    return words;
}

bool container_instance_start(const char *program, const char *name, const char *bundle,
                              const char *const *options, GPid *pid, GError **error)
{
    g_autoptr(GPtrArray) words = command_of(program, name, bundle, options);
    g_autofree char *notify = NULL;
    g_auto(GStrv) environment = NULL;
    int starter = pidfd_open(getpid(), 0);
    int target = STARTER_FD;
    int output = -1;
    int socket = notify_socket(&notify, error);
    bool ok = socket >= 0;

    environment = environment_of(notify);
    /* The instance inherits only its standard error and the starter. GLib closes the other files,
     * and forks twice, so that the runtime, which this process becomes, has no child that it does
     * not know. */
    ok = ok && g_spawn_async_with_pipes_and_fds(
                   "/", (const char *const *)words->pdata, (const char *const *)environment,
                   G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_STDOUT_TO_DEV_NULL, child_setup, NULL, -1,
                   -1, -1, &starter, &target, 1, pid, NULL, NULL, &output, error);
    ok = ok && wait_until_ready(socket, *pid, output, error);
    close_if_open(socket);
    close_if_open(output);
    close(starter);
    return ok;
}
