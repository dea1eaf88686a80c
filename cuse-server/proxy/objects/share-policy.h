/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Share policies decide which clients may duplicate an object. The driver evaluates them. Most policies
 * compare the processes or users that allocated the two clients (src/nvidia/src/kernel/rmapi/sharing.c,
 * serverInitGlobalSharePolicies; src/nvidia/src/libraries/resserv/src/rs_resource.c). But the driver sees
 * one process and one user for all guests of an instance. Between clients of different guest processes,
 * the functions below therefore work out what the driver would decide if it saw the guests. A duplication
 * that they allow still has to pass the driver's own check.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "abi/nvos.h"
#include "cuse-server/proxy/host.h"

/** ShareParty: what policies compare of a client. */
typedef struct {
    uint32_t handle;
    GuestProcess process;
} ShareParty;

/** SharePolicies: the policies of one object. Zeroed, it holds no policies. */
typedef struct {
    GArray *list; /* RS_SHARE_POLICY, or NULL */
} SharePolicies;

/**
 * share_policies_add: add a policy, as NV_ESC_RM_SHARE does. Without RS_SHARE_ACTION_FLAG_COMPOSE the policy
 * replaces all earlier ones. If the object already has as many policies as it can sensibly have, the new
 * policy is not kept, and all earlier policies are dropped.
 */
void share_policies_add(SharePolicies *policies, const RS_SHARE_POLICY *policy);

/** share_policies_clear: forget all policies. */
void share_policies_clear(SharePolicies *policies);

/**
 * share_policies_allow: decide whether @by may duplicate an object of @owner.
 * @object: the object's own policies
 * @inherited: the policies of @owner; they apply if the object does not have policies of its own
 * Between clients of one process the driver itself decides, so the answer is then true.
 */
bool share_policies_allow(const SharePolicies *object, const SharePolicies *inherited,
                          const ShareParty *owner, const ShareParty *by);
