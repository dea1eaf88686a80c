/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a recording, by the names of the driver's tables. */
#pragma once

#include "cuse-server/recording/file.h"
#include "version-tree/driver-abi.h"

/** TraceNames: a driver's tables, and which device each open file and host file is of, as far as the
 * recording has been read. */
typedef struct TraceNames TraceNames;

/** trace_names_new: @error: the driver of the recording is not known. */
TraceNames *trace_names_new(const TraceSession *session, GError **error);
void trace_names_free(TraceNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceNames, trace_names_free)

const DriverAbi *trace_names_abi(const TraceNames *names);

/** trace_names_follow: learn which files an act opens and closes. */
void trace_names_follow(TraceNames *names, const TraceAct *act);

/** trace_names_device: of an act, or NULL. */
const Device *trace_names_device(const TraceNames *names, const TraceAct *act);

/**
 * TraceCall: what an act is.
 * @entry: the ioctl's; NULL: the table has none
 * @detail: the entry of the control command or class, or NULL
 * @detail_number: its number; @has_detail: there is one
 */
typedef struct {
    const Device *device;
    const AbiEntry *entry;
    const AbiEntry *detail;
    uint32_t detail_number;
    bool has_detail;
} TraceCall;

void trace_names_call(const TraceNames *names, const TraceAct *act, TraceCall *call);

/** trace_call_name: (transfer full): "open", "NV_ESC_RM_CONTROL", "0x2b". */
char *trace_call_name(const TraceCall *call, const TraceAct *act);

/** trace_call_detail: (transfer full): the command's or class's name or number; NULL: there is none. */
char *trace_call_detail(const TraceCall *call);

/** trace_call_layout: of one of the act's ranges; NULL: not known. */
const AbiLayout *trace_call_layout(const TraceCall *call, const TraceAct *act, uint32_t range);

/** trace_call_buffer_layout: the same of a buffer that the host got for the act. */
const AbiLayout *trace_call_buffer_layout(const TraceCall *call, const TraceAct *act,
                                          const TraceBuffer *buffer);

/** trace_names_op: the same as trace_names_call(), of an ioctl that the host was asked, from what it was
 * given; the device is left out. */
void trace_names_op(const TraceNames *names, const TraceOp *op, TraceCall *call);

/** trace_op_layout: of one of its buffers; NULL: not known. */
const AbiLayout *trace_op_layout(const TraceCall *call, const TraceOp *op, unsigned index);

/** trace_op_name: "open", "ioctl in the guest". Static. */
const char *trace_op_name(uint32_t kind);

/**
 * TraceLeaf: a member of a struct that is a number, an array of numbers, or a union, wherever in it.
 * @path: "params.map[3].offset"; owned by the leaf
 * @type: of an element
 * @role: see abi/role.h
 */
typedef struct {
    char *path;
    const AbiLayout *type;
    AbiRoleKind role;
    uint32_t offset;
    uint32_t size;
} TraceLeaf;

/** trace_names_leaves: an array of TraceLeaf that belongs to @names; NULL: the members are not known. */
const GArray *trace_names_leaves(TraceNames *names, const AbiLayout *layout);

/** trace_leaf_name: the last part of its path. */
const char *trace_leaf_name(const TraceLeaf *leaf);

/** trace_leaf_is_incidental: a number that means nothing in another run. Addresses are UVM's too, where
 * the type does not say so. */
bool trace_leaf_is_incidental(const TraceLeaf *leaf);

/** trace_error_name: "EINVAL", or "0". Static. */
const char *trace_error_name(uint32_t error);

/** trace_status_name: (transfer full): "NV_OK"; "-" if there is none. */
char *trace_status_name(uint32_t status);
