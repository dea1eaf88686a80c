/* SPDX-License-Identifier: Apache-2.0 */
/* Counts how long guests compute on the GPUs, and writes it to the ledger. */
#pragma once

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/ledger.h"

/** gpu_time_start: count from now on, until the process ends. Call it after proxy_set_quota(), and before the first call. While
 * channels of guests are scheduled, a thread asks the driver every 5 seconds. */
void gpu_time_start(Proxy *proxy, Ledger *ledger);
