/* SPDX-License-Identifier: Apache-2.0 */
/* A container's seccomp profile (OCI: linux.seccomp), with nvcuse's listener merged into it. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/container/open-filter.h"

/** OCI_SECCOMP_WAIT_KILLABLE: the flag by which only a fatal signal ends the wait for a listener that
 * has the call. */
#define OCI_SECCOMP_WAIT_KILLABLE "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"

/**
 * oci_seccomp_merge: make the calls of filter_rules go to a listener, whatever else the profile
 * says.
 * @linux_section: the "linux" object; a profile is made if it has none
 * @listener_path: the instance's socket
 * @needs: the instance's
 * @wait_killable: add OCI_SECCOMP_WAIT_KILLABLE to the profile's flags: kernel and runtime know it.
 *     A runtime that does not may refuse the container
 *
 * What the profile refuses stays refused: only calls that it would let through are sent, so that
 * the broker's "go on" never means more than the profile's. An existing rule that lets a watched
 * call through is split, since libseccomp would let it swallow ours.
 *
 * The rules are for all ABIs that the profile has: the broker tells them apart (broker/guests/call-abi.h).
 *
 * Returns: false with @error if the container has a listener of its own (the kernel allows one), or
 * a rule compares the watched argument in a way that cannot be split.
 */
bool oci_seccomp_merge(JsonValue *linux_section, const char *listener_path,
                       const FilterNeeds *needs, bool wait_killable, GError **error);
