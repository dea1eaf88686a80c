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

/** transport_kind_name: the word for a kind. */
const char *transport_kind_name(TransportKind kind);

/** transport_kind_check: check that @text is the word for a kind, or "auto". Does not look at the host. Returns false with
 * @error if it is neither. */
bool transport_kind_check(const char *text, GError **error);

/**
 * transport_kind_choose: set @kind to what a word means on this host. "auto" means CUSE if the kernel has it, else
 * TRANSPORT_NOTIFY.
 * Returns: false with @error if there is no such word.
 */
bool transport_kind_choose(const char *text, TransportKind *kind, GError **error);

/**
 * GuestMemoryKind: how the worker reaches the memory of a CUSE file's caller (worker/doors/cuse-devices.h).
 * @GUEST_MEMORY_DIRECT: through the broker, which checks whose memory it is
 * @GUEST_MEMORY_RETRY: through the kernel, which does not check: a worker that has fallen can name any address of a program
 *     that makes any ioctl() on a guest's file
 */
typedef enum { GUEST_MEMORY_DIRECT, GUEST_MEMORY_RETRY } GuestMemoryKind;

/** guest_memory_kind_name: the word for a kind. */
const char *guest_memory_kind_name(GuestMemoryKind kind);

/** guest_memory_kind_check: check that @text is the word for a kind, or "auto". Returns false with @error if it is neither. */
bool guest_memory_kind_check(const char *text, GError **error);

/** guest_memory_kind_choose: set @kind to what a word means. "auto" means direct, which works on every kernel. Returns false
 * with @error if there is no such word. */
bool guest_memory_kind_choose(const char *text, GuestMemoryKind *kind, GError **error);
