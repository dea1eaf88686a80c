/* SPDX-License-Identifier: Apache-2.0 */
/* Writes roles of members (abi/role.h) in words. */
#pragma once

#include "abi/role.h"

/** abi_role_name: get a role's name: "GPU_ID"; "PLAIN" for a member without a role. */
const char *abi_role_name(AbiRoleKind kind);

/** abi_role_text: (transfer full): describe to an auditor what happens to a member with this role; "" for one without a role. */
char *abi_role_text(const AbiRole *role);

/** abi_role_source: (transfer full): write the role as in abi/, "(FD, FRONTEND, NEGATIVE)"; NULL for a member without a role. */
char *abi_role_source(const AbiRole *role);
