/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of a guest. It sends some of the guest's system calls to the broker, which decides on them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/**
 * FilterNeeds: the properties of an instance that decide which rules its filter gets.
 * @capability_nodes: the instance has nodes that can only be opened. Programs open those read-only, so nearly every
 *     open() of the guest goes to the broker
 * @all_opens: the instance's nodes can be opened with every access mode, also with O_CREAT. Then nearly every open() goes to
 *     the broker too
 */
typedef struct {
    bool capability_nodes;
    bool all_opens;
} FilterNeeds;

/**
 * FilterScope: the instances that a rule is for.
 * @FILTER_ALWAYS: every instance
 * @FILTER_READING: instances with FilterNeeds.capability_nodes or .all_opens
 * @FILTER_ALL_OPENS: instances with FilterNeeds.all_opens
 * @FILTER_UNLESS_COMPARED: every instance, but not if the container's profile itself compares arguments of this call.
 *     Then the profile's rules stay, and the broker is not asked. The guest sees more of its agent then; nothing else
 *     changes
 */
typedef enum {
    FILTER_ALWAYS,
    FILTER_READING,
    FILTER_ALL_OPENS,
    FILTER_UNLESS_COMPARED,
} FilterScope;

/**
 * FilterRule: send a system call to the broker if (argument & mask) == value. With a mask of 0, send it always.
 * @name, @number: the call's name in libseccomp and OCI profiles, and its number
 * @argument: index of the argument to compare, from 0
 */
typedef struct {
    const char *name;
    int number;
    unsigned argument;
    uint64_t mask;
    uint64_t value;
    FilterScope scope;
} FilterRule;

/** filter_needs: find the needs of an instance with these devices. */
FilterNeeds filter_needs(const Device *devices, unsigned n_devices);

/** filter_rule_applies: does the filter of an instance with these needs get this rule? */
bool filter_rule_applies(const FilterRule *rule, const FilterNeeds *needs);

/** filter_rules: the whole table. `nvcuse run` installs these rules, and OCI profiles get them. A call may have
 * several. */
extern const FilterRule filter_rules[];
extern const size_t filter_rules_count;

/**
 * guest_filter_can_wait_killable: does the kernel know SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (Linux 5.19)? With this
 * flag, once the listener has received a call, only a fatal signal ends the caller's wait.
 */
bool guest_filter_can_wait_killable(void);

/**
 * guest_filter_install: put the calling thread, and everything that it starts, under the filter. The calls that
 * filter_rules names go to the listener. Of opens, these are the ones that are read-write, the ones that are write-only and
 * without O_CREAT, and openat2(). All others, which are nearly all opens, stay in the kernel (but see FilterNeeds). Calls of
 * other ABIs (32-bit, x32) are not
 * watched: the guest's nodes cannot be opened directly, so a program of such an ABI finds no GPU.
 *
 * Needs CAP_SYS_ADMIN in the thread's user namespace, or no_new_privs.
 * Returns: the listener, a descriptor that the caller owns, or -1 with @error set.
 */
int guest_filter_install(const FilterNeeds *needs, GError **error);
