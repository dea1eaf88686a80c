/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that time shares make at the host.
 *
 * A time slice is set in the guest's client, through the guest's file: the driver accepts a client only through the file that
 * it was allocated on. Channels are switched through a client of the worker's own, which has a device and a subdevice for each
 * GPU, and which also asks how busy the GPU is. The driver lets any client switch any channel (src/nvidia/src/kernel/gpu/fifo/kernel_fifo_ctrl.c,
 * subdeviceCtrlCmdFifoDisableChannels_IMPL). So it works for guests' clients that have no subdevice, and after the guest has
 * closed its file.
 */
#pragma once

#include "cuse-server/proxy/objects/nv-file.h"
#include "cuse-server/proxy/shares/channel-acts.h"
#include "cuse-server/wire/device.h"

typedef struct ShareHost ShareHost;

/** share_host_new: @files, @devices and @host outlive it. Does not ask the host anything yet. */
ShareHost *share_host_new(NvFileTable *files, const Device *devices, unsigned n_devices,
                          Host *host);

/** share_host_free: close what the calls have opened. */
void share_host_free(ShareHost *shares);

/* The functions below may block. Only one thread at a time may call them. */

/** share_host_set_slice: set the time slice of a group. A group that has ended is ignored. */
void share_host_set_slice(ShareHost *shares, const SliceAct *act);

/** share_host_switch: switch channels of one GPU off, or on. All have the same GPU and ChannelAct.off. Calls channel_acted()
 * for each of them. */
void share_host_switch(ShareHost *shares, const ChannelAct *acts, unsigned n);

/**
 * share_host_samples: ask for the driver's samples of a GPU (gpu-samples.h).
 * @gpu: device instance
 * @params, @size: the command's parameters
 * @number: set to the number of this GPU among the instance's, in the order of the devices
 * Returns: false if the driver does not tell.
 */
bool share_host_samples(ShareHost *shares, uint32_t gpu, void *params, size_t size,
                        uint32_t *number);

/** share_host_has: whether something is open for a GPU. Any thread may ask. @gpu: device instance */
bool share_host_has(const ShareHost *shares, uint32_t gpu);

/** share_host_idles: whether something is open for a GPU that has no channels. Any thread may ask. */
bool share_host_idles(const ShareHost *shares, Channels *channels);

/** share_host_let_go: close what is open for GPUs without channels, because an open file keeps a GPU started. */
void share_host_let_go(ShareHost *shares, Channels *channels);
