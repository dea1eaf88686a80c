/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that install a seccomp filter of their own: it also applies to nvcuse's agent in them. */
#pragma once

#include "tests/guest/rm.h"

/** filters: processes that have not opened a device themselves forbid a call, and map. Not the same natively. */
void filters(const Tree *tree);

/** filters_before_opening: processes forbid a call that an agent makes, open a device and map. Not the same natively. */
void filters_before_opening(void);

/** filters_after_opening: processes open a device, forbid such a call, and map. */
void filters_after_opening(void);

/** filters_at_once: processes open a device, and directly after that forbid such a call to all of their threads. */
void filters_at_once(void);
