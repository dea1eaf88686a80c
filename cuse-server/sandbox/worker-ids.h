/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User ids for workers. The driver lets processes of one user share objects (its security token is the
 * caller's user id), and the kernel lets them signal each other: so each instance's worker has a user id of
 * its own, and a group id of the same number.
 *
 * The ids are a range: what /etc/subuid gives to the name "nvcuse", or else the 2,048 ids from 77824, which are
 * in the part that neither Debian's adduser nor systemd nor subuid(5) hands out (65536 to 99999).
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/sandbox/lockup.h"

enum { WORKER_IDS_FIRST = 77824, WORKER_IDS_COUNT = 2048 };

/** WorkerIds: the ids from @first on, @count of them. */
typedef struct {
    uid_t first;
    unsigned count;
} WorkerIds;

/**
 * worker_ids_parse: the range for nvcuse in the text of /etc/subuid ("NAME:FIRST:COUNT" a line), or else the
 * usual one. A range with root's id, without an end, or with ids of another line is an error.
 */
bool worker_ids_parse(const char *subuid, WorkerIds *ids, GError **error);

/** worker_ids_read: the range that this host has for them. Reads /etc/subuid. Returns false with @error. */
bool worker_ids_read(WorkerIds *ids, GError **error);

/**
 * worker_ids_find: the identity of the worker in a slot. Reads the user database, which may be another host's: it waits
 * as long as that takes.
 * @slot: see broker/workers/slots.h; one of the range's
 * Returns: false with @error if a user of the host has that id.
 */
bool worker_ids_find(const WorkerIds *ids, unsigned slot, LockupIdentity *identity, GError **error);
