/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/objects/share-policy.h"

enum { POLICIES_MAX = 32 }; /* of one object */

void share_policies_add(SharePolicies *policies, const RS_SHARE_POLICY *policy)
{
    if (!policies->list) {
        policies->list = g_array_new(FALSE, FALSE, sizeof *policy);
    }
    if (!(policy->action & RS_SHARE_ACTION_FLAG_COMPOSE)) {
        g_array_set_size(policies->list, 0);
    }
    if (policies->list->len == POLICIES_MAX) {
        /* The policy that is not kept may revoke what the others grant, so drop them as well. */
        g_array_set_size(policies->list, 0);
    } else {
        g_array_append_vals(policies->list, policy, 1);
    }
}

void share_policies_clear(SharePolicies *policies)
{
    g_clear_pointer(&policies->list, g_array_unref);
}

static bool same_process(const ShareParty *owner, const ShareParty *by)
{
    return owner->process.id == by->process.id;
}

/* Check whether a policy applies to @by. Policies of types that only the driver can evaluate apply to no client. */
static bool is_about(const RS_SHARE_POLICY *policy, const ShareParty *owner, const ShareParty *by)
{
    switch (policy->type) {
    case RS_SHARE_TYPE_ALL:
        return true;
    case RS_SHARE_TYPE_OS_SECURITY_TOKEN: /* fails only if process and user differ (os.c, osValidateClientTokens) */
        return same_process(owner, by) || owner->process.uid == by->process.uid;
    case RS_SHARE_TYPE_CLIENT:
        return policy->target == by->handle;
    case RS_SHARE_TYPE_PID:
        return same_process(owner, by);
    default:
        return false;
    }
}

bool share_policies_allow(const SharePolicies *object, const SharePolicies *inherited,
                          const ShareParty *owner, const ShareParty *by)
{
    const SharePolicies *from = object->list ? object : inherited;
    bool allowed = false; /* by default the driver allows only the same process */

    if (same_process(owner, by)) {
        return true;
    }
    for (guint i = 0; from->list && i < from->list->len; i++) {
        const RS_SHARE_POLICY *policy = &g_array_index(from->list, RS_SHARE_POLICY, i);
        bool about = is_about(policy, owner, by);

        if (!(policy->accessMask.limbs[0] & 1U << RS_ACCESS_DUP_OBJECT)) {
            continue;
        }
        if (policy->action & RS_SHARE_ACTION_FLAG_REVOKE) {
            allowed = allowed && !about;
        } else if (policy->action & RS_SHARE_ACTION_FLAG_REQUIRE) {
            allowed = allowed && about;
        } else {
            allowed = allowed || about;
        }
    }
    return allowed;
}
