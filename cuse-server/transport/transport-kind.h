/* SPDX-License-Identifier: Apache-2.0 */
/* How a guest's calls reach the worker. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * TransportKind:
 * @TRANSPORT_CUSE: guests get files of the instance's CUSE devices, and the kernel sends us their calls
 * @TRANSPORT_NOTIFY: guests get files of the instance's FUSE file system, and their ioctls come by the
 *     seccomp listener
 */
typedef enum { TRANSPORT_CUSE, TRANSPORT_NOTIFY } TransportKind;

/** transport_kind_name: the word for it. */
const char *transport_kind_name(TransportKind kind);

/** transport_kind_check: is @text a word for one, or "auto"? The host is not looked at. */
bool transport_kind_check(const char *text, GError **error);

/**
 * transport_kind_choose: the one that a word means on this host: "auto" is CUSE if the kernel has it.
 * Returns: false with @error if it is no such word.
 */
bool transport_kind_choose(const char *text, TransportKind *kind, GError **error);
