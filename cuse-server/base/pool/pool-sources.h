/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of a ReaderPool: which thread has which, and where threads without one sleep.
 *
 * A thread that has taken a source is the only one that reads it. epoll does not report a source that is taken.
 */
#pragma once

#include <stdbool.h>

#include "cuse-server/base/pool/look.h"

typedef struct PoolSources PoolSources;
typedef struct Source Source;

/**
 * pool_sources_new: make a set of sources.
 * @fds, @n: descriptors, which the caller keeps. The array is copied
 * @look: as in ReaderPoolConfig
 * @keeps: as in ReaderPoolConfig
 * @ends: whether the set can be over
 * Returns: the set; free it with pool_sources_free(). Ends the process if the kernel refuses one of the descriptors.
 */
PoolSources *pool_sources_new(const int *fds, unsigned n, Look *look, bool keeps, bool ends);

/** pool_sources_free: free a set that no thread uses. The descriptors stay open. */
void pool_sources_free(PoolSources *sources);

/** pool_source_index: get a source's index in @fds. */
unsigned pool_source_index(const Source *source);

/** pool_sources_wait: wait for a source that has a request, and take it. @turn: the thread's. Returns NULL if the set is over. */
Source *pool_sources_wait(PoolSources *sources, LookTurn *turn);

/**
 * pool_sources_sleep_with: sleep until a source that this thread has taken has a request, or the set is over.
 * Returns: false if threads may not keep their sources while they sleep.
 */
bool pool_sources_sleep_with(const PoolSources *sources, const Source *source, LookTurn *turn);

/** pool_sources_give_up: give a source up. epoll reports it from then on. */
void pool_sources_give_up(const PoolSources *sources, Source *source);

/**
 * pool_sources_take_again: take a source that this thread had given up, to sleep in poll() of it or to look for a request.
 * Meanwhile epoll does not wake another thread for the source.
 * Returns: false if another thread has it, or if too many threads look.
 */
bool pool_sources_take_again(const PoolSources *sources, Source *source, LookTurn *turn);

/** pool_sources_can_end: check whether the set was made with @ends. */
bool pool_sources_can_end(const PoolSources *sources);

/** pool_sources_set_over: end the set. Threads that sleep see it after pool_sources_wake_all(). */
void pool_sources_set_over(PoolSources *sources);

/** pool_sources_wake_all: wake all threads that sleep, in a set that is over and was made with @ends. */
void pool_sources_wake_all(const PoolSources *sources);

/** pool_sources_are_over: check whether the set is over. */
bool pool_sources_are_over(PoolSources *sources);
