/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CDI specifications (Container Device Interface): how engines learn what a device brings into a
 * container. A device of ours brings a hook, by which nvcuse-runtime knows what was asked for, and
 * which stops the container if another runtime makes it.
 */
#pragma once

#include <glib.h>

#include "cuse-server/base/json/json-value.h"

/** CDI_KIND: vendor and class of our devices. */
#define CDI_KIND "nvcuse.dev/gpu"

/**
 * cdi_spec_new: a specification of the host's GPUs, by index, and "all" of them, in the lowest
 * version of CDI that has what it uses.
 * @program: absolute path of this executable
 * @from: NVIDIA's own specification, or NULL. Its libraries, programs, variables and the hooks that
 *     concern those are taken over; device nodes, sockets of the host's services and all that
 *     belongs to single devices are not.
 */
JsonValue *cdi_spec_new(const char *program, JsonValue *from);

/** cdi_spec_version: the lowest version of CDI that a specification of ours may claim. */
const char *cdi_spec_version(JsonValue *spec);
