/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker knows a guest's file by. A worker numbers its files from 1 on, and the one that is started after it
 * does so again; with the number of the file system that they are in, which the kernel gives each worker's, a file is
 * told from those of other workers for as long as anybody has it open.
 */
#pragma once

#include <stdint.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

/** FileKey: above the number of its file system, below its id, by which its worker knows it. */
typedef uint64_t FileKey;

enum { FILE_KEY_ID_BITS = 32, FILE_KEY_MINOR_BITS = 20 /* of the kernel's own dev_t */ };

/** file_key: @space: the st_dev of its file system, or 0: its id is used once in the life of the instance. */
static inline FileKey file_key(dev_t space, uint32_t id)
{
    return ((FileKey)major(space) << FILE_KEY_MINOR_BITS | minor(space)) << FILE_KEY_ID_BITS | id;
}

/** file_key_space: the key without the id: what files of one worker have in common. */
static inline FileKey file_key_space(FileKey key)
{
    return key >> FILE_KEY_ID_BITS << FILE_KEY_ID_BITS;
}

/** file_key_id: the number by which the file's worker knows it. */
static inline uint32_t file_key_id(FileKey key)
{
    return (uint32_t)key;
}
