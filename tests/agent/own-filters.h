/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that give themselves a seccomp filter, which has the last word on what nvcuse's agent in them does as well. */
#pragma once

#include "tests/guest/rm.h"

/** filters: processes that have opened no device themselves forbid a call, and map. Not the same natively. */
void filters(const Tree *tree);

/** filters_before_opening: they forbid a call that an agent makes, open a device and map. Not the same natively. */
void filters_before_opening(void);

/** filters_after_opening: they open a device, forbid such a call, and map. */
void filters_after_opening(void);

/** filters_at_once: they open a device, and forbid such a call to all of their threads directly after that. */
void filters_at_once(void);
