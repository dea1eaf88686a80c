/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/** cmd_runtime: the main function of this executable under its other name, nvcuse-runtime. Returns the exit code, if the
 * process does not become another program. */
int cmd_runtime(int argc, char **argv);
