/* SPDX-License-Identifier: Apache-2.0 */
/* Roles of members (abi/role.h) in words. */
#pragma once

#include "abi/role.h"

/** abi_role_name: "GPU_ID"; "PLAIN" for a member without a role. */
const char *abi_role_name(AbiRoleKind kind);

/** abi_role_text: (transfer full): what becomes of a member with this role, for an auditor to read; "" for one without. */
char *abi_role_text(const AbiRole *role);

/** abi_role_source: (transfer full): the role as it is written in abi/, "(FD, FRONTEND, NEGATIVE)"; NULL for a member without one. */
char *abi_role_source(const AbiRole *role);
