/* SPDX-License-Identifier: Apache-2.0 */
/* The field tables of every struct: each header below defines its own here, and only here. */
#define ABI_DEFINE_LAYOUTS

#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl-common.h"
#include "abi/control/ctrl-debug.h"
#include "abi/control/ctrl-memory.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl0080.h"
#include "abi/control/ctrl2080-bus.h"
#include "abi/control/ctrl2080-fb.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/control/ctrl2080-gr.h"
#include "abi/control/ctrl2080-perf.h"
#include "abi/layout.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"

#define ABI_DEFINE_SCALAR(NAME, TYPE) \
    const AbiLayout NAME##_layout = {#NAME, ABI_TYPE_SCALAR, NULL, sizeof(TYPE), 0, NULL};
ABI_SCALARS(ABI_DEFINE_SCALAR)
#define ABI_DEFINE_C_SCALAR(NAME) ABI_DEFINE_SCALAR(NAME, NAME)
ABI_C_SCALARS(ABI_DEFINE_C_SCALAR)
