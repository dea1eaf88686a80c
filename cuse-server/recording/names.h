/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the names and struct layouts of what a recording contains, in the driver's tables. */
#pragma once

#include "cuse-server/recording/format/file.h"
#include "version-tree/driver-abi.h"

/** TraceNames: the tables of a recording's driver, and the device of each file that guests have opened so far, by the
 * acts that were passed to trace_names_follow(). */
typedef struct TraceNames TraceNames;

/** trace_names_new: look up the recording's driver. Fails if nvcuse does not know the driver. @session: outlives it */
TraceNames *trace_names_new(const TraceSession *session, GError **error);
void trace_names_free(TraceNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceNames, trace_names_free)

const DriverAbi *trace_names_abi(const TraceNames *names);

/** trace_names_follow: learn which files an act opens, and of which devices. Call this for every act, in order. */
void trace_names_follow(TraceNames *names, const TraceAct *act);

/** trace_names_device: get the device that an act is about, or NULL. */
const Device *trace_names_device(const TraceNames *names, const TraceAct *act);

/**
 * TraceCall: describes an act by the driver's tables.
 * @entry: the entry of the ioctl; NULL: the table does not have it
 * @detail: the entry of the control command or class, or NULL
 * @detail_number: the number of the control command or class
 * @has_detail: the act has a control command or class; it may be one that the table does not have
 */
typedef struct {
    const Device *device;
    const AbiEntry *entry;
    const AbiEntry *detail;
    uint32_t detail_number;
    bool has_detail;
} TraceCall;

/** trace_names_call: find the entries of an act. */
void trace_names_call(const TraceNames *names, const TraceAct *act, TraceCall *call);

/** trace_call_name: (transfer full): name an act: "open", "NV_ESC_RM_CONTROL", "0x2b". */
char *trace_call_name(const TraceCall *call, const TraceAct *act);

/** trace_call_detail: (transfer full): get the name or number of the control command or class, or NULL if there is none. */
char *trace_call_detail(const TraceCall *call);

/** trace_call_layout: get the struct that one of the act's ranges holds; NULL: not known. */
const AbiLayout *trace_call_layout(const TraceCall *call, const TraceAct *act, uint32_t range);

/** trace_call_buffer_layout: do the same for a buffer that the host got for the act. */
const AbiLayout *trace_call_buffer_layout(const TraceCall *call, const TraceAct *act,
                                          const TraceBuffer *buffer);

/** trace_names_op: do the same as trace_names_call() for an ioctl of the host, from the buffers that the host was
 * given. The device is not set. */
void trace_names_op(const TraceNames *names, const TraceOp *op, TraceCall *call);

/** trace_op_layout: get the struct that one of the op's buffers holds; NULL: not known. */
const AbiLayout *trace_op_layout(const TraceCall *call, const TraceOp *op, unsigned index);

/** trace_op_name: name a kind of op: "open", "ioctl in the guest". Static. */
const char *trace_op_name(uint32_t kind);

/**
 * TraceLeaf: a member of a struct, or of a struct inside that struct. It is a number, an array of numbers, or a union.
 * @path: "params.map[3].offset"; owned by the leaf
 * @type: the type of an element
 * @role: see abi/role.h
 * @offset, @size: the place of the whole member in the outermost struct, in bytes
 */
typedef struct {
    char *path;
    const AbiLayout *type;
    AbiRoleKind role;
    uint32_t offset;
    uint32_t size;
} TraceLeaf;

/** trace_names_leaves: (element-type TraceLeaf): list the leaves of a struct. The array belongs to @names. NULL: not known. */
const GArray *trace_names_leaves(TraceNames *names, const AbiLayout *layout);

/** trace_leaf_name: get the last part of a leaf's path. */
const char *trace_leaf_name(const TraceLeaf *leaf);

/** trace_leaf_is_incidental: check by a leaf's role whether it is a number that means nothing in another run. Addresses
 * are such numbers. They include UVM's addresses, whose type does not show that they are addresses. */
bool trace_leaf_is_incidental(const TraceLeaf *leaf);

/** trace_error_name: name an errno: "EINVAL", or "0". Static. */
const char *trace_error_name(uint32_t error);

/** trace_status_name: (transfer full): name an NvStatus: "NV_OK"; "-" if there is none. */
char *trace_status_name(uint32_t status);
