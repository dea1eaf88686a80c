/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests that stop, hoard and flood.
 *
 *     swarm stopped N     N processes that are stopped during calls, while this one continues to call
 *     swarm files         as many open files as the limit allows
 *     swarm clients       as many clients as the limit allows
 *     swarm mapped FORMS  files, clients and objects up to their limits, with each file closed at once while something of the
 *                         driver's still refers to it: its mapping (m), another file that is tied to it (t), or, of
 *                         nvidia-uvm, a mapping (u)
 *     swarm threads N     N threads that call and poll for three seconds
 *     swarm foreign       a client, whose handle is written to standard output, kept until this process is ended
 *     swarm use HANDLE    everything that could be done with a client's handle of another instance
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

static atomic_bool over;

/* Make a client with a device and its subdevice, without output: a killed process cannot report. */
static int64_t make_tree(int ctl, NvHandle *client)
{
    NV0080_ALLOC_PARAMETERS device = {0};
    NV2080_ALLOC_PARAMETERS subdevice = {0};
    int64_t result = rm_client(ctl, client);

    result = result ? result : rm_alloc(ctl, *client, *client, H_DEVICE, NV01_DEVICE_0, &device);
    return result ? result
                  : rm_alloc(ctl, *client, H_DEVICE, H_SUBDEVICE, NV20_SUBDEVICE_0, &subdevice);
}

static _Noreturn void call_for_ever(void)
{
    for (;;) {
        NvHandle client = 0;
        int ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
        int gpu = open("/dev/nvidia0", O_RDWR | O_CLOEXEC);
        make_tree(ctl, &client);
        rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS, NULL, 0);
        close(gpu);
        close(ctl);
    }
}

static pid_t start_caller(void)
{
    pid_t child = fork();

    if (child == 0) {
        call_for_ever();
    }
    return child;
}

static void stopped(long n)
{
    pid_t *children = calloc((size_t)n, sizeof *children);
    NvHandle client;
    int ctl = node("nvidiactl");
    int64_t result = 0;

    for (long i = 0; i < n; i++) {
        children[i] = start_caller();
        usleep((useconds_t)(20000 + random() % 12000));
        kill(children[i], SIGSTOP);
    }
    for (int i = 0; i < 50 && result == 0; i++) {
        result = rm_client(ctl, &client);
        result = result ? result : rm_free(ctl, client, client);
    }
    say("with %ld stopped: %s", n, status(result));
    for (long i = 0; i < n; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    free(children);
}

static void files(void)
{
    unsigned n = 0;

    while (n < 100000 && open("/dev/nvidiactl", O_RDWR) >= 0) {
        n++;
    }
    say("%u files, then %s", n, strerrorname_np(errno));
}

static void clients(void)
{
    int ctl = node("nvidiactl");
    NvHandle client = 0;
    unsigned n = 0;
    int64_t result;

    while ((result = rm_client(ctl, &client)) == 0 && n < 100000) {
        n++;
    }
    say("%u clients, then %s", n, status(result));
}

/* --- closed, and not gone --------------------------------------------------------------------- */

enum { MAPPED = 4096 };

/* Make a file with a client, a device, memory, and a mapping of that, and close it. */
static int64_t hide_mapped(void)
{
    NV0080_ALLOC_PARAMETERS device = {0};
    Tree t = {.ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC)};
    int64_t result;

    if (t.ctl < 0) {
        return -errno;
    }
    if ((result = rm_client(t.ctl, &t.client)) == 0 &&
        (result = rm_alloc(t.ctl, t.client, t.client, H_DEVICE, NV01_DEVICE_0, &device)) == 0 &&
        (result = memory_new(&t, H_SYSTEM, NV01_MEMORY_SYSTEM, MAPPED)) == 0 &&
        (result = rm_map(t.ctl, t.client, H_SYSTEM, 0, MAPPED, t.ctl, NULL)) == 0 &&
        mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, t.ctl, 0) == MAP_FAILED) {
        result = -errno;
    }
    close(t.ctl);
    return result;
}

/* Make a file with a client and close it, while a GPU's file is tied to it. */
static int64_t hide_tied(void)
{
    NvHandle client = 0;
    int ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    int gpu = ctl < 0 ? -1 : open("/dev/nvidia0", O_RDWR | O_CLOEXEC);
    nv_ioctl_register_fd_t tie = {.ctl_fd = ctl};
    int64_t result = ctl < 0 || gpu < 0 ? -errno : rm_client(ctl, &client);

    if (result == 0 && ioctl(gpu, _IOWR(NV_IOCTL_MAGIC, NV_ESC_REGISTER_FD, tie), &tie) != 0) {
        result = -errno;
    }
    if (ctl >= 0) {
        close(ctl);
    }
    return result;
}

/* Map a file of nvidia-uvm at its own offset, and close it. */
static int64_t hide_uvm(void)
{
    static char *next = (char *)0x200000000000;
    UVM_INITIALIZE_PARAMS params = {0};
    int uvm = open("/dev/nvidia-uvm", O_RDWR | O_CLOEXEC);
    int64_t result = 0;

    if (uvm < 0) {
        return -errno;
    }
    next += 1UL << 21;
    if (ioctl(uvm, (unsigned long)UVM_INITIALIZE, &params) != 0 || params.rmStatus != 0 ||
        mmap(next, 1UL << 21, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, uvm,
             (off_t)(size_t)next) == MAP_FAILED) {
        result = params.rmStatus ? (int64_t)params.rmStatus : -errno;
    }
    close(uvm);
    return result;
}

static void mapped(const char *forms)
{
    for (; *forms; forms++) {
        int64_t (*const hide)(void) = *forms == 'm'   ? hide_mapped
                                      : *forms == 't' ? hide_tied
                                                      : hide_uvm;
        unsigned n = 0;
        int64_t result;
        while ((result = hide()) == 0 && n < 1000) {
            n++;
        }
        say("%c: %u, then %s", *forms, n, status(result));
    }
    (void)fflush(stdout);
    sleep(3); /* so that the test can see what the driver has */
}

static void *flood(void *data)
{
    (void)data;
    while (!over) {
        NvHandle client;
        int ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
        struct pollfd poll_fd = {.fd = ctl, .events = POLLIN | POLLPRI};
        rm_client(ctl, &client);
        for (int i = 0; i < 8; i++) {
            poll(&poll_fd, 1, 0);
        }
        close(ctl);
    }
    return NULL;
}

static void threads(long n)
{
    pthread_t *all = calloc((size_t)n, sizeof *all);
    long started = 0;

    while (started < n && pthread_create(&all[started], NULL, flood, NULL) == 0) {
        started++;
    }
    sleep(3);
    over = true;
    for (long i = 0; i < started; i++) {
        pthread_join(all[i], NULL);
    }
    free(all);
    say("%ld threads", started);
}

static void foreign(void)
{
    NvHandle client;
    int ctl = node("nvidiactl");

    if (make_tree(ctl, &client) == 0) {
        say("%u", client);
    }
    (void)fflush(stdout);
    pause();
}

static void use(NvHandle client)
{
    NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS ids;
    NVOS55_PARAMETERS copy = {.hObject = H_OTHER, .hClientSrc = client, .hObjectSrc = H_DEVICE};
    NV0080_ALLOC_PARAMETERS device = {0};
    NvHandle own;
    int ctl = node("nvidiactl");

    make_tree(ctl, &own);
    copy.hClient = own;
    copy.hParent = own;
    say("control: %s", status(rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS,
                                         &ids, sizeof ids)));
    say("alloc: %s", status(rm_alloc(ctl, client, client, H_OTHER, NV01_DEVICE_0, &device)));
    say("duplicate: %s", status(ioctl_status(ctl, NV_ESC_RM_DUP_OBJECT, &copy, sizeof copy,
                                             offsetof(NVOS55_PARAMETERS, status))));
    say("free: %s", status(rm_free(ctl, client, client)));
    say("free of an object: %s", status(rm_free(ctl, client, H_DEVICE)));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    long n = argc > 2 ? strtol(argv[2], NULL, 0) : 1;

    srandom((unsigned)getpid());
    if (strcmp(what, "stopped") == 0) {
        stopped(n);
    } else if (strcmp(what, "files") == 0) {
        files();
    } else if (strcmp(what, "clients") == 0) {
        clients();
    } else if (strcmp(what, "mapped") == 0) {
        mapped(argc > 2 ? argv[2] : "m");
    } else if (strcmp(what, "threads") == 0) {
        threads(n);
    } else if (strcmp(what, "foreign") == 0) {
        foreign();
    } else if (strcmp(what, "use") == 0) {
        use((NvHandle)strtoul(argv[2], NULL, 0));
    } else {
        return 2;
    }
    return 0;
}
