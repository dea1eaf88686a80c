/* SPDX-License-Identifier: Apache-2.0 */
/* The tracer of an agent: the broker's thread behind it. */
#pragma once

#include <glib.h>

/** agent_main: the body of an agent's tracer thread: make the agent, let it work, and clean up after it. */
gpointer agent_main(gpointer data);
