/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: which of them the GPU would run, and for how long it would have run them. A channel runs from the moment at which it,
 * or its group, is scheduled, while it is not disabled. Work is not modelled: a channel that runs always has some.
 */
#pragma once

#include <linux/fs.h>

#include "rm/rm.h"

/** channel_schedule: the GPU runs a channel, or all the channels that a group has now, or no longer. @skip_enable: without
 * enabling them. @object: a channel, a group, or a duplicate of a group */
void channel_schedule(struct rm_object *object, bool enable, bool skip_enable);

/** channel_disable: disable a channel, or enable it. */
void channel_disable(struct rm_object *channel, bool disable);

/** channel_group: the group itself, for a duplicate; NULL: it has been freed. */
struct rm_object *channel_group(struct rm_object *object);

/** channel_runner: a client with a channel that runs, or NULL. */
struct rm_client *channel_runner(void);

/** channel_freed: a channel or a group is freed. */
void channel_freed(struct rm_object *object);

/**
 * channels_fops: a file with a line for each process that has had channels, "process PID running N ran_us T", and one for each group
 * that has one that is scheduled, "group PID gpu G scheduled N running N slice_us S". T is the time in which at least one channel of
 * the process ran. Any write sets these times to 0.
 */
extern const struct file_operations channels_fops;

/** channels_clear: free what is known of processes. */
void channels_clear(void);
