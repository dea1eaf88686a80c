/* SPDX-License-Identifier: Apache-2.0 */
/* Merges nvcuse's listener into a container's seccomp profile (OCI: linux.seccomp). */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/container/guest-filter.h"

/** OCI_SECCOMP_WAIT_KILLABLE: a filter flag. With it, once the listener has received a call, only a fatal signal ends
 * the caller's wait. */
#define OCI_SECCOMP_WAIT_KILLABLE "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"

/**
 * oci_seccomp_merge: send the calls of filter_rules to a listener, whatever else the profile says.
 * @linux_section: the "linux" object. If it has no profile, one is made
 * @listener_path: the instance's socket
 * @needs: the instance's
 * @wait_killable: add OCI_SECCOMP_WAIT_KILLABLE to the profile's flags. Only if kernel and runtime know it: a runtime
 *     that does not may refuse the container
 *
 * The profile's refusals stay: only calls that it would let through are sent to the listener. So when the broker lets
 * a call go on, it never allows more than the profile. An existing rule that lets a watched call through is split,
 * because libseccomp would otherwise let it override nvcuse's rule.
 *
 * The rules are for all ABIs that the profile has. The broker tells the ABIs apart (broker/guests/call-abi.h).
 *
 * Returns: false with @error if the container already has a listener (the kernel allows one), or if a rule compares
 * the watched argument in a way that cannot be split.
 */
bool oci_seccomp_merge(JsonValue *linux_section, const char *listener_path,
                       const FilterNeeds *needs, bool wait_killable, GError **error);
