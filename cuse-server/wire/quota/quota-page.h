/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page with the present limits of an instance. The broker writes it, the worker reads it at each allocation. So a limit can be
 * changed without a message to the worker, which may have fallen and may read no messages.
 *
 * A fallen worker must not be able to raise its limits. The page is a memory file. Once the broker has mapped it, seals keep
 * everybody, also root, from making another writable mapping, and from writing to the file.
 */
#pragma once

#include <glib.h>

#include "cuse-server/wire/quota/quota.h"

/**
 * quota_page_new: create the page, with the limits that an instance has at the start.
 * @fd: set to the page's memory file, for quota_page_map() in another process; the caller owns it
 * Returns: the only writable mapping of the page, or NULL with @error; then @fd is -1.
 */
QuotaPage *quota_page_new(const InstanceQuota *quota, int *fd, GError **error);

/** quota_page_map: map the page that another process has created, for reading. The caller may close @fd afterwards. Returns NULL
 * with @error on failure. */
const QuotaPage *quota_page_map(int fd, GError **error);

enum { QUOTA_PAGE_FOREVER = -1 };

/** quota_page_announce: make quota_page_wait() return in the processes that wait for changes. Does not wait for anybody. */
void quota_page_announce(QuotaPage *page);

/**
 * quota_page_wait: wait until a change is announced.
 * @seen: what this function returned last; 0 the first time, when it returns at once
 * @milliseconds: for how long to wait; QUOTA_PAGE_FOREVER: without end
 * Returns: QuotaPage.changes; @seen if nothing was announced in time
 */
uint32_t quota_page_wait(const QuotaPage *page, uint32_t seen, int milliseconds);

/** quota_page_free: unmap a page from quota_page_new() or quota_page_map(). */
void quota_page_free(const QuotaPage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QuotaPage, quota_page_free)
