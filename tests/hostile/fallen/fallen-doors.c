/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fallen worker that tries to get the memory of programs that call on its guests' files. It is the real nvcuse; the linker
 * puts these functions in place of the worker's own (--wrap), so that they run under the worker's confinement.
 *
 *     FALLEN_COMMAND   the ioctl() whose caller is robbed
 *     FALLEN_ADDRESS   the address in the program that makes it
 *     FALLEN_IDS       every file is to pass for the first one
 *     FALLEN_SPY       ask without a pause for the memory of the youngest process that has called, and of processes that
 *                      were made after it; and delay answers by up to so many microseconds, to have more time to ask
 *
 * When a guest makes that ioctl(), the worker asks the broker for the caller's memory, and uses the descriptors that it
 * gets, for this and for every other call. Then it answers with FUSE_IOCTL_RETRY and uses what the kernel copies. On
 * standard error it writes "WAY: no memory: ERRNO" or "WAY: has 'TEXT'".
 */
#include <errno.h>
#include <linux/fuse.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/proxy/objects/nv-file.h"
#include "cuse-server/worker/broker-link.h"
#include "cuse-server/worker/doors/file-calls.h"
#include "cuse-server/worker/memory/call-memory.h"

BrokerLink *__real_broker_link_new(int socket);
BrokerLink *__wrap_broker_link_new(int socket);
int __real_broker_link_memory(BrokerLink *link, pid_t tid, BrokerMemory *memory);
int __wrap_broker_link_memory(BrokerLink *link, pid_t tid, BrokerMemory *memory);
void __real_call_memory_init(CallMemory *memory, int fd, int denied);
void __wrap_call_memory_init(CallMemory *memory, int fd, int denied);
uint32_t __real_nv_file_table_new_id(NvFileTable *table);
uint32_t __wrap_nv_file_table_new_id(NvFileTable *table);
void __real_fuse_session_process_buf(struct fuse_session *session, const struct fuse_buf *buffer);
void __wrap_fuse_session_process_buf(struct fuse_session *session, const struct fuse_buf *buffer);

enum { LOOT = 32, SPIED_ON = 6, PIECES = 1000 };

static const char mark[LOOT] = "OVERWRITTEN";

static BrokerLink *broker;

static uint64_t wanted(const char *name)
{
    const char *text = g_getenv(name);

    return text ? g_ascii_strtoull(text, NULL, 0) : 0;
}

static void say_denied(const char *way, int error)
{
    g_printerr("%s: no memory: %s\n", way, strerrorname_np(error));
}

/* Read and write the memory at the address. */
static void rob(const char *way, int fd)
{
    char text[LOOT] = "";
    const off_t address = (off_t)wanted("FALLEN_ADDRESS");

    if (address == 0) {
        return;
    }
    if (pread(fd, text, LOOT - 1, address) <= 0 || pwrite(fd, mark, LOOT, address) != LOOT) {
        say_denied(way, errno);
    } else {
        g_printerr("%s: has '%s'\n", way, text);
    }
}

BrokerLink *__wrap_broker_link_new(int socket)
{
    broker = __real_broker_link_new(socket);
    return broker;
}

/* The question that belongs to the call. */
int __wrap_broker_link_memory(BrokerLink *link, pid_t tid, BrokerMemory *memory)
{
    int error = __real_broker_link_memory(link, tid, memory);

    if (error == 0) {
        rob("asked in a call", memory->memory);
    }
    return error;
}

/* The descriptor that comes with a call from the listener. */
void __wrap_call_memory_init(CallMemory *memory, int fd, int denied)
{
    if (fd >= 0) {
        rob("came along", fd);
    }
    __real_call_memory_init(memory, fd, denied);
}

uint32_t __wrap_nv_file_table_new_id(NvFileTable *table)
{
    return wanted("FALLEN_IDS") ? 1 : __real_nv_file_table_new_id(table);
}

static void rob_and_close(const char *way, const BrokerMemory *memory)
{
    rob(way, memory->memory);
    close(memory->memory);
    close(memory->thread);
}

static void ask_broker(pid_t tid)
{
    BrokerMemory memory;
    int error = __real_broker_link_memory(broker, tid, &memory);

    if (error) {
        say_denied("asked", error);
    } else {
        rob_and_close("asked", &memory);
    }
}

static void reply(int fd, uint64_t unique, struct fuse_ioctl_out *out, void *data, size_t size)
{
    struct fuse_out_header header = {.unique = unique,
                                     .len = (uint32_t)(sizeof header + sizeof *out + size)};
    const struct iovec iov[] = {{&header, sizeof header}, {out, sizeof *out}, {data, size}};

    (void)!writev(fd, iov, G_N_ELEMENTS(iov));
}

/* Have the kernel copy the memory at the address to the worker, and back. */
static void ask_kernel(int fd, uint64_t unique)
{
    const struct fuse_ioctl_iovec range = {.base = wanted("FALLEN_ADDRESS"), .len = LOOT};
    struct fuse_ioctl_iovec ranges[] = {range, range};
    struct fuse_ioctl_out out = {.flags = FUSE_IOCTL_RETRY, .in_iovs = 1, .out_iovs = 1};

    reply(fd, unique, &out, ranges, sizeof ranges);
}

static void take_from_kernel(int fd, uint64_t unique, const char *text)
{
    struct fuse_ioctl_out out = {0};
    char loot[LOOT];

    g_printerr("the kernel: has '%.31s'\n", text);
    memcpy(loot, mark, sizeof loot);
    reply(fd, unique, &out, loot, sizeof loot);
}

static void attack(int fd, const struct fuse_in_header *header, const struct fuse_ioctl_in *in)
{
    /* The memory that the retry, or the call itself, brought. */
    if (in->in_size == LOOT) {
        take_from_kernel(fd, header->unique, (const char *)(in + 1));
    } else {
        ask_broker((pid_t)header->pid);
        ask_kernel(fd, header->unique);
    }
}

/* --- to spy -------------------------------------------------------------------------------------- */

static atomic_int youngest;

static gpointer spy_forever(gpointer data)
{
    (void)data;
    for (;;) {
        const pid_t caller = atomic_load(&youngest);
        for (pid_t tid = caller; tid < caller + SPIED_ON; tid++) {
            BrokerMemory memory;
            if (__real_broker_link_memory(broker, tid, &memory) == 0) {
                rob_and_close("spied", &memory);
            }
        }
    }
    return NULL;
}

/* A program calls. */
static void spy_on(const struct fuse_in_header *header)
{
    static gsize started;
    const uint64_t late = wanted("FALLEN_SPY");

    if ((int)header->pid > atomic_load(&youngest)) {
        atomic_store(&youngest, (int)header->pid);
    }
    if (g_once_init_enter(&started)) {
        g_thread_unref(g_thread_new("spy", spy_forever, NULL));
        g_once_init_leave(&started, 1);
    }
    g_usleep(late * (header->unique * 7919 % PIECES) / PIECES);
}

void __wrap_fuse_session_process_buf(struct fuse_session *session, const struct fuse_buf *buffer)
{
    const struct fuse_in_header *header = buffer->mem;
    const struct fuse_ioctl_in *in = (const void *)(header + 1);

    if (header->opcode == FUSE_IOCTL && wanted("FALLEN_SPY")) {
        spy_on(header);
    }
    if (header->opcode == FUSE_IOCTL && wanted("FALLEN_COMMAND") == in->cmd) {
        attack(fuse_session_fd(session), header, in);
    } else {
        __real_fuse_session_process_buf(session, buffer);
    }
}
