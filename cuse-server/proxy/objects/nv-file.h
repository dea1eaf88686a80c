/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files. Each open() of a guest makes one, with a host file of its own, because the driver ties
 * its clients to the open file that made them (src/nvidia/arch/nvalloc/unix/src/escape.c, RmIoctl).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/proxy/budgets/budget.h"
#include "cuse-server/proxy/budgets/uvm-ranges.h"
#include "cuse-server/proxy/host.h"
#include "cuse-server/proxy/objects/poll-state.h"
#include "cuse-server/wire/device.h"

/**
 * MapContext: what an mmap() of a file would map, as far as the proxy has to know. The driver gives a file
 * at most one mapping context in its life (kernel-open/nvidia/nv-usermap.c, nv_add_mapping_context_to_file).
 * @length: bytes, whole pages; 0: the file has no context. A caller that must not wait for the host call that may make the
 * context reads it without NvFile.lock.
 */
typedef struct {
    _Atomic uint64_t length;
} MapContext;

typedef struct NvFileTable NvFileTable;

/**
 * NvFile: one open file.
 * @table: the table that lists the file; outlives the file
 * @id: identifies the file in the table and to the transport; never reused, at most INT32_MAX
 * @device: the device that was opened; outlives the file
 * @fd: the host file, closed with the last reference; see nv_file_fd()
 * @awaited: the file was opened in advance, and it is not known yet that a guest has it; see nv_file_wait()
 * @left: the file was closed while it was still awaited; see nv_file_table_leave()
 * @counts: the file counts against the table's limit
 * @places: how many places for exported objects may be in use in the file; see nv_file_fill()
 * @poll: see poll-state.h
 * @lock: held during a host call that may change what the driver keeps with the file; guards what follows. Lock order: a file,
 * then a client
 * @exports: the charges of the objects that were exported to the file, by place; NULL: nothing was exported
 * @map: the mapping context that NV_ESC_RM_MAP_MEMORY or NV_ESC_RM_ALLOC_MEMORY left for mmap()
 * @held: other charges that the file keeps, or NULL; guarded by @held_lock, under which no other lock is taken
 * @ranges: what is mapped by nvidia-uvm; NULL: this is not a file of nvidia-uvm, or no guest has it yet. It outlives the file until
 * the driver has released it
 */
typedef struct {
    gatomicrefcount refs;
    NvFileTable *table;
    uint32_t id;
    const Device *device;
    Host *host;
    int fd;
    gint awaited; /* atomic */
    bool left;
    bool counts;
    gint places; /* atomic */
    PollState poll;
    GMutex lock;
    GPtrArray *exports;
    MapContext map;
    GMutex held_lock;
    GPtrArray *held;
    UvmRanges *ranges;
} NvFile;

NvFile *nv_file_ref(NvFile *file);

/** nv_file_unref: drop a reference. Dropping the last one closes the host file, which may block.
 * nv_file_table_settle() reports later that the driver has released the file. */
void nv_file_unref(NvFile *file);

/** nv_file_fill: record that exported objects are in the first @places places of a file. Returns: by how many
 * places that exceeds the number recorded before; 0 if it does not. */
unsigned nv_file_fill(NvFile *file, unsigned places);

/* The three functions below concern charges of memory that the driver keeps allocated until it has released the file. The first two
 * are called with the file locked. */

/** nv_file_export: record the charge of the object that was exported to a place of a file, instead of the one before. @charge:
 * (transfer full); NULL: the place is empty, or its object is not memory */
void nv_file_export(NvFile *file, unsigned place, Charge *charge);

/** nv_file_exported: (transfer full): get the charge of the object in a place of a file, or NULL. */
Charge *nv_file_exported(const NvFile *file, unsigned place);

/** nv_file_hold: hold a charge until the driver has released the file. @charge: (transfer full), or NULL */
void nv_file_hold(NvFile *file, Charge *charge);

/** nv_file_fd: get the host file's descriptor, or -1 if there is none yet: a dma-buf before nv_file_adopt(). */
int nv_file_fd(const NvFile *file);

/**
 * nv_file_adopt: give a file its host file, if it does not have one yet.
 * Returns: false if it has one; the caller then still owns @fd.
 */
bool nv_file_adopt(NvFile *file, int fd);

/** NvFileReleased: called when the driver has released a file. Everything that was allocated through the file is
 * freed, and so are the objects that were exported to its first @places places. The ranges of a file of nvidia-uvm, and what is
 * mapped there, count as places. */
typedef void (*NvFileReleased)(uint32_t id, unsigned places, gpointer data);

/**
 * nv_file_table_new: make an empty table.
 * @max: the most files that the driver may have at once for guests. These are the files that a guest has open,
 * and the closed files that the driver has not released, because they are mapped or another file refers to them.
 * @released: called once for each file, by nv_file_table_settle()
 */
NvFileTable *nv_file_table_new(unsigned max, NvFileReleased released, gpointer data);

/** nv_file_table_has_room: return false if the table is full. Opens in progress may still exceed the limit. */
bool nv_file_table_has_room(NvFileTable *table);

/**
 * nv_file_table_settle: call NvFileReleased for files that the driver has released. The caller holds no lock.
 * @looks: stop after finding this many files that the driver still has. The next call continues with the
 * files that were not checked, so each closed file gets its turn.
 */
void nv_file_table_settle(NvFileTable *table, unsigned looks);

/** nv_file_table_settle_all: do the same, but check every closed file. */
void nv_file_table_settle_all(NvFileTable *table);

/** nv_file_table_size: count the guests' files that the driver has now. */
unsigned nv_file_table_size(NvFileTable *table);

/** nv_file_table_free: free the table, and drop its references to the files that are still listed. */
void nv_file_table_free(NvFileTable *table);

/**
 * nv_file_table_new_id: reserve an id for a new file.
 * Returns: the id, or 0 if none is left.
 */
uint32_t nv_file_table_new_id(NvFileTable *table);

/**
 * nv_file_table_add: list a new file. If a file is reserved under this id, turn that one into a guest's file.
 * @id: from nv_file_table_new_id(), used once
 * @fd: an open host file, owned by the file from now on; or -1: the file gets one later
 * Returns: (transfer full): a reference; the table holds another one.
 */
NvFile *nv_file_table_add(NvFileTable *table, uint32_t id, const Device *device, Host *host,
                          int fd);

/**
 * nv_file_table_reserve: list a file that is opened in advance, without a host file. Until
 * nv_file_table_add() is called with the same id, the file does not count against the limit, and
 * nv_file_table_get() waits. nv_file_table_add() then completes this file.
 * Returns: (transfer full): a reference; the table holds another one.
 */
NvFile *nv_file_table_reserve(NvFileTable *table, uint32_t id, const Device *device, Host *host);

/** nv_file_table_awaits: get the device of a file that was opened in advance and is still awaited (it is not known
 * yet that a guest has it). Returns NULL for any other file. */
const Device *nv_file_table_awaits(NvFileTable *table, uint32_t id);

/**
 * nv_file_wait: wait while a file that was opened in advance is still awaited. A guest that makes a call on the
 * file already has it, but the broker's message about that may still be on its way.
 */
void nv_file_wait(NvFile *file);

/**
 * nv_file_table_leave: note that a guest has closed a file for the last time.
 * Returns: false: the file is not awaited, and the caller releases it. True: the file was opened in advance and
 * is still awaited: the broker's message that a guest has it may be on its way. The thread that handles that
 * message finds NvFile.left set, and releases the file.
 */
bool nv_file_table_leave(NvFileTable *table, NvFile *file);

/** nv_file_table_get: (transfer full): find the file with this id, or NULL. Waits as nv_file_wait() does. */
NvFile *nv_file_table_get(NvFileTable *table, uint32_t id);

/** nv_file_table_remove: (transfer full): take a file out of the table. Returns the table's reference, or NULL if
 * the file was not listed. */
NvFile *nv_file_table_remove(NvFileTable *table, uint32_t id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NvFile, nv_file_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NvFileTable, nv_file_table_free)
