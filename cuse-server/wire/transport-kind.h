/* SPDX-License-Identifier: Apache-2.0 */
/* How a guest's calls, and its memory, reach the worker. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * TransportKind:
 * @TRANSPORT_CUSE: guests get files of the instance's CUSE devices
 * @TRANSPORT_NOTIFY: guests get files of the instance's FUSE file system
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

/**
 * GuestMemoryKind: how the memory of a CUSE file's caller is reached (worker/doors/cuse-devices.h).
 * @GUEST_MEMORY_DIRECT: through the broker, which looks whose it is
 * @GUEST_MEMORY_RETRY: through the kernel, which does not: a worker that has fallen can name any address of a program
 *     that makes any ioctl() on a guest's file
 */
typedef enum { GUEST_MEMORY_DIRECT, GUEST_MEMORY_RETRY } GuestMemoryKind;

/** guest_memory_kind_name: the word for it. */
const char *guest_memory_kind_name(GuestMemoryKind kind);

/** guest_memory_kind_check: is @text a word for one, or "auto"? */
bool guest_memory_kind_check(const char *text, GError **error);

/** guest_memory_kind_choose: the one that a word means: "auto" is direct, which every kernel has. */
bool guest_memory_kind_choose(const char *text, GuestMemoryKind *kind, GError **error);
