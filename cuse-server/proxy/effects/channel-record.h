/* SPDX-License-Identifier: Apache-2.0 */
/* What effects of other calls have to do about channels. */
#pragma once

#include "cuse-server/proxy/call/call.h"

/** channel_record: list the channel or the group of channels that a call has made, if it has made one. */
void channel_record(Call *call, NvHandle handle);

/** channel_before_free: tell the pipeline which channels are freed with an object of the call's client. */
void channel_before_free(Call *call, NvHandle handle);
