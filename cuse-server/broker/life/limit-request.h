/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out requests to change the limits of a running instance. */
#pragma once

#include "cuse-server/wire/instance-spec.h"
#include "cuse-server/wire/quota/limit-request.h"

/** limit_request_do: check a request, and write its limits to @page. Either all of them are written, or none. */
LimitReply limit_request_do(const LimitRequest *request, const InstanceSpec *spec, QuotaPage *page);
