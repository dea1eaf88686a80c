/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/quotas/quota-watch.h"

#include "cuse-server/wire/quota/quota-page.h"

/* #syscalls:worker clone */

/* How long to wait before channels are switched again that could not be switched. */
enum { AGAIN_MS = 250 };

typedef struct {
    Proxy *proxy;
    const QuotaPage *page;
    Ledger *ledger;
} QuotaWatch;

static gpointer follow(gpointer data)
{
    const QuotaWatch *watch = data;

    for (uint32_t changes = 0;;) {
        changes = quota_page_wait(watch->page, changes, QUOTA_PAGE_FOREVER);
        while (!proxy_apply_shares(watch->proxy)) {
            changes = quota_page_wait(watch->page, changes, AGAIN_MS);
        }
        ledger_quotas(watch->ledger, changes);
    }
    return NULL;
}

void quota_watch_start(Proxy *proxy, const QuotaPage *page, Ledger *ledger)
{
    QuotaWatch *watch = g_new(QuotaWatch, 1);

    *watch = (QuotaWatch){proxy, page, ledger};
    /* @watch lives as long as the process. */
    g_thread_unref(g_thread_new("worker-quotas", follow, watch));
}
