/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes CDI specifications (Container Device Interface). From them engines learn what a device adds
 * to a container. A device of nvcuse's adds a hook. nvcuse-runtime recognizes the request by this
 * hook. If another runtime makes the container, the hook makes it fail.
 */
#pragma once

#include <glib.h>

#include "cuse-server/base/json/json-value.h"

/** CDI_KIND: vendor and class of nvcuse's devices. */
#define CDI_KIND "nvcuse.dev/gpu"

/**
 * cdi_spec_new: make a specification with two devices for each GPU of the host, by index and by UUID, and
 * "all" for all of them. It claims the lowest version of CDI that has everything it uses.
 * @program: absolute path of this executable
 * @from: NVIDIA's own specification, or NULL. Its libraries, programs, variables and the hooks for those are taken over, from
 *     the edits for all devices and from the device "all" (without one, what every device has). Device nodes, sockets of the
 *     host's services, and what belongs to single devices are not
 * @notes: (element-type utf8) gets a line, to be freed, for each mount and hook that is left out, and for what people would miss
 */
JsonValue *cdi_spec_new(const char *program, JsonValue *from, GPtrArray *notes);

/** cdi_spec_version: the lowest version of CDI that a specification of nvcuse's may claim. */
const char *cdi_spec_version(JsonValue *spec);
