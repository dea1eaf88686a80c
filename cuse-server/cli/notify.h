/* SPDX-License-Identifier: Apache-2.0 */
/* Reports this process's state to the supervisor that started it, with the protocol of sd_notify(3). */
#pragma once

/** notify_supervisor: send a state like "READY=1" to $NOTIFY_SOCKET. Does nothing if the variable is not
 * set. */
void notify_supervisor(const char *state);
