/* SPDX-License-Identifier: Apache-2.0 */
/* The link by which docker finds a program for --gpus (cli/cmd-engine-hook.h). */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** EngineHookChange: what happened to the link. */
typedef enum { ENGINE_HOOK_STAYS, ENGINE_HOOK_MADE, ENGINE_HOOK_REMOVED } EngineHookChange;

/**
 * engine_hook_put: make the link, unless the host has a program of this name, for example NVIDIA's; or remove it, if it is ours: a
 * link to a program of nvcuse's name, wherever that is or was.
 * @path: of the link
 * @program: the absolute path of this executable
 * @change: set to what was done
 * Returns: false with @error if the link cannot be made or removed.
 */
bool engine_hook_put(const char *path, const char *program, bool remove, EngineHookChange *change,
                     GError **error);
