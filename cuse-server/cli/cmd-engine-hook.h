/* SPDX-License-Identifier: Apache-2.0 */
/* The hook that docker --gpus needs, and that must never do anything. */
#pragma once

/** ENGINE_HOOK: the name under which this program is the hook. docker offers --gpus if it finds a program of this name, adds it to
 * each container with --gpus as a prestart hook, and says what was asked for in NVIDIA's variables (moby, daemon/nvidia_linux.go). */
#define ENGINE_HOOK "nvidia-container-runtime-hook"

/** cmd_engine_hook: refuse to start a container. nvcuse-runtime removes the hook from its containers, so if it runs, the container has
 * another runtime, and would start without the GPUs that it was promised. If NVIDIA's own hook came to the host later, become that
 * one. @argv: ends with NULL. Returns the exit code. */
int cmd_engine_hook(char **argv);
