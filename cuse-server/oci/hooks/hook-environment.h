/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of hooks, which run as the host's root.
 *
 * A hook without `env` gets what its runtime has at that moment. In runc that is, for hooks of the
 * kind createContainer, the container's own environment (libcontainer/init_linux.go and
 * configs/config.go, CommandHook; measured with 1.1.5): an image would choose the libraries that a
 * program of the host's loads.
 */
#pragma once

#include "cuse-server/base/json/json-value.h"

/** HOOK_PATH: the directories in which a hook finds programs. */
#define HOOK_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * hook_environment_close: give a hook an environment of PATH alone, unless it has one.
 * @hook: an element of `hooks` in an OCI configuration or in a CDI specification
 *
 * What its operator has put into `env` stays. An empty list counts as none: runc (since 1.3) takes
 * it for one.
 */
void hook_environment_close(JsonValue *hook);

/** hook_environment_close_all: the same for each of a list; NULL: there is none. */
void hook_environment_close_all(JsonValue *hooks);
