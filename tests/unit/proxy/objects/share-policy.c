/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of sharing: which processes may duplicate an object of another process's client. */
#include <criterion/criterion.h>

#include "cuse-server/proxy/objects/share-policy.h"

enum { OWNER = 0xc1d00001, FRIEND = 0xc1d00002, STRANGER = 0xc1d00003 };

static const ShareParty owner = {OWNER, {1, 1000}};
static const ShareParty same_process = {FRIEND, {1, 1000}};
static const ShareParty same_user = {FRIEND, {2, 1000}};
static const ShareParty other_user = {STRANGER, {3, 1001}};

static SharePolicies object;
static SharePolicies client;

static void teardown(void)
{
    share_policies_clear(&object);
    share_policies_clear(&client);
}

TestSuite(share_policy, .fini = teardown);

static void add(SharePolicies *policies, unsigned type, unsigned action)
{
    RS_SHARE_POLICY policy = {.target = FRIEND, .type = (NvU16)type, .action = (NvU8)action};

    policy.accessMask.limbs[0] = 1U << RS_ACCESS_DUP_OBJECT;
    share_policies_add(policies, &policy);
}

static bool allows(const ShareParty *by)
{
    return share_policies_allow(&object, &client, &owner, by);
}

Test(share_policy, without_any_it_is_the_same_process)
{
    cr_expect(allows(&same_process));
    cr_expect_not(allows(&same_user));
    cr_expect_not(allows(&other_user));
}

Test(share_policy, each_kind_is_about_whom_it_names)
{
    static const struct {
        unsigned type;
        bool same_user;
        bool other_user;
    } rows[] = {
        {RS_SHARE_TYPE_ALL, true, true},
        {RS_SHARE_TYPE_OS_SECURITY_TOKEN, true, false},
        {RS_SHARE_TYPE_CLIENT, true, false}, /* by its handle */
        {RS_SHARE_TYPE_PID, false, false},
        {0, false, false},
        {5, false, false},
        {0xffff, false, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        add(&object, rows[i].type, 0);
        cr_expect(allows(&same_process), "row %zu", i);
        cr_expect_eq(allows(&same_user), rows[i].same_user, "row %zu", i);
        cr_expect_eq(allows(&other_user), rows[i].other_user, "row %zu", i);
    }
}

Test(share_policy, only_duplicating_counts)
{
    RS_SHARE_POLICY policy = {.type = RS_SHARE_TYPE_ALL};

    share_policies_add(&object, &policy);
    cr_expect_not(allows(&same_user));
}

Test(share_policy, one_that_does_not_compose_replaces_all_before_it)
{
    add(&object, RS_SHARE_TYPE_ALL, 0);
    add(&object, RS_SHARE_TYPE_PID, 0);
    cr_expect_not(allows(&same_user));
    add(&object, RS_SHARE_TYPE_OS_SECURITY_TOKEN, RS_SHARE_ACTION_FLAG_COMPOSE);
    cr_expect(allows(&same_user));
}

Test(share_policy, what_was_granted_is_revoked_and_what_is_required_is_missing)
{
    add(&object, RS_SHARE_TYPE_ALL, 0);
    add(&object, RS_SHARE_TYPE_CLIENT, RS_SHARE_ACTION_FLAG_COMPOSE | RS_SHARE_ACTION_FLAG_REVOKE);
    cr_expect_not(allows(&same_user));
    cr_expect(allows(&other_user));
    add(&object, RS_SHARE_TYPE_OS_SECURITY_TOKEN,
        RS_SHARE_ACTION_FLAG_COMPOSE | RS_SHARE_ACTION_FLAG_REQUIRE);
    cr_expect_not(allows(&other_user));
    add(&object, RS_SHARE_TYPE_ALL, RS_SHARE_ACTION_FLAG_COMPOSE);
    add(&object, RS_SHARE_TYPE_OS_SECURITY_TOKEN,
        RS_SHARE_ACTION_FLAG_COMPOSE | RS_SHARE_ACTION_FLAG_REQUIRE);
    cr_expect(allows(&same_user));
    cr_expect_not(allows(&other_user));
}

Test(share_policy, an_object_without_any_has_its_clients)
{
    add(&client, RS_SHARE_TYPE_ALL, 0);
    cr_expect(allows(&other_user));
    add(&object, RS_SHARE_TYPE_PID, 0);
    cr_expect_not(allows(&other_user));
    share_policies_clear(&object);
    cr_expect(allows(&other_user));
}

/* A policy for which there is no room might have taken back a right, so no right counts any more. */
Test(share_policy, too_many_grant_nothing)
{
    add(&object, RS_SHARE_TYPE_ALL, 0);
    for (int i = 0; i < 31; i++) {
        add(&object, RS_SHARE_TYPE_ALL, RS_SHARE_ACTION_FLAG_COMPOSE);
    }
    cr_expect(allows(&other_user));
    add(&object, RS_SHARE_TYPE_ALL, RS_SHARE_ACTION_FLAG_COMPOSE | RS_SHARE_ACTION_FLAG_REVOKE);
    cr_expect_not(allows(&other_user));
    add(&object, RS_SHARE_TYPE_ALL, RS_SHARE_ACTION_FLAG_COMPOSE);
    cr_expect(allows(&other_user), "what comes later counts");
}
