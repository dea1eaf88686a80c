/* SPDX-License-Identifier: Apache-2.0 */
/* All known ways to a descriptor in another thread's table. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * ScanResult: the result of a scan.
 * @looks: how many descriptors it tried to take
 * @agents: how many times it met an agent
 * @found: how many of the host's files it took
 * @ways: the names of the ways by which it took them, each after a blank
 */
typedef struct {
    unsigned looks;
    unsigned agents;
    unsigned found;
    char ways[400];
} ScanResult;

/**
 * scan_for: search the tables of all threads of some processes for files of the host, for a time.
 * @processes: one of them is the caller's own; @n: at most 4
 * @by_path: also open the files again through /proc, which root may if no control group forbids it
 */
void scan_for(const pid_t *processes, unsigned n, unsigned seconds, bool by_path,
              ScanResult *result);
