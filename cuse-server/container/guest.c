/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/guest.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/fd-keep.h"
#include "cuse-server/container/guest-filter.h"
#include "cuse-server/container/guest-view.h"
#include "cuse-server/wire/seqpacket.h"

/*
 * #syscalls:broker poll wait4 pidfd_send_signal close
 * #syscalls:before socketpair clone3 clone prctl execve kill write rt_sigprocmask rt_sigtimedwait exit_group
 */

/* The messages on the socket. Each is sent once: GO to init, with the view of /proc; LISTENER to the broker, with the
 * command's listener. */
typedef enum { MESSAGE_GO = 'g', MESSAGE_LISTENER = 'l' } Message;

/* --- in the guest ----------------------------------------------------------------------------- */

static G_NORETURN void give_up(const GError *error)
{
    g_printerr("nvcuse: %s\n", error->message);
    _exit(GUEST_EXIT_CANNOT_START);
}

static void wait_for_message(int socket, char *message, int *fd)
{
    struct pollfd readable = {.fd = socket, .events = POLLIN};
    SeqpacketResult result;

    do {
        poll(&readable, 1, -1);
        result = seqpacket_receive(socket, message, 1, fd);
    } while (result == SEQPACKET_NOTHING);
    if (result == SEQPACKET_GONE) {
        *message = 0;
    }
}

/* Run the command in its process. From the installation of the filter on, the calls that it names go to the
 * broker. */
static G_NORETURN void exec_command(int socket, const sigset_t *signals, char *const *argv,
                                    const FilterNeeds *needs)
{
    g_autoptr(GError) error = NULL;
    char message = MESSAGE_LISTENER;
    int listener = guest_filter_install(needs, &error);

    if (listener < 0) {
        give_up(error);
    }
    if (!seqpacket_send(socket, &message, sizeof message, listener)) {
        _exit(GUEST_EXIT_CANNOT_START); /* the broker is gone, and this process with it */
    }
    close(listener);
    close(socket);
    sigprocmask(SIG_SETMASK, signals, NULL);
    execvp(argv[0], argv);
    int saved = errno;
    g_printerr("nvcuse: cannot run '%s': %s\n", argv[0], g_strerror(saved));
    _exit(saved == ENOENT ? GUEST_EXIT_NOT_FOUND : GUEST_EXIT_NOT_EXECUTABLE);
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? GUEST_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Run as pid 1: reap every child, pass signals on, and end when the command ends. */
static G_NORETURN void run_init(pid_t command, const sigset_t *watched)
{
    for (;;) {
        siginfo_t info;
        int signal_number = sigwaitinfo(watched, &info);
        if (signal_number < 0) {
            continue;
        }
        if (signal_number != SIGCHLD) {
            if (info.si_code != SI_KERNEL) { /* the terminal signals the command, too */
                kill(command, signal_number);
            }
            continue;
        }
        int status;
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended == command) {
                _exit(exit_code(status));
            }
        }
    }
}

static G_NORETURN void guest_main(int socket, char *const *argv, const Device *devices,
                                  unsigned n_devices, const FilterNeeds *needs)
{
    int keep[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, socket};
    g_autoptr(GError) error = NULL;
    sigset_t watched;
    sigset_t inherited;
    char message = 0;
    int fd = -1;

    prctl(PR_SET_NAME, "nvcuse-init");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fd_keep_only(keep, G_N_ELEMENTS(keep));
    sigfillset(&watched);
    sigprocmask(SIG_SETMASK, &watched, &inherited);

    wait_for_message(socket, &message, &fd);
    if (message != MESSAGE_GO) {
        _exit(GUEST_EXIT_CANNOT_START); /* the instance did not start; the broker says why */
    }
    if (!guest_view_enter(devices, n_devices, fd, &error)) {
        give_up(error);
    }
    close(fd);
    pid_t command = fork();
    if (command == 0) {
        exec_command(socket, &inherited, argv, needs);
    }
    close(socket);
    if (command < 0) {
        g_printerr("nvcuse: cannot fork: %s\n", g_strerror(errno));
        _exit(GUEST_EXIT_CANNOT_START);
    }
    run_init(command, &watched);
}

/* --- in the broker ---------------------------------------------------------------------------- */

bool guest_fork(Guest *guest, char *const *argv, const Device *devices, unsigned n_devices,
                const FilterNeeds *needs, GError **error)
{
    int sockets[2] = {-1, -1};
    int pidfd = -1;
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_PIDFD,
        .pidfd = (uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0) {
        guest->init = (pid_t)syscall(SYS_clone3, &args, sizeof args);
        if (guest->init == 0) {
            guest_main(sockets[1], argv, devices, n_devices, needs);
        }
        close(sockets[1]);
        if (guest->init > 0) {
            guest->pidfd = pidfd;
            guest->socket = sockets[0];
            return true;
        }
        close(sockets[0]);
    }
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                "cannot make the guest's namespaces: %s (this needs root)", g_strerror(errno));
    return false;
}

void guest_go(Guest *guest, int proc_view, int *listener)
{
    char message = MESSAGE_GO;

    *listener = -1;
    if (seqpacket_send(guest->socket, &message, sizeof message, proc_view)) {
        wait_for_message(guest->socket, &message, listener);
    }
    close(guest->socket);
    guest->socket = -1;
}

void guest_signal(const Guest *guest, int signal_number)
{
    pidfd_send_signal(guest->pidfd, signal_number, NULL, 0);
}

int guest_wait(Guest *guest)
{
    int status = 0;

    while (waitpid(guest->init, &status, 0) < 0 && errno == EINTR) {
    }
    close(guest->pidfd);
    guest->pidfd = -1;
    if (guest->socket >= 0) {
        close(guest->socket);
        guest->socket = -1;
    }
    return exit_code(status);
}

void guest_kill(const Guest *guest)
{
    guest_signal(guest, SIGKILL);
}
