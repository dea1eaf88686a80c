/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files: one per open() of a guest, each with a host file of its own, because the driver ties
 * its clients to the open file that made them (src/nvidia/arch/nvalloc/unix/src/escape.c, RmIoctl).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/proxy/host.h"
#include "cuse-server/proxy/objects/poll-state.h"
#include "cuse-server/wire/device.h"

/**
 * MapContext: what mmap of a file would show, as far as the proxy has to know. The driver gives a file
 * at most one in its life (kernel-open/nvidia/nv-usermap.c, nv_add_mapping_context_to_file).
 * @lock: held over the host call that may make it
 * @length: bytes, whole pages; 0: there is none. Read without the lock by who must not wait for that call.
 */
typedef struct {
    GMutex lock;
    _Atomic uint64_t length;
} MapContext;

typedef struct NvFileTable NvFileTable;

/**
 * NvFile: one open file.
 * @id: names it in the file table and to the transport; never reused, at most INT32_MAX
 * @device: the node it was opened on; outlives the file
 * @table: which lists it, and outlives it
 * @fd: the host file, closed with the last reference; see nv_file_fd()
 * @awaited: it was opened in advance, and no guest is known to have it; see nv_file_wait()
 * @left: it was closed all the same; see nv_file_table_leave()
 * @counts: it does against the table's limit
 * @places: of the file, which objects that were exported to it may be in
 * @poll: see poll.h
 * @map: what NV_ESC_RM_MAP_MEMORY or NV_ESC_RM_ALLOC_MEMORY left for mmap
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
    MapContext map;
} NvFile;

NvFile *nv_file_ref(NvFile *file);

/** nv_file_unref: drop a reference; the last one closes the host file, which may block. That it is gone is told
 * by nv_file_table_settle(). */
void nv_file_unref(NvFile *file);

/** nv_file_fill: objects are in the first @places of a file. Returns: how many places more that are than before. */
unsigned nv_file_fill(NvFile *file, unsigned places);

/** nv_file_fd: the host file, or -1: a dma-buf's before nv_file_adopt(). */
int nv_file_fd(const NvFile *file);

/**
 * nv_file_adopt: give a file that has none its host file.
 * Returns: false if it has one; @fd is then still the caller's.
 */
bool nv_file_adopt(NvFile *file, int fd);

/** NvFileReleased: the driver has released a file: what was allocated through it is no more, nor are the objects
 * that were exported to @places of it. */
typedef void (*NvFileReleased)(uint32_t id, unsigned places, gpointer data);

/**
 * nv_file_table_new: @max: the most files that the driver may have at once for guests: those that a guest has
 * open, and those that are closed and not released, since they are mapped or another file refers to them.
 * @released: is called for each file once, by nv_file_table_settle()
 */
NvFileTable *nv_file_table_new(unsigned max, NvFileReleased released, gpointer data);

/** nv_file_table_has_room: false if the table is full. Opens in progress may still overshoot. */
bool nv_file_table_has_room(NvFileTable *table);

/**
 * nv_file_table_settle: tell of the files that the driver has released. The caller holds no lock.
 * @looks: how many files it may be found to have still before no more are looked at; each takes its turn
 */
void nv_file_table_settle(NvFileTable *table, unsigned looks);

/** nv_file_table_settle_all: the same with a look at every file. */
void nv_file_table_settle_all(NvFileTable *table);

/** nv_file_table_size: files that the driver has now. */
unsigned nv_file_table_size(NvFileTable *table);

/** nv_file_table_free: forgets every file that is still listed. */
void nv_file_table_free(NvFileTable *table);

/**
 * nv_file_table_new_id: an id for a file to come.
 * Returns: 0 if none is left.
 */
uint32_t nv_file_table_new_id(NvFileTable *table);

/**
 * nv_file_table_add: list a new file, or make the one that is reserved under this id a guest's.
 * @id: from nv_file_table_new_id(), used once
 * @fd: an open host file, owned by the file from now on; or -1: it gets one later
 * Returns: a reference that the caller owns; the table holds one too.
 */
NvFile *nv_file_table_add(NvFileTable *table, uint32_t id, const Device *device, Host *host,
                          int fd);

/**
 * nv_file_table_reserve: list a file that is opened in advance, without a host file. It counts as none, and whoever
 * looks it up waits, until nv_file_table_add() gets the same id: then it is that file.
 * Returns: a reference that the caller owns; the table holds one too.
 */
NvFile *nv_file_table_reserve(NvFileTable *table, uint32_t id, const Device *device, Host *host);

/** nv_file_table_awaits: the device of a file that was opened in advance, and that no guest is known to have; else NULL. */
const Device *nv_file_table_awaits(NvFileTable *table, uint32_t id);

/**
 * nv_file_wait: wait until a file that was opened in advance is a guest's, as one that calls on it has already been told to
 * be: the word may be on its way.
 */
void nv_file_wait(NvFile *file);

/**
 * nv_file_table_leave: a file is closed for the last time. False: nothing to be done. True: it was opened in advance, and the
 * word that it is a guest's may be on its way: whoever brings that finds NvFile.left set, and releases it.
 */
bool nv_file_table_leave(NvFileTable *table, NvFile *file);

/** nv_file_table_get: a new reference to the file with this id, or NULL. Waits as nv_file_wait(). */
NvFile *nv_file_table_get(NvFileTable *table, uint32_t id);

/** nv_file_table_remove: take a file out; returns the table's reference, or NULL if it was not in.
 */
NvFile *nv_file_table_remove(NvFileTable *table, uint32_t id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NvFile, nv_file_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NvFileTable, nv_file_table_free)
