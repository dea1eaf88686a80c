/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of a guest: which of its system calls the broker is asked about. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/**
 * FilterNeeds: what of an instance decides which rules it takes.
 * @capability_nodes: it has nodes that can only be opened, which is done read-only: that
 * brings nearly every open() of the guest before the broker
 */
typedef struct {
    bool capability_nodes;
} FilterNeeds;

/**
 * FilterScope: which instances a rule is for.
 * @FILTER_UNLESS_COMPARED: all; but a container's profile that looks at the arguments of the call itself keeps its rules,
 *     and the broker is not asked: the guest sees more of its agent then, and nothing else
 */
typedef enum {
    FILTER_ALWAYS,
    FILTER_CAPABILITY_NODES,
    FILTER_UNLESS_COMPARED,
} FilterScope;

/**
 * FilterRule: a system call that the broker is asked about if (argument & mask) == value: always, without a mask.
 * @name, @number: the call, as libseccomp and OCI profiles name it, and its number
 * @argument: which of its arguments, from 0
 */
typedef struct {
    const char *name;
    int number;
    unsigned argument;
    uint64_t mask;
    uint64_t value;
    FilterScope scope;
} FilterRule;

/** filter_needs: of an instance with these devices. */
FilterNeeds filter_needs(const Device *devices, unsigned n_devices);

/** filter_rule_applies: is a rule one of an instance that needs this? */
bool filter_rule_applies(const FilterRule *rule, const FilterNeeds *needs);

/** filter_rules: all of them: what `nvcuse run` installs and what OCI profiles get. A call may have
 * several. */
extern const FilterRule filter_rules[];
extern const size_t filter_rules_count;

/**
 * open_filter_can_wait_killable: does the kernel (Linux 5.19) take the flag by which only a fatal signal ends the wait
 * for a listener that has the call?
 */
bool open_filter_can_wait_killable(void);

/**
 * open_filter_install: put the calling thread, and all it starts, under the filter. Read-write
 * opens that create nothing go to the listener; everything else, nearly all opens there are, stays
 * in the kernel. Calls of other ABIs (32-bit, x32) are not watched: the guest's nodes refuse to be
 * opened directly, so such a program finds no GPU.
 *
 * Needs CAP_SYS_ADMIN in the thread's user namespace, or no_new_privs.
 * Returns: the listener, a descriptor that the caller owns, or -1 with @error set.
 */
int open_filter_install(const FilterNeeds *needs, GError **error);
