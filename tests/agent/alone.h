/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that the kernel takes from a process of one thread only, in processes that have mapped device memory: nvcuse's agent
 * is a thread as well. */
#pragma once

/** alone: play them; each process goes on mapping. */
void alone(void);
