/* SPDX-License-Identifier: GPL-2.0-only */
/* NV_ESC_RM_CONTROL: commands, their parameters, and the lists to which these point. */
#pragma once

#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl-common.h"
#include "abi/control/ctrl-memory.h"
#include "abi/control/ctrl0080.h"
#include "abi/control/ctrl2080-fb.h"
#include "abi/control/ctrl2080-gpu.h"
#include "rm/rm.h"

/* A struct of these has a member whose name is a macro of the kernel's. */
#pragma push_macro("current")
#undef current
#include "abi/control/ctrl0000.h"
#pragma pop_macro("current")

/** struct control_list: user memory that a parameter struct points to. */
struct control_list {
    u64 address;
    u32 size; /* bytes */
    void *data;
};

#define CONTROL_LISTS_MAX 3

struct control {
    struct nv_call *call;
    u32 command;
    struct rm_client *client;
    struct rm_object *object;
    struct params params; /* @params.data is NULL if there are none */
    u32 size;
    struct control_list lists[CONTROL_LISTS_MAX];
    u32 n_lists;
    bool lists_are_output; /* the driver ignores their previous contents */
    u32 wait_ms;           /* how long the call then waits, without rm_lock */
};

/** control_function: answer a command, under rm_lock. Returns: NvStatus. */
typedef u32 control_function(struct control *control);

/** control_data_find, control_p2p_find ...: the function that answers a command, or NULL. */
control_function *control_data_find(u32 command);
control_function *control_channels_find(u32 command);
control_function *control_p2p_find(u32 command);
control_function *control_fd_find(u32 command);
control_function *control_fabric_find(u32 command);
control_function *control_model_find(u32 command);
control_function *control_processes_find(u32 command);

/** control_pattern: replace @size bytes by a pattern that depends on all of @seed. */
void control_pattern(u64 seed, void *data, u32 size);
