/* SPDX-License-Identifier: Apache-2.0 */
/* Every known way to a descriptor in the table of another thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * ScanResult: what came of a scan.
 * @looks: how many descriptors were tried to be had
 * @agents: how many times an agent was met
 * @found: files of the host that were had
 * @ways: the names of the ways by which they were, each after a blank
 */
typedef struct {
    unsigned looks;
    unsigned agents;
    unsigned found;
    char ways[400];
} ScanResult;

/**
 * scan_for: look for files of the host in the tables of all threads of some processes, for a time.
 * @processes: one of them the caller's own; @n: at most 4
 * @by_path: also open them anew through /proc, which root may where no control group is against it
 */
void scan_for(const pid_t *processes, unsigned n, unsigned seconds, bool by_path,
              ScanResult *result);
