/* SPDX-License-Identifier: Apache-2.0 */
/* Where members are that name GPUs, at a driver version: those whose roles say so (abi/role.h). */
#pragma once

#include <stddef.h>

#include "version-tree/driver-abi.h"

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

/** ScopePlace: a member, and the one that its role, or that of the array that it is in, names. */
typedef struct {
    AbiRoleKind role;
    ScopeMember member;
    ScopeMember beside; /* n is 0: none */
} ScopePlace;

/** ScopeStruct: a struct with such members. */
typedef struct {
    const AbiLayout *layout;
    size_t n_places;
    ScopePlace places[4];
} ScopeStruct;

typedef struct ScopeRules ScopeRules;

/** scope_rules_new: all of them at a driver version. */
ScopeRules *scope_rules_new(const DriverAbi *abi);
void scope_rules_free(ScopeRules *rules);

/** scope_rules_find: what holds for a struct of that driver's, or NULL: nothing. */
const ScopeStruct *scope_rules_find(const ScopeRules *rules, const AbiLayout *layout);
