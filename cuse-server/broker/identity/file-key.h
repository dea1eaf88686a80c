/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key by which the broker names a guest's file. A worker numbers its files from 1 on, and the next worker starts from 1
 * again. So the key also has the number of the file system that the file is in. The kernel gives each worker's file system
 * a number of its own. This distinguishes a file from the files of other workers for as long as any process has it open.
 */
#pragma once

#include <stdint.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

/** FileKey: the upper 32 bits are the number of the file's file system, the lower 32 are the id by which the worker knows the file. */
typedef uint64_t FileKey;

enum { FILE_KEY_ID_BITS = 32, FILE_KEY_MINOR_BITS = 20 /* of the kernel's own dev_t */ };

/** file_key: make a key. @space: st_dev of the file's file system, or 0 if the instance never uses an id twice. */
static inline FileKey file_key(dev_t space, uint32_t id)
{
    return ((FileKey)major(space) << FILE_KEY_MINOR_BITS | minor(space)) << FILE_KEY_ID_BITS | id;
}

/** file_key_space: get the key without the id. All files of one worker have this part in common. */
static inline FileKey file_key_space(FileKey key)
{
    return key >> FILE_KEY_ID_BITS << FILE_KEY_ID_BITS;
}

/** file_key_id: get the id by which the worker knows the file. */
static inline uint32_t file_key_id(FileKey key)
{
    return (uint32_t)key;
}
