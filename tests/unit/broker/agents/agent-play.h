/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenes: functions that run in a guest of the test's own, while a thread of the test is its broker. A file in memory stands
 * in for the driver's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuse-server/broker/agents/agents.h"

#define PAGE 4096UL
#define SIZE (2 * PAGE) /* of the host's file */

/* The number by which guests name the file to map; it is not open in them. */
enum { GUEST_FD = 500 };

/* How often a race is tried. */
enum { ROUNDS = 50 };

/** Scene: what the guest does. It may exit; else its exit status is 0. */
typedef void (*Scene)(void);

/* --- the next scene's circumstances ----------------------------------------------------------------- */

/** strangers: the broker does not count the guest among its guests. */
extern bool strangers;

/** is_container_without_filters: the guest has more seccomp filters than its container had. */
extern bool is_container_without_filters;

/** is_interruptible: every signal interrupts the guest's wait for the listener, and a thread of its own answers each mapping. */
extern bool is_interruptible;

/** is_made_ahead: the guest opens a file before the scene and so has an agent, which works without stops if the kernel has mseal(). */
extern bool is_made_ahead;

/** PageFate: what becomes of the page with an ioctl()'s parameters while the agent's call waits for the broker. */
typedef enum {
    PAGE_STAYS,
    PAGE_IS_WRITTEN_TO,
    PAGE_IS_REPLACED, /* by one with the same contents, so far */
} PageFate;

/** Spoiler: shared between broker and guest; the guest changes the page. */
typedef struct {
    PageFate fate;
    _Atomic uintptr_t page; /* where it is; 0: not yet */
    _Atomic bool done;
} Spoiler;

/** spoiler: of the scene with an ioctl(). */
extern Spoiler *spoiler;

/** written: the parameters of that ioctl(). */
extern uint8_t written[8];

/* --- what the last scene has left ------------------------------------------------------------------- */

/** counts: incidents by their kind. */
extern uint64_t counts[INCIDENT_KIND_COUNT];

/** reading_time: processor time that the broker's reader needs to read the guest's list of mappings, in nanoseconds. */
extern int64_t reading_time;

/** notified_time: processor time that the same thread needed for an agent's ioctl(), in nanoseconds. */
extern int64_t notified_time;

/** ioctl_error: errno value of the ioctl() that an agent made; 0: it succeeded. */
extern _Atomic int ioctl_error;

/** AgentLending: what became of the guest's memory. */
typedef struct {
    uint64_t number;     /* under which it was lent at the last mapping; 0: it was not */
    uint64_t taken_back; /* under which it was taken back */
    pid_t process;
    char command[32]; /* of the process when its memory was taken back */
} AgentLending;

/** lending: of the last scene. */
extern AgentLending lending;

/* --- playing ---------------------------------------------------------------------------------------- */

/** play: run @scene in a guest. Returns: how the guest ended, as waitpid() says. */
int play(Scene scene);

/** ended_well: whether the guest's exit status is 0. */
bool ended_well(int how);

/** map: in a guest: map the host's file. Returns: where, or MAP_FAILED with errno. */
volatile unsigned *map(void);
