/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out requests to change the limits of a running instance. */
#pragma once

#include "cuse-server/wire/instance-spec.h"
#include "cuse-server/wire/quota/limit-request.h"

/** limit_request_do: check a request, write its limits to @page, and announce them. Either all of them are written, or none. */
LimitReply limit_request_do(const LimitRequest *request, const InstanceSpec *spec, QuotaPage *page);

/** limit_request_text: (transfer full): write what a request changes, as on the command line. Returns NULL if it does not change that.
 * @kind: one of LimitChanges */
char *limit_request_text(const LimitRequest *request, LimitChanges kind);
