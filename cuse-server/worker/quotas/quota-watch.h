/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the proxy follow changes of the share, the cap and the pause while the instance runs. */
#pragma once

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/wire/ledger.h"
#include "cuse-server/wire/quota/quota.h"

/**
 * quota_watch_start: start a thread that waits for changes of the page until the process ends. For each one it calls
 * proxy_apply_shares(), and then writes to the ledger what it has acted on. It does so at once for the first time.
 */
void quota_watch_start(Proxy *proxy, const QuotaPage *page, Ledger *ledger);
