/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that the kernel allows only to processes with one thread, in processes that have mapped device memory: nvcuse's agent
 * is a thread as well.
 */
#pragma once

/** alone: play these scenes; after the call each process continues to map. */
void alone(void);
