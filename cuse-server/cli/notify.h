/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness for whoever started us: the protocol of sd_notify(3). */
#pragma once

/** notify_supervisor: send a state like "READY=1" to $NOTIFY_SOCKET; nothing happens if there is
 * none. */
void notify_supervisor(const char *state);
