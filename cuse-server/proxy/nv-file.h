/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files: one per open() of a guest, each with a host file of its own, because the driver ties
 * its clients to the open file that made them (src/nvidia/arch/nvalloc/unix/src/escape.c, RmIoctl).
 */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "cuse-server/proxy/device.h"
#include "cuse-server/proxy/host.h"
#include "cuse-server/proxy/poll-state.h"

/**
 * NvFile: one open file.
 * @id: names it in the file table and to the transport; never reused, at most INT32_MAX
 * @device: the node it was opened on; outlives the file
 * @fd: the host file, closed with the last reference
 * @poll: see poll.h
 */
typedef struct {
    gatomicrefcount refs;
    uint32_t id;
    const Device *device;
    Host *host;
    int fd;
    PollState poll;
} NvFile;

typedef struct NvFileTable NvFileTable;

NvFile *nv_file_ref(NvFile *file);

/** nv_file_unref: drop a reference; the last one closes the host file, which may block. */
void nv_file_unref(NvFile *file);

NvFileTable *nv_file_table_new(void);

/** nv_file_table_free: forgets every file that is still listed. */
void nv_file_table_free(NvFileTable *table);

/**
 * nv_file_table_add: list a new file under a new id.
 * @fd: an open host file, owned by the file from now on
 * Returns: a reference that the caller owns (the table holds one too), or NULL, with @fd closed, if
 * no id is left.
 */
NvFile *nv_file_table_add(NvFileTable *table, const Device *device, Host *host, int fd);

/** nv_file_table_get: a new reference to the file with this id, or NULL. */
NvFile *nv_file_table_get(NvFileTable *table, uint32_t id);

/** nv_file_table_remove: take a file out; returns the table's reference, or NULL if it was not in.
 */
NvFile *nv_file_table_remove(NvFileTable *table, uint32_t id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NvFile, nv_file_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NvFileTable, nv_file_table_free)
