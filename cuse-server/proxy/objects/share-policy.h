/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may duplicate an object. The driver decides by policies, most of which compare the processes or
 * users that allocated the two clients (src/nvidia/src/kernel/rmapi/sharing.c,
 * serverInitGlobalSharePolicies; src/nvidia/src/libraries/resserv/src/rs_resource.c). It sees one
 * process and one user for all guests of an instance, so between clients of different processes what it
 * would have said is worked out here. Its own verdict still counts.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "abi/nvos.h"
#include "cuse-server/proxy/host.h"

/** ShareParty: a client as policies see it. */
typedef struct {
    uint32_t handle;
    GuestProcess process;
} ShareParty;

/** SharePolicies: those of one object; zeroed: none. */
typedef struct {
    GArray *list; /* RS_SHARE_POLICY, or NULL */
} SharePolicies;

/**
 * share_policies_add: what NV_ESC_RM_SHARE does: without RS_SHARE_ACTION_FLAG_COMPOSE the policy takes
 * the place of all before it. One more than an object can sensibly have is not kept, and what was granted
 * before it is granted no more.
 */
void share_policies_add(SharePolicies *policies, const RS_SHARE_POLICY *policy);

/** share_policies_clear: forget them. */
void share_policies_clear(SharePolicies *policies);

/**
 * share_policies_allow: may @by duplicate what @owner has?
 * @object: the object's own policies; if there are none, @inherited: the client's
 * Between clients of one process the driver itself decides, so the answer is yes.
 */
bool share_policies_allow(const SharePolicies *object, const SharePolicies *inherited,
                          const ShareParty *owner, const ShareParty *by);
