/* SPDX-License-Identifier: Apache-2.0 */
/* The table entry of a sub-command for main(), and the sub-commands. */
#pragma once

#include <glib.h>

/** Exit codes of every sub-command (`run` passes its command's code through). */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/**
 * Command: one sub-command.
 * @name: as typed
 * @summary: one line for `nvcuse --help`
 * @main: gets argv with argv[0] = "nvcuse NAME", so that GOption's --help reads right
 */
typedef struct {
    const char *name;
    const char *summary;
    int (*main)(int argc, char **argv);
} Command;

int cmd_serve(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_limit(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_drivers(int argc, char **argv);
int cmd_abi(int argc, char **argv);
int cmd_cdi(int argc, char **argv);
int cmd_install(int argc, char **argv);
int cmd_trace(int argc, char **argv);
