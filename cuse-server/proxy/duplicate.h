/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in two clients, and who may have them so. */
#pragma once

#include "cuse-server/proxy/control.h"

/** frontend_dup_object: NV_ESC_RM_DUP_OBJECT. */
RequestResult frontend_dup_object(Request *req, const AbiEntry *entry);

/** frontend_share: NV_ESC_RM_SHARE: a plain struct, whose policy is remembered. */
RequestResult frontend_share(Request *req, const AbiEntry *entry);

/** control_set_inherited_share_policy: the same for all objects of a client that have none of their
 * own. */
RequestResult control_set_inherited_share_policy(Request *req, const AbiEntry *entry,
                                                 NVOS54_PARAMETERS *guest);
