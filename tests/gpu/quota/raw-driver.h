/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the driver, made without NVIDIA's libraries: one client with one GPU, and its memory, which is numbered from 0. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Classes of memory, and statuses. */
enum { RAW_SYSTEM = 0x3e, RAW_VIDEO = 0x40 };
enum { RAW_OK = 0, RAW_NO_MEMORY = 0x51 };

/** raw_start: open the driver, and make a client, and in it the first GPU that the driver lists. */
void raw_start(void);

/** raw_start_mapping: prepare nvidia-uvm to map memory, up to @bytes of it. */
void raw_start_mapping(size_t bytes);

/** raw_must: end the program with a message if a status is not RAW_OK. */
void raw_must(uint32_t status, const char *what);

/* These return a status of the driver. If a system call itself fails, they end the program. */
uint32_t raw_alloc(unsigned index, uint32_t object_class, size_t bytes);
uint32_t raw_free(unsigned index);

/** raw_map, raw_unmap: map memory by nvidia-uvm, at a place of its own. */
uint32_t raw_map(unsigned index, size_t bytes);
uint32_t raw_unmap(unsigned index, size_t bytes);

/** raw_export: export memory to a new file. */
uint32_t raw_export(unsigned index, int *fd);

/** raw_memory_info: get the size of the GPU's memory, and how much of it is free, in bytes. */
uint32_t raw_memory_info(uint64_t *total, uint64_t *available);

/** RawUse: GPU memory of a process in bytes. */
typedef struct {
    uint64_t only_its_own;
    uint64_t shared_by_it;
    uint64_t shared_with_it;
} RawUse;

uint32_t raw_process_use(unsigned pid, RawUse *use);
