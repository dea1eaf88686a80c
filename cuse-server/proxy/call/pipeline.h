/* SPDX-License-Identifier: Apache-2.0 */
/* Handles every ioctl on /dev/nvidiactl, /dev/nvidiaN and /dev/nvidia-uvm. */
#pragma once

#include "cuse-server/proxy/call/request.h"

/** pipeline_run: run a request through the pipeline. Returns as proxy_ioctl(). */
RequestResult pipeline_run(Request *req);
