/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's answer to a debugger: ptrace(PTRACE_ATTACH or PTRACE_SEIZE, number) of a thread.
 *
 * A thread has one tracer at most, and an agent's is the broker. A debugger attaches to every thread that it finds in
 * /proc/PID/task; so an agent goes before somebody attaches to it, and is gone when the kernel looks for it: to the
 * debugger it is a thread that has just ended. A process whose other threads are attached to keeps its agent, and
 * maps under strace as it does without.
 *
 * The kernel decides who may attach. Who may not, as far as ids and capabilities tell, does not disturb an agent; who
 * may attach to a process may disturb it in any way.
 */
#pragma once

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agents.h"

/** guest_attach_answer: see that no agent is in the way, and let the call go on. */
void guest_attach_answer(Agents *agents, int listener, const struct seccomp_notif *notif);
