/* SPDX-License-Identifier: Apache-2.0 */
/* The program nvcuse-worker: the worker as the broker executes it. */
#pragma once

#include "cuse-server/wire/worker-spec.h"

/**
 * worker_start: be the worker that a specification describes.
 * @argv: WORKER_PROGRAM and the number of the descriptor that holds the specification
 * (wire/worker-spec.h)
 * Returns: an exit code, with a message on standard error, if there is no such specification; never
 * returns otherwise.
 */
int worker_start(int argc, char **argv);
