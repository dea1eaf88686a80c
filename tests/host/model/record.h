/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flight recorder: one line for each call that reached the driver, in debugfs.
 *
 *     nvcuse-model/log     the lines; a write deletes them
 *     nvcuse-model/live    how many objects of each kind exist now, "NAME N" a line
 *     nvcuse-model/memory  how much memory is allocated; see memory/usage.h
 *
 * A line consists of words "key=value", in this order; words that do not apply are left out:
 *
 *     n=17 file=nvidiactl.3 task=gpu-list pid=204 uid=0 admin=1 call=NV_ESC_RM_CONTROL
 *     what=NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS fd=nvidia0.4 in=HEX data_in=HEX out=HEX
 * data_out=HEX status=NV_OK result=0
 *
 * fd is the caller's file of a descriptor in the argument: a device and the number of the open file,
 * "other", or "none". in and out are the argument's bytes, data_in and data_out those of the
 * parameters that it points to, list_in and list_out those of a list that these point to: as
 * hexadecimal digits, or "N:HASH" (length, 64-bit FNV-1a) if there are more than 64 bytes.
 */
#pragma once

#include <linux/fs.h>

struct record;

/** record_begin: start a line about a call on a file. Returns: NULL without memory, which all functions here accept. @device,
 * @id: the file. */
struct record *record_begin(const char *device, unsigned int id);

/** record_add: append " key=value". */
__printf(2, 3) void record_add(struct record *record, const char *format, ...);

/** record_bytes: append " key=HEX". */
void record_bytes(struct record *record, const char *key, const void *data, size_t size);

/** record_end: append the result and publish the line. */
void record_end(struct record *record, long result);

/** fnv1a: the hash of the record and of the patterns. @hash: FNV1A_START, or the hash of the bytes before. */
#define FNV1A_START 0xcbf29ce484222325ULL
u64 fnv1a(u64 hash, const void *data, size_t size);

int record_init(void);
void record_exit(void);
