/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/fake-host.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "cuse-server/proxy/host-commands.h"
#include "cuse-server/worker/memory/retry-memory.h"
#include "version-tree/driver-release.h"

static int host_open(Host *host, unsigned device, int flags)
{
    Fake *fake = (Fake *)host;

    (void)device;
    (void)flags;
    fake->n_open++;
    return HOST_FD_BASE +
           (int)++fake->n_opened; /* never the same, so that a test can tell files apart */
}

/* Each buffer is known by its address; a frontend's argument has the length in its ioctl word. */
static void check_buffers(const HostCall *call)
{
    if (_IOC_TYPE(call->command) == 'F' && call->n_buffers > 0) {
        g_assert_cmpuint(call->buffers[0].size, ==, _IOC_SIZE(call->command));
    }
    for (unsigned i = 1; i < call->n_buffers; i++) {
        const HostBuffer *from = &call->buffers[call->buffers[i].from];
        void *at;
        g_assert_cmpuint(call->buffers[i].from, <, i);
        g_assert_cmpuint(call->buffers[i].offset + sizeof at, <=, from->size);
        memcpy(&at, (char *)from->at + call->buffers[i].offset, sizeof at);
        g_assert_true(at == call->buffers[i].at);
    }
}

static int host_ioctl(Host *host, const HostCall *call)
{
    Fake *fake = (Fake *)host;
    void *argument = host_call_argument(call);

    /* The proxy must not try an ioctl that a worker's filter forbids. */
    g_assert_true(host_commands_have(fake->commands, call->command));
    check_buffers(call);
    fake->n_calls++;
    fake->last = (SeenCall){.fd = call->fd, .command = call->command, .null_argument = !argument};
    if (argument) {
        memcpy(fake->last.argument, argument, MIN(call->buffers[0].size, HOST_PARAMS_MAX));
    }
    return fake->answer ? fake->answer(fake, call->command, argument) : 0;
}

static int host_follow(Host *host, int fd)
{
    (void)fd;
    return ((Fake *)host)->no_follow;
}

struct HostRemnant {
    int fd;
};

/* The driver keeps the files that the test lists. */
static HostRemnant *host_close_file(Host *host, int fd)
{
    Fake *fake = (Fake *)host;
    HostRemnant *remnant = NULL;

    fake->n_open--;
    if (g_hash_table_lookup(fake->kept, GINT_TO_POINTER(fd))) {
        remnant = g_new(HostRemnant, 1);
        remnant->fd = fd;
        fake->n_remnants++;
    }
    return remnant;
}

static bool host_remains(Host *host, const HostRemnant *remnant)
{
    return g_hash_table_lookup(((Fake *)host)->kept, GINT_TO_POINTER(remnant->fd));
}

static void host_forget(Host *host, HostRemnant *remnant)
{
    ((Fake *)host)->n_remnants--;
    g_free(remnant);
}

/* Poll like the driver: an event that was reported is gone. */
static unsigned host_poll(Host *host, int fd, unsigned events)
{
    Fake *fake = (Fake *)host;
    unsigned found = fake->events & events;

    (void)fd;
    fake->events &= ~found;
    return found;
}

static void host_watch(Host *host, int fd, uint32_t id)
{
    (void)host;
    (void)fd;
    (void)id;
}

static int host_identify(Host *host, pid_t tid, int guest_fd, uint32_t *id)
{
    Fake *fake = (Fake *)host;

    (void)tid;
    *id = GPOINTER_TO_UINT(g_hash_table_lookup(fake->guest_fd, GINT_TO_POINTER(guest_fd)));
    return *id ? 0 : EBADF;
}

static int host_process(Host *host, pid_t tid, uint32_t uid, GuestProcess *process)
{
    const Fake *fake = (Fake *)host;

    (void)tid;
    (void)uid;
    *process = fake->process;
    return process->id ? 0 : ESRCH;
}

/* Processes have the numbers that the test set. */
static int host_number(Host *host, pid_t tid, uint64_t id, uint32_t *number)
{
    const Fake *fake = (Fake *)host;

    g_assert_cmpint(tid, ==, fake->request.tid);
    *number = GPOINTER_TO_UINT(g_hash_table_lookup(fake->numbers, GSIZE_TO_POINTER(id)));
    return *number ? 0 : ESRCH;
}

/* An ioctl from inside the guest; it must be the guest's own call. */
static int host_ioctl_in_guest(Host *host, pid_t tid, const HostCall *call)
{
    Fake *fake = (Fake *)host;

    g_assert_cmpint(tid, ==, fake->request.tid);
    if (fake->no_entry) {
        return fake->no_entry;
    }
    g_assert_cmpuint(call->n_buffers, ==, 1);
    int error = host_ioctl(host, call);
    fake->last.in_guest = true;
    return error;
}

static int host_install(Host *host, pid_t tid, unsigned device, int *guest_fd, uint32_t *id)
{
    Fake *fake = (Fake *)host;

    g_assert_cmpint(tid, ==, fake->request.tid);
    if (fake->no_entry) {
        return fake->no_entry;
    }
    *guest_fd = FAKE_INSTALLED_FD;
    *id = fake_open(fake, device, *guest_fd)->id;
    if (fake->after_install) {
        fake->after_install(fake, *id);
    }
    return 0;
}

static const HostOps host_ops = {
    .open = host_open,
    .follow = host_follow,
    .ioctl = host_ioctl,
    .close = host_close_file,
    .remains = host_remains,
    .forget = host_forget,
    .poll = host_poll,
    .watch = host_watch,
    .identify = host_identify,
    .process = host_process,
    .number = host_number,
    .ioctl_in_guest = host_ioctl_in_guest,
    .install = host_install,
};

DriverAbi *fake_abi(const char *version)
{
    DriverVersion parsed;

    g_assert_true(driver_version_parse(version, &parsed, NULL));
    return driver_abi_new(driver_release_find(parsed));
}

Fake *fake_new_on(const DriverAbi *abi, NvCaps caps)
{
    Fake *fake = g_new0(Fake, 1);
    const ProxyLimits limits = {16, {4, 64}};

    fake->process = (GuestProcess){FAKE_PROCESS, 1000};
    fake->host.ops = &host_ops;
    fake->devices[FAKE_CTL] = (Device){DEVICE_FRONTEND, "nvidiactl", makedev(195, 255)};
    fake->devices[FAKE_GPU] = (Device){DEVICE_FRONTEND, "nvidia0", makedev(195, 0)};
    fake->devices[FAKE_UVM] = (Device){DEVICE_UVM, "nvidia-uvm", makedev(240, 0)};
    fake->devices[FAKE_TOOLS] = (Device){DEVICE_UVM_TOOLS, "nvidia-uvm-tools", makedev(240, 1)};
    fake->devices[FAKE_DMA_BUF] = (Device){DEVICE_DMA_BUF, "nvidia-dmabuf", 0};
    fake->devices[FAKE_CAP] = (Device){DEVICE_OPEN_ONLY, "nvidia-cap3", makedev(241, 3)};
    fake->abi = abi;
    fake->guest_fd = g_hash_table_new(NULL, NULL);
    fake->numbers = g_hash_table_new(NULL, NULL);
    fake->kept = g_hash_table_new(NULL, NULL);
    fake->commands = host_commands(fake->abi, caps, true);
    proxy_init(&fake->proxy, fake->abi, caps, fake->devices, G_N_ELEMENTS(fake->devices), &limits,
               &fake->host);
    return fake;
}

Fake *fake_new(const char *version, NvCaps caps)
{
    DriverAbi *abi = fake_abi(version);
    Fake *fake = fake_new_on(abi, caps);

    fake->own_abi = abi;
    return fake;
}

void fake_free(Fake *fake)
{
    proxy_clear(&fake->proxy);
    g_array_unref(fake->commands);
    driver_abi_free(fake->own_abi);
    g_hash_table_unref(fake->guest_fd);
    g_assert_cmpuint(fake->n_remnants, ==, 0);
    g_hash_table_unref(fake->numbers);
    g_hash_table_unref(fake->kept);
    g_free(fake);
}

NvFile *fake_open(Fake *fake, unsigned device, int guest_fd)
{
    NvFile *file = fake_open_if_room(fake, device, guest_fd);

    g_assert_nonnull(file);
    return file;
}

NvFile *fake_open_if_room(Fake *fake, unsigned device, int guest_fd)
{
    NvFile *file = NULL;
    const int error = proxy_open(&fake->proxy, device, 2, &file);

    if (error == ENFILE) {
        return NULL;
    }
    g_assert_cmpint(error, ==, 0);
    g_hash_table_insert(fake->guest_fd, GINT_TO_POINTER(guest_fd), GUINT_TO_POINTER(file->id));
    nv_file_unref(file); /* the table's reference keeps it */
    return file;
}

static bool in_guest(uint64_t addr, size_t len)
{
    return addr >= GUEST_BASE && len <= GUEST_SIZE && addr - GUEST_BASE <= GUEST_SIZE - len;
}

void *fake_at(Fake *fake, uint64_t addr)
{
    g_assert_true(in_guest(addr, 1));
    return fake->memory + (addr - GUEST_BASE);
}

/* The kernel's part: copy the ranges of a list into one buffer, or back. */
static bool copy_ranges(Fake *fake, const struct iovec *iov, size_t n, GByteArray *in)
{
    g_byte_array_set_size(in, 0);
    for (size_t i = 0; i < n; i++) {
        if (!in_guest((uintptr_t)iov[i].iov_base, iov[i].iov_len)) {
            return false;
        }
        if (iov[i].iov_len) {
            g_byte_array_append(in, fake_at(fake, (uintptr_t)iov[i].iov_base),
                                (guint)iov[i].iov_len);
        }
    }
    return true;
}

static int write_back(Fake *fake, const struct iovec *out, size_t n_out, const RetryMemory *memory,
                      unsigned n_ranges)
{
    struct iovec reply[RETRY_RANGES_MAX];
    size_t n = retry_memory_reply(memory, n_ranges, reply);

    g_assert_cmpuint(n, <=, n_out);
    for (size_t i = 0; i < n; i++) {
        g_assert_cmpuint(reply[i].iov_len, ==, out[i].iov_len);
        if (!in_guest((uintptr_t)out[i].iov_base, out[i].iov_len)) {
            return EFAULT;
        }
        memcpy(fake_at(fake, (uintptr_t)out[i].iov_base), reply[i].iov_base, reply[i].iov_len);
    }
    return 0;
}

int fake_ioctl(Fake *fake, NvFile *file, uint32_t command, uint64_t argument)
{
    g_autoptr(GByteArray) in = g_byte_array_new();
    struct iovec in_list[RETRY_RANGES_MAX];
    struct iovec out_list[RETRY_RANGES_MAX];
    size_t n_in = 0;
    size_t n_out = 0;
    size_t out_size = 0;

    for (fake->rounds = 1;; fake->rounds++) {
        RetryMemory memory;
        fake->request = (Request){.proxy = &fake->proxy,
                                  .file = file,
                                  .command = command,
                                  .argument = argument,
                                  .tid = 1,
                                  .memory = &memory.base};
        g_assert_cmpuint(fake->rounds, <, 50);
        retry_memory_init(&memory, in->data, in->len, out_size, true);
        RequestResult result = proxy_ioctl(&fake->request);
        if (memory.too_large) {
            retry_memory_clear(&memory);
            return E2BIG;
        }
        if (result == REQUEST_DONE && (fake->request.error || retry_memory_matches(&memory))) {
            int error = fake->request.error
                            ? fake->request.error
                            : write_back(fake, out_list, n_out, &memory, fake->request.write_back);
            proxy_answered(&fake->request);
            retry_memory_clear(&memory);
            return error;
        }
        retry_memory_lists(&memory, in_list, &n_in, out_list, &n_out);
        out_size = memory.out_total;
        retry_memory_clear(&memory);
        if (fake->between_rounds) {
            fake->between_rounds(fake, fake->rounds);
        }
        if (!copy_ranges(fake, in_list, n_in, in)) {
            return EFAULT;
        }
    }
}

int fake_frontend(Fake *fake, NvFile *file, uint32_t number, void *params, size_t size)
{
    memcpy(fake_at(fake, GUEST_BASE), params, size);
    int error = fake_ioctl(fake, file, (uint32_t)_IOC(3U, 'F', number, size), GUEST_BASE);
    memcpy(params, fake_at(fake, GUEST_BASE), size);
    return error;
}
