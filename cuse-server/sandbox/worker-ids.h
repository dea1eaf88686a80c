/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User ids for workers. Each instance's worker has its own user id, and a group id of the same number. There are two
 * reasons: the driver lets processes of one user share objects (its security token is the caller's user id), and the
 * kernel lets them signal each other.
 *
 * The ids are a range: the one that /etc/subuid gives to the name "nvcuse", or else the 2,048 ids from 77824. Those
 * lie in the part that neither Debian's adduser nor systemd nor subuid(5) hands out (65536 to 99999).
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
 * worker_ids_parse: read nvcuse's range from the text of /etc/subuid, whose lines are "NAME:FIRST:COUNT". Without a
 * line for nvcuse, take the default range. It is an error if the range contains root's id, lacks a valid count, or
 * overlaps the range of another line.
 */
bool worker_ids_parse(const char *subuid, WorkerIds *ids, GError **error);

/** worker_ids_read: read this host's range for workers from /etc/subuid. Returns false with @error. */
bool worker_ids_read(WorkerIds *ids, GError **error);

/**
 * worker_ids_find: make the identity of the worker in a slot. Reads the user database. That may be on another host,
 * so the call takes as long as the database takes to answer.
 * @slot: see broker/workers/slots.h; must be within the range
 * Returns: false with @error if a user of the host has that id.
 */
bool worker_ids_find(const WorkerIds *ids, unsigned slot, LockupIdentity *identity, GError **error);
