/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers a debugger's ptrace(PTRACE_ATTACH or PTRACE_SEIZE, number) of a thread.
 *
 * A thread has at most one tracer, and the broker is the tracer of every agent. A debugger attaches to every thread that it
 * finds in /proc/PID/task, so also to the agent. The broker therefore ends the agent before the kernel carries out such a
 * call. The kernel does not find the agent any more, and the debugger sees a thread that has just ended. The agent stays if
 * a debugger attaches only to other threads of the process: mmap() works under strace as it does without.
 *
 * The kernel decides whether the caller may attach. If the caller may not, as far as ids and capabilities tell, the broker
 * does not disturb the agent. A caller that may attach to a process may disturb that process in any way.
 */
#pragma once

#include <linux/seccomp.h>

#include "cuse-server/broker/agents/agents.h"

/** guest_attach_answer: end the process's agent if it is in the way and the caller may attach, and let the kernel carry out the
 * call. */
void guest_attach_answer(Agents *agents, int listener, const struct seccomp_notif *notif);
