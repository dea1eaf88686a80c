/* SPDX-License-Identifier: Apache-2.0 */
/* What a new agent gives up before it gets any work: its copies of the guest's files, and its capabilities. */
#include "cuse-server/broker/agents/thread/agent-strip.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "cuse-server/broker/agents/thread/agent-calls.h"
#include "cuse-server/broker/identity/guest-thread.h"

enum {
    CAPSET_DATA_OFFSET = 8, /* sizeof (struct __user_cap_header_struct) */
};

/* The driver checks the capabilities of the task that makes the call, so an agent must not have any. */
static bool has_capabilities(const Agent *agent)
{
    uint64_t capabilities;

    return !guest_thread_capabilities(agent->tracee.tid, &capabilities) || capabilities;
}

static TraceeResult capset(Agent *agent, int64_t fd)
{
    TraceeCall capset = {.number = SYS_capset};
    int64_t page;
    TraceeResult result = agent_map_page(agent, fd, PROT_READ, &page);

    if (result != TRACEE_OK || agent_is_error(page)) {
        return result;
    }
    capset.args[0] = (uint64_t)page;
    capset.args[1] = (uint64_t)page + CAPSET_DATA_OFFSET;
    result = tracee_do(&agent->tracee, &capset);
    return result == TRACEE_OK ? agent_unmap_page(agent, page) : result;
}

/*
 * Drop the agent's capabilities. If the guest changes what capset() reads, the agent keeps only capabilities that the guest has
 * anyway. The check afterwards detects this.
 */
static TraceeResult drop_capabilities(Agent *agent, int *error)
{
    TraceeResult result;
    int64_t fd;

    if (!has_capabilities(agent)) {
        return TRACEE_OK;
    }
    result = agent_take_file(agent, agent_no_caps(agent), &fd);
    if (result == TRACEE_OK && fd >= 0) {
        result = capset(agent, fd);
        if (result == TRACEE_OK) {
            result = agent_close(agent, fd);
        }
    }
    if (result == TRACEE_OK && has_capabilities(agent)) {
        agent_trouble(agent, INCIDENT_CAPABILITIES);
        *error = EPERM;
    }
    return result;
}

TraceeResult agent_strip(Agent *agent, int *error)
{
    TraceeCall close_all = {.number = SYS_close_range, .args = {0, UINT_MAX, 0}};
    TraceeResult result = tracee_do(&agent->tracee, &close_all);

    if (result != TRACEE_OK) {
        return result;
    }
    agent->lingers = close_all.result == 0;
    return drop_capabilities(agent, error);
}
