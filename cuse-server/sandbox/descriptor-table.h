/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the process's table of descriptors large before there are threads.
 *
 * The kernel makes the table larger when it is full: to 128, 256, 512 ... descriptors. If several threads share the
 * table, the thread that needs the descriptor waits for an RCU grace period (Linux, fs/file.c, expand_fdtable():
 * synchronize_rcu()). The wait takes 10 to 40 ms, and makes a guest's open() or its start of CUDA that much slower. A
 * process with one thread does not wait. The table never becomes smaller.
 */
#pragma once

/* The most that is worth reserving: a descriptor costs 8 bytes of the kernel's memory. */
enum { DESCRIPTOR_TABLE_MAX = 4096 };

/**
 * descriptor_table_reserve: make room in the table for @files descriptors, or for DESCRIPTOR_TABLE_MAX or as many as
 * RLIMIT_NOFILE allows if that is less. Call it before the first thread is made and before the filter of system calls.
 *
 * It leaves no descriptor open. It reports no error: without the room, descriptors are slower to get and nothing else.
 */
void descriptor_table_reserve(unsigned files);
