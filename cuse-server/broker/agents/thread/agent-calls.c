/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that a tracer has its agent make, other than those of a job. */
#include "cuse-server/broker/agents/thread/agent-calls.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "cuse-server/broker/agents/thread/agent-page.h"

/* include/linux/err.h: MAX_ERRNO */
enum { ERRNO_MAX = 4095 };

bool agent_is_error(int64_t result)
{
    return result < 0 && result >= -ERRNO_MAX;
}

/* Get the system call in which a thread waits for a file. The filter asks the broker about this call, and its result is
 * the file's number. For an agent it is a call that the kernel itself would only fail with EINVAL. For an errand and its
 * caller it is the call that the guest made, which the guest's own filters let pass. */
static TraceeCall wait_call(const Agent *agent)
{
    const __u64 *args = agent->starter.data.args;

    return agent->errand
               ? (TraceeCall){.number = SYS_pidfd_getfd, .args = {args[0], args[1], args[2]}}
               : (TraceeCall){.number = SYS_mmap, .args = {0, 0, PROT_NONE, MAP_SHARED, 0, 0}};
}

TraceeResult agent_park(Agent *agent, int64_t *fd)
{
    TraceeCall call = wait_call(agent);
    TraceeResult result;

    do {
        result = tracee_enter(&agent->tracee, &call);
        if (result != TRACEE_OK) {
            return result;
        }
        agent_lock(agent);
        if (agent->state != AGENT_LEAVING) {
            agent_set_state(agent, AGENT_PARKING);
        }
        agent_unlock(agent);
        result = tracee_leave(&agent->tracee, &call);
    } while (result == TRACEE_OK && tracee_is_to_repeat(&agent->tracee, &call));
    *fd = call.result;
    return result;
}

TraceeResult agent_take_file(Agent *agent, int file, int64_t *fd)
{
    agent_lock(agent);
    agent->offered = file;
    agent_unlock(agent);
    return agent_park(agent, fd);
}

/* Leaves the mark out if the kernel would reject it. */
uint64_t agent_map_flags(uint64_t flags)
{
    return (flags & MAP_TYPE) == MAP_SHARED ? flags | AGENT_MAP_MARK : flags;
}

TraceeResult agent_map_page(Agent *agent, int64_t fd, int protection, int64_t *address)
{
    TraceeCall call = {
        .number = SYS_mmap,
        .args = {0, AGENT_PAGE_BYTES, (uint64_t)protection, AGENT_PAGE_FLAGS, (uint64_t)fd, 0}};
    TraceeResult result = tracee_do(&agent->tracee, &call);

    *address = call.result;
    return result;
}

TraceeResult agent_unmap_page(Agent *agent, int64_t address)
{
    TraceeCall call = {.number = SYS_munmap, .args = {(uint64_t)address, AGENT_PAGE_BYTES}};

    return tracee_do(&agent->tracee, &call);
}

TraceeResult agent_close(Agent *agent, int64_t fd)
{
    TraceeCall call = {.number = SYS_close, .args = {(uint64_t)fd}};

    return tracee_do(&agent->tracee, &call);
}
