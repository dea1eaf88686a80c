/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that only the start needed. An instance is there for as long as its container, and most of
 * the time it does nothing: what reading options, finding users and starting libraries took need not
 * stay.
 */
#pragma once

/**
 * idle_memory_trim: give back what the start left behind: free pieces of the heap, and the pages of
 * the program and its libraries that are never written. Those stay in the kernel's cache, and are
 * mapped again, one fault each, where they are needed.
 */
void idle_memory_trim(void);
