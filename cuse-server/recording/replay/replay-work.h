/* SPDX-License-Identifier: Apache-2.0 */
/* A replay and the act that it plays. Internal to replay/. */
#pragma once

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/recording/host-buffers.h"
#include "cuse-server/recording/replay/replay.h"

/*
 * Replay: "then" is the time of the recording.
 * @memory: the guest memory of the act that is played
 * @files: a file's id then -> its id now
 * @act: the act that is played
 * @next: index of the first of its ops that has not been made yet
 * @difference: the first difference; NULL: none so far
 * @copies: private copies of guest memory, in the order in which the handler asked for them
 * @ranges: for each copy, the index of the act's range that it is a copy of
 * @faulted: the handler asked for memory that could not be read then, or that is not recorded
 */
struct Replay {
    Host host;
    GuestMemory memory;
    const TraceSession *session;
    TraceNames *names;
    Proxy proxy;
    GHashTable *files;
    uint64_t host_calls;

    const TraceAct *act;
    unsigned next;
    char *difference;
    HostCopies copies;
    uint32_t ranges[TRACE_RANGES_MAX];
    bool faulted;
};

G_STATIC_ASSERT(G_STRUCT_OFFSET(Replay, host) == 0);

/** replay_differ: note a difference between the recording and what happens now. Only the first one is kept. */
void replay_differ(Replay *replay, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** replay_compare: note a difference if two numbers differ. @what: names them */
void replay_compare(Replay *replay, const char *what, uint64_t recorded, uint64_t now);

/** replay_next_op: get the act's next op that is not a close, or NULL. */
const TraceOp *replay_next_op(Replay *replay);

/** replay_id_now: return the id that a file has now. @id_then: its id in the recording. 0: it is not open */
uint32_t replay_id_now(const Replay *replay, uint32_t id_then);

/** replay_know_file: remember the id that a recorded file has now. */
void replay_know_file(Replay *replay, uint32_t id_then, uint32_t id);

/** replay_host_ops: the Host that answers from the act's ops. */
extern const HostOps replay_host_ops;

/** replay_memory_ops: the guest memory that holds what the act's ranges held. */
extern const GuestMemoryOps replay_memory_ops;

/** replay_compare_written: compare what the call writes back to the guest with what it wrote then. */
void replay_compare_written(Replay *replay, const Request *req);

/** replay_clear_copies: free the copies of guest memory that the call was given. */
void replay_clear_copies(Replay *replay);
