/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of control commands share. */
#pragma once

#include "abi/nvos.h"
#include "cuse-server/proxy/proxy.h"

/**
 * ControlHandler: handle a command.
 * @guest: the private copy of the outer struct; written back first, with the guest's own pointer in
 * it
 */
typedef RequestResult (*ControlHandler)(Request *req, const AbiEntry *entry,
                                        NVOS54_PARAMETERS *guest);

/**
 * control_call_host: make the call.
 * @entry: the command's; NULL: it has none
 * @params: the private copy of its parameters, or NULL
 * Returns: as request_host_ioctl(); if true, @guest holds the answer.
 */
bool control_call_host(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest, void *params);

/**
 * control_map_params: the command's own struct, in and out.
 * @size: of the struct; the guest's paramsSize must be the same
 * @refused: set to true if it is not, and the request then answered with EINVAL
 * Returns: the private copy, or NULL: refused or not here yet.
 */
void *control_map_params(Request *req, const NVOS54_PARAMETERS *guest, size_t size, bool *refused);

/**
 * control_map_struct: the same for a command whose struct has no pointers: what is wrong with it is answered
 * as by the driver.
 */
void *control_map_struct(Request *req, NVOS54_PARAMETERS *guest, size_t size, bool *refused);

/* Handlers of commands whose structs hold pointers to arrays: control-arrays.c. */
RequestResult control_arrays(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);

/* Handlers of commands that name files or tie objects together: control-files.c. */
RequestResult control_has_frontend_fd(Request *req, const AbiEntry *entry,
                                      NVOS54_PARAMETERS *guest);
RequestResult control_mcast_attach_gpu(Request *req, const AbiEntry *entry,
                                       NVOS54_PARAMETERS *guest);
RequestResult control_fifo_disable_channels(Request *req, const AbiEntry *entry,
                                            NVOS54_PARAMETERS *guest);
RequestResult control_register_va_space(Request *req, const AbiEntry *entry,
                                        NVOS54_PARAMETERS *guest);

/* Handlers of commands that export objects to files, and import them from there: control-exports.c. */
RequestResult control_export(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);
RequestResult control_import(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);

/* Handlers of commands whose structs hold other pointers: control-pointers.c. */
RequestResult control_get_build_version(Request *req, const AbiEntry *entry,
                                        NVOS54_PARAMETERS *guest);
RequestResult control_gpu_get_id_info(Request *req, const AbiEntry *entry,
                                      NVOS54_PARAMETERS *guest);

/* Handlers of commands by which a guest says how long it has a GPU to itself: control-timeslice.c. */
RequestResult control_set_timeslice(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);
RequestResult control_get_timeslice(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);

/* Handlers of commands that list processes: control-processes.c. */
RequestResult control_get_pids(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);
RequestResult control_get_pid_info(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);
RequestResult control_util_samples(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest);
