/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that tries to keep more memory than it is charged for. Each thread has a hand: clients' objects, files and mappings that
 * hold memory. It acts at random: each act allocates, duplicates, exports, imports, maps, unmaps, frees or closes something. Most
 * acts may fail, because the quota is used up or what they name is gone.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "tests/guest/rm.h"

enum { GPUS = 2, OBJECTS = 24, FILES = 6, BUFFERS = 4, MAPPINGS = 4, PUBLISHED = 256 };

/** Held: an object of memory. Its handle is odd if it belongs to GPU 1. @handle: 0: none */
typedef struct {
    NvHandle handle;
    NvU64 size;
    bool system;
} Held;

/** Exported: a file with objects. @fd: -1: none; @places: how many objects it can have */
typedef struct {
    int fd;
    unsigned places, gpu;
} Exported;

typedef struct {
    void *address;
    size_t size;
} Mapped;

/** Hand: what a thread has. @shared: what all threads of all processes share */
typedef struct {
    struct Shared *shared;
    uint64_t random;
    int ctl, gpu[GPUS]; /* files */
    NvHandle client, last;
    Held objects[OBJECTS];
    Exported files[FILES];
    int buffers[BUFFERS];
    Mapped mapped[MAPPINGS];
    int uvm;
} Hand;

/** Act: do something. Returns: the status, or minus the errno value of the system call; NOTHING: there was nothing to do it with. */
typedef int64_t Act(Hand *hand);
#define NOTHING INT64_MIN

typedef struct {
    const char *name;
    Act *act;
    unsigned weight;
    bool must_succeed; /* at least once in a run */
} ActKind;

enum { ACTS_MAX = 40 };

/** Shared: in memory of all processes. @uncertain: also do what nvcuse charges more for than the driver takes;
 * @trace: print each act */
typedef struct Shared {
    bool uncertain, trace;
    _Atomic uint64_t published[PUBLISHED]; /* client << 32 | handle */
    atomic_uint done[ACTS_MAX], out_of_memory;
} Shared;

/* hand.c */
void hand_init(Hand *hand, Shared *shared, uint64_t seed);

/** hand_open: make a client with a device, a subdevice and an address space for each GPU. hand_close() closes everything. */
void hand_open(Hand *hand);
void hand_close(Hand *hand);

/** hand_act: do one act by chance. */
void hand_act(Hand *hand);

/** report: print how often each act has succeeded. */
void report(const Shared *shared);

unsigned chance(Hand *hand, unsigned n);
NvHandle device_of(unsigned gpu);
NvHandle subdevice_of(unsigned gpu);
NvHandle space_of(unsigned gpu);
unsigned gpu_of(NvHandle memory);

/** new_handle: choose a handle for memory of a GPU. */
NvHandle new_handle(Hand *hand, unsigned gpu);

/** hold: remember an object, in place of one that is freed if there is no room. Returns @result. */
int64_t hold(Hand *hand, int64_t result, const Held *held);

/** any_object: an object of the hand's by chance, or NULL. */
Held *any_object(Hand *hand);

/* memory.c */
Act act_video, act_system, act_heap, act_old, act_duplicate, act_free, act_fabric, act_surface,
    act_map, act_unmap;

/* files.c */
Act act_export, act_export_many, act_import, act_import_many, act_close, act_buffer,
    act_close_buffer;

/* uvm.c */
Act act_external, act_unmap_external, act_free_range, act_unregister, act_peers, act_reopen_uvm;
void uvm_open(Hand *hand);

/* share.c */
void show_share(void);
