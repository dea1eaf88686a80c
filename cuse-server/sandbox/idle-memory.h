/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Returns memory that only the start needed. An instance lives as long as its container, and does
 * nothing most of that time. It need not keep the memory in which it read options, found users and
 * started libraries.
 */
#pragma once

/**
 * idle_memory_trim: give back the memory that the start left behind. This is free pieces of the
 * heap, and the pages of the program and its libraries that are never written. Those pages stay in
 * the kernel's cache. Each is mapped again, with one fault, when it is needed.
 */
void idle_memory_trim(void);
