/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets the environment of hooks, which run as the host's root.
 *
 * A hook without `env` gets the environment that its runtime has at that moment. In runc, for
 * createContainer hooks, this is the container's own environment (libcontainer/init_linux.go and
 * configs/config.go, CommandHook; measured with 1.1.5). Then an image would choose the libraries
 * that a program of the host loads.
 */
#pragma once

#include "cuse-server/base/json/json-value.h"

/** HOOK_PATH: the directories in which a hook finds programs. */
#define HOOK_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * hook_environment_close: give a hook an environment that consists of PATH alone, unless it already
 * has one.
 * @hook: an element of `hooks` in an OCI configuration or in a CDI specification
 *
 * An `env` that the operator has written stays. An empty list counts as no `env`, because runc
 * (since 1.3) treats it so.
 */
void hook_environment_close(JsonValue *hook);

/** hook_environment_close_all: do the same for each hook of a list. NULL is an empty list. */
void hook_environment_close_all(JsonValue *hooks);
