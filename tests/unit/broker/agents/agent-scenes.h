/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenes that are played with and without stops, and functions that several files share. A scene ends the guest with status 0
 * if all is well.
 */
#pragma once

#include "tests/unit/broker/agents/agent-play.h"

/* --- agents.c --------------------------------------------------------------------------------------- */

/** map_twice: two mappings show the same file. */
void map_twice(void);

/** map_after_a_while: the agent has come to rest between mappings. */
void map_after_a_while(void);

/** map_in_threads: several threads map at once. */
void map_in_threads(void);

/** map_beyond: the kernel maps beyond the file's end, and refuses an odd address with EINVAL. */
void map_beyond(void);

/** rest_twice: the agent comes to rest, is woken, and comes to rest again. */
void rest_twice(void);

/** be_alone: a process that calls unshare(CLONE_NEWUSER) has no agent any longer. */
void be_alone(void);

/** rest_and_be_alone: the same when the agent rests. */
void rest_and_be_alone(void);

/** be_killed: SIGKILL while two threads map. */
void be_killed(void);

/** map_forever: a thread that maps and unmaps. Returns: @data, once a mapping failed. */
void *map_forever(void *data);

/** count_threads: Returns: how many threads the process has, its agent included. */
unsigned count_threads(void);

/* --- agent-lending.c -------------------------------------------------------------------------------- */

/** map_and_execute: lend memory, and execute /bin/true. */
void map_and_execute(void);

/** map_and_execute_in_thread: the same, but another thread executes it. */
void map_and_execute_in_thread(void);

/** leave_memory_to_another: the same, while another process shares the memory. */
void leave_memory_to_another(void);

/** map_once_and_end: lend memory, and end. */
void map_once_and_end(void);

/** assert_taken_back_before: the memory was lent, and taken back while the process was there and had not become @program. */
void assert_taken_back_before(const char *program);

/* --- agent-parameters.c ----------------------------------------------------------------------------- */

/** spoilt: play an ioctl() whose page of parameters has @fate meanwhile. Returns: as play(). */
int spoilt(PageFate fate);

/* --- agent-filters.c -------------------------------------------------------------------------------- */

/** KERNELS_OWN_ERROR: ERESTARTSYS, which the kernel shows to no program. */
enum { KERNELS_OWN_ERROR = 512 };

/** lie: what the filter of install_lie() answers to the call in which an agent waits (SECCOMP_RET_...). */
extern unsigned lie;

/** install_lie: install that filter, also for an agent that is there already. */
void install_lie(void);

/** map_with_a_lie: with that filter a mapping fails. */
void map_with_a_lie(void);

/* --- agent-seal.c ----------------------------------------------------------------------------------- */

/** kernel_seals: Returns: whether the kernel has mseal(), and shows in smaps what is sealed. */
bool kernel_seals(void);

/** skip_unless_sealed: skip the test if the kernel has no such thing; else have agents made ahead. */
void skip_unless_sealed(void);
