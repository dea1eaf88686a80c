/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that works without stops (agent-loop.h explains it): its pages, its orders and its reports. */
#include "cuse-server/broker/agents/thread/agent-loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/thread/agent-calls.h"
#include "cuse-server/broker/agents/thread/agent-code.h"
#include "cuse-server/broker/agents/thread/agent-params.h"

/* #syscalls:broker memfd_create ftruncate fcntl mmap munmap close */

/* Missing from older headers. Linux 5.1, 6.3 and 6.10. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

/* Sizes in bytes: of code and order; and of code, order and parameters. */
enum { ORDERS_BYTES = 2 * AGENT_PAGE_BYTES, ALL_BYTES = 3 * AGENT_PAGE_BYTES };

/* Indexes of the arguments of the wait, which is an mmap(). */
enum { ARG_LENGTH = 1, ARG_NUMBER = 4, ARG_RESULT = 5 };

/* --- its pages -------------------------------------------------------------------------------- */

/* Files: the files behind the agent's pages. @orders: code and order, which only the broker can write to. @params: the
 * parameters. */
typedef struct {
    int orders;
    int params;
} Files;

static void files_close(const Files *files)
{
    close_if_open(files->orders);
    close_if_open(files->params);
}

static uint8_t *map_here(int fd, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return at == MAP_FAILED ? NULL : at;
}

/* Make the file of code and order. The broker maps it before it seals it. Returns -1 on failure, for example if the
 * machine does not allow to execute a file in memory. */
static int make_orders(AgentLoop *loop)
{
    const int seals = F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int fd = memfd_create("nvcuse-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

    if (fd >= 0 && ftruncate(fd, ORDERS_BYTES) == 0 && (loop->code = map_here(fd, ORDERS_BYTES)) &&
        fcntl(fd, F_ADD_SEALS, seals) == 0) {
        loop->order = (AgentOrder *)(void *)(loop->code + AGENT_PAGE_BYTES);
        return fd;
    }
    close_if_open(fd);
    return -1;
}

void agent_loop_free(AgentLoop *loop)
{
    if (loop && loop->code) {
        (void)munmap(loop->code, ORDERS_BYTES);
    }
    if (loop && loop->params) {
        (void)munmap(loop->params, AGENT_PAGE_BYTES);
    }
    g_free(loop);
}

/* Returns NULL if there is no memory or no descriptor for it, or if the machine does not allow it. */
static AgentLoop *loop_new(Files *files)
{
    AgentLoop *loop = g_new0(AgentLoop, 1);

    files->orders = make_orders(loop);
    files->params = agent_page_new();
    if (files->orders >= 0 && files->params >= 0 &&
        (loop->params = map_here(files->params, AGENT_PAGE_BYTES))) {
        return loop;
    }
    files_close(files);
    agent_loop_free(loop);
    return NULL;
}

/* --- how an agent gets them ------------------------------------------------------------------- */

/* Make a system call of the preparation. @ready: set to false if the call fails */
static TraceeResult do_call(Agent *agent, TraceeCall *call, bool *ready)
{
    TraceeResult result = tracee_do(&agent->tracee, call);

    *ready = result == TRACEE_OK && !agent_is_error(call->result);
    return result;
}

/* Have the agent map a file of the broker's. */
static TraceeResult map_file(Agent *agent, int file, TraceeCall *map, bool *ready)
{
    int64_t fd;
    TraceeResult result = agent_take_file(agent, file, &fd);

    *ready = result == TRACEE_OK && fd >= 0;
    if (!*ready) {
        return result;
    }
    map->args[4] = (uint64_t)fd;
    result = do_call(agent, map, ready);
    return result == TRACEE_OK ? agent_close(agent, fd) : result;
}

/* Map code and order with room for all three pages. Then map the parameters in place of the last page. */
static TraceeResult map_all(Agent *agent, AgentLoop *loop, const Files *files, bool *ready)
{
    TraceeCall orders = {.number = SYS_mmap,
                         .args = {0, ALL_BYTES, PROT_READ | PROT_EXEC, AGENT_PAGE_FLAGS, 0, 0}};
    TraceeCall params = {
        .number = SYS_mmap,
        .args = {0, AGENT_PAGE_BYTES, PROT_READ | PROT_WRITE, AGENT_PAGE_FLAGS | MAP_FIXED, 0, 0}};
    TraceeResult result = map_file(agent, files->orders, &orders, ready);

    if (result == TRACEE_OK && *ready) {
        loop->address = (uint64_t)orders.result;
        params.args[0] = loop->address + ORDERS_BYTES;
        result = map_file(agent, files->params, &params, ready);
    }
    return result;
}

/* Seal the pages, so that they remain mapped. Child processes do not inherit them. */
static TraceeResult seal(Agent *agent, const AgentLoop *loop, bool *ready)
{
    TraceeCall not_for_children = {.number = SYS_madvise,
                                   .args = {loop->address, ALL_BYTES, MADV_DONTFORK}};
    TraceeCall seal = {.number = SYS_mseal, .args = {loop->address, ALL_BYTES, 0}};
    TraceeResult result = do_call(agent, &not_for_children, ready);

    return result == TRACEE_OK && *ready ? do_call(agent, &seal, ready) : result;
}

/* Check that the sealed pages are the broker's. The guest may have replaced them before they were sealed, or its filter
 * may have faked the results of the calls. */
static bool are_ours(const Agent *agent, const AgentLoop *loop, const Files *files)
{
    const pid_t tid = agent->tracee.tid;
    const uint64_t params = loop->address + ORDERS_BYTES;

    return agent_page_is_sealed(files->orders, tid, loop->address, params) &&
           agent_page_is_sealed(files->params, tid, params, params + AGENT_PAGE_BYTES);
}

static TraceeResult take_bell(Agent *agent, bool *ready)
{
    int64_t fd;
    TraceeResult result = agent_take_file(agent, agent->bell, &fd);

    *ready = result == TRACEE_OK && fd >= 0;
    if (*ready) {
        agent->bell_number = fd;
    }
    return result;
}

static TraceeResult have_pages(Agent *agent, AgentLoop *loop, const Files *files, bool *ready)
{
    TraceeResult result = map_all(agent, loop, files, ready);

    if (result == TRACEE_OK && *ready) {
        result = seal(agent, loop, ready);
    }
    if (result == TRACEE_OK && *ready) {
        *ready = are_ours(agent, loop, files);
    }
    return result == TRACEE_OK && *ready ? take_bell(agent, ready) : result;
}

TraceeResult agent_loop_prepare(Agent *agent)
{
    TraceeCall nothing = {.number = SYS_mseal}; /* no bytes: does the kernel know the call? */
    Files files;
    bool ready;
    TraceeResult result = do_call(agent, &nothing, &ready);
    AgentLoop *loop = result == TRACEE_OK && ready ? loop_new(&files) : NULL;

    if (!loop) {
        return result;
    }
    result = have_pages(agent, loop, &files, &ready);
    files_close(&files);
    if (result != TRACEE_OK || !ready) {
        agent_loop_free(loop);
        return result;
    }
    agent_code_write(loop->code);
    agent_lock(agent);
    agent->loop = loop;
    agent_unlock(agent);
    return TRACEE_OK;
}

TraceeResult agent_loop_run(Agent *agent)
{
    const AgentLoop *loop = agent->loop;
    TraceeRegs regs = agent->tracee.regs;

    agent_code_start(&regs, loop->address, loop->address + AGENT_PAGE_BYTES);
    agent_lock(agent);
    if (agent->state != AGENT_LEAVING) {
        agent_set_state(agent, AGENT_PARKING);
    }
    agent_unlock(agent);
    return tracee_run(&agent->tracee, &regs);
}

/* --- its orders ------------------------------------------------------------------------------- */

/* Write an order. The agent reads it after its wait is answered. */
static void give_order(AgentLoop *loop, AgentOrder order)
{
    order.number = ++loop->ordered;
    *loop->order = order;
}

void agent_loop_order_job(Agent *agent, const AgentJob *job)
{
    AgentLoop *loop = agent->loop;
    const __u64 *args = job->call.data.args;
    AgentOrder order = {
        .call = SYS_mmap,
        .args = {args[0], args[1], args[2], agent_map_flags(args[3]), AGENT_JOB_FD, args[5]},
        .closes = true};

    if (job->ioctl) {
        const AgentIoctl *what = job->ioctl->what;
        memcpy(loop->params, what->params, what->size);
        memset(loop->params + what->size, 0, AGENT_PAGE_BYTES - what->size);
        order = (AgentOrder){.call = SYS_ioctl,
                             .args = {AGENT_JOB_FD, what->command, loop->address + ORDERS_BYTES},
                             .closes = true};
    }
    give_order(loop, order);
}

void agent_loop_order_rest(Agent *agent)
{
    give_order(agent->loop,
               (AgentOrder){.call = SYS_read,
                            .args = {(uint64_t)agent->bell_number, 0, sizeof(uint64_t)}});
}

void agent_loop_order_unmap(Agent *agent, uint64_t address, uint64_t length)
{
    give_order(agent->loop, (AgentOrder){.call = SYS_munmap, .args = {address, length}});
}

bool agent_loop_is_unmapping(const Agent *agent)
{
    return agent->loop->order->call == SYS_munmap;
}

/* --- what it says ----------------------------------------------------------------------------- */

bool agent_loop_is_wait(const struct seccomp_notif *notif)
{
    return notif->data.nr == SYS_mmap && notif->data.args[ARG_LENGTH] == 0;
}

bool agent_loop_result(const Agent *agent, const struct seccomp_notif *notif, int64_t *result)
{
    *result = (int64_t)notif->data.args[ARG_RESULT];
    return notif->data.args[ARG_NUMBER] == agent->loop->ordered;
}

bool agent_loop_has_params(const Agent *agent, const AgentIoctl *what)
{
    return memcmp(agent->loop->params, what->params, what->size) == 0;
}

void agent_loop_take_params(const Agent *agent, const AgentIoctl *what)
{
    memcpy(what->params, agent->loop->params, what->size);
}
