/* SPDX-License-Identifier: Apache-2.0 */
/* Which members of the driver's structs name GPUs, and what becomes of them in a scoped instance. */
#pragma once

#include <stddef.h>

#include "version-tree/driver-abi.h"

/**
 * ScopeRole: what a member is, and which way it goes.
 *
 * What the guest says; put back as it was after the call:
 * SCOPE_ID: ids of GPUs. NV0000_CTRL_GPU_INVALID_ID, and NV0000_CTRL_GPU_ATTACH_ALL_PROBED_IDS where
 * a list begins with it, are no ids.
 * SCOPE_DEVICE: the device instance that a device is allocated of
 * SCOPE_UUID: UUIDs that the driver looks for among the GPUs that the file has registered
 * SCOPE_REGISTER_UUID: the UUID of a GPU to register: one of ours or nothing. The driver may answer
 * with another, which is a partition's.
 *
 * What the driver says:
 * SCOPE_FAILED_ID: the one of the ids in `beside` that the call failed for
 * SCOPE_SAID_ID, SCOPE_SAID_DEVICE: the id or device instance of one GPU
 * SCOPE_MASK: bits that are device instances; `beside` is an array by device instance
 * SCOPE_LIST: ids of GPUs, the rest NV0000_CTRL_GPU_INVALID_ID; `beside` goes along
 * SCOPE_RECORDS: the ids in an array of structs of which there are `count`
 * SCOPE_GROUPS: arrays of structs that hold arrays of ids: NV0000_SYNC_GPU_BOOST_GROUP_CONFIG
 * SCOPE_LINK: what is at the other end of a link
 */
typedef enum {
    SCOPE_ID,
    SCOPE_DEVICE,
    SCOPE_UUID,
    SCOPE_REGISTER_UUID,
    SCOPE_FAILED_ID,
    SCOPE_SAID_ID,
    SCOPE_SAID_DEVICE,
    SCOPE_MASK,
    SCOPE_LIST,
    SCOPE_RECORDS,
    SCOPE_GROUPS,
    SCOPE_LINK,
} ScopeRole;

/**
 * ScopeRule: one member.
 * @structure, @member: the driver's names; a member of an array's elements is "array.member"
 * @beside: another member of the struct, or NULL; see ScopeRole
 */
typedef struct {
    const char *structure;
    const char *member;
    ScopeRole role;
    const char *beside;
} ScopeRule;

/** ScopeLeftAlone: a member whose name sounds like a GPU's, and that goes as it is. */
typedef struct {
    const char *structure;
    const char *member;
    const char *reason;
} ScopeLeftAlone;

/** scope_rule_list, scope_left_alone_list: the tables; @n is set to their length. */
const ScopeRule *scope_rule_list(size_t *n);
const ScopeLeftAlone *scope_left_alone_list(size_t *n);

/**
 * ScopeMember: where a member is at a driver version: elements, which may be in structs.
 * @offset: of the first element's struct
 * @stride: from one struct to the next
 * @within: of the member in its struct
 * @size: of the member
 * @n: how many
 * @type: of the struct that the member is in
 */
typedef struct {
    uint32_t offset;
    uint32_t stride;
    uint32_t within;
    uint32_t size;
    uint32_t n;
    const AbiLayout *type;
} ScopeMember;

/** ScopePlace: a rule, and where its members are. */
typedef struct {
    ScopeRole role;
    ScopeMember member;
    ScopeMember beside; /* n is 0: none */
} ScopePlace;

/** ScopeStruct: a struct with rules. */
typedef struct {
    const AbiLayout *layout;
    size_t n_places;
    ScopePlace places[4];
} ScopeStruct;

typedef struct ScopeRules ScopeRules;

/** scope_rules_new: the rules for a driver version. */
ScopeRules *scope_rules_new(const DriverAbi *abi);
void scope_rules_free(ScopeRules *rules);

/** scope_rules_find: what holds for a struct of that driver's, or NULL: nothing. */
const ScopeStruct *scope_rules_find(const ScopeRules *rules, const AbiLayout *layout);
