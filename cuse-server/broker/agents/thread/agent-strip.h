/* SPDX-License-Identifier: Apache-2.0 */
/* What a new agent gives up before it gets any work. */
#pragma once

#include "cuse-server/broker/agents/agent-internal.h"

/**
 * agent_strip: close the agent's copies of the guest's files and drop its capabilities. Sets @agent->lingers if no copy is left.
 * @error: set to an errno if the agent keeps capabilities; otherwise unchanged. The incident is reported.
 */
TraceeResult agent_strip(Agent *agent, int *error);
