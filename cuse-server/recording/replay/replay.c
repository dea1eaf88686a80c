/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/replay/replay.h"

#include <errno.h>
#include <stdarg.h>

#include "cuse-server/recording/replay/replay-work.h"

void replay_differ(Replay *replay, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (!replay->difference) {
        replay->difference = g_strdup_vprintf(format, arguments);
    }
    va_end(arguments);
}

void replay_compare(Replay *replay, const char *what, uint64_t recorded, uint64_t now)
{
    if (recorded != now) {
        replay_differ(replay,
                      "%s: recorded 0x%" G_GINT64_MODIFIER "x, now 0x%" G_GINT64_MODIFIER "x", what,
                      recorded, now);
    }
}

/* Get the next op that is not a close, or NULL. Closes are skipped: a file is closed with its last reference, which may
 * be dropped somewhat sooner or later than then. */
const TraceOp *replay_next_op(Replay *replay)
{
    while (replay->next < replay->act->ops->len) {
        const TraceOp *op = trace_act_op(replay->act, replay->next);
        if (op->kind != TRACE_OP_CLOSE) {
            return op;
        }
        replay->next++;
    }
    return NULL;
}

uint32_t replay_id_now(const Replay *replay, uint32_t id_then)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(replay->files, GUINT_TO_POINTER(id_then)));
}

void replay_know_file(Replay *replay, uint32_t id_then, uint32_t id)
{
    g_hash_table_insert(replay->files, GUINT_TO_POINTER(id_then), GUINT_TO_POINTER(id));
}

static void play_open(Replay *replay, const TraceAct *act)
{
    g_autoptr(NvFile) file = NULL;

    if (act->device >= replay->session->n_devices) {
        replay_differ(replay, "open of device %u: the recording lists %u devices", act->device,
                      replay->session->n_devices);
        return;
    }
    int error = proxy_open(&replay->proxy, act->device, (int)act->flags, &file);
    replay_compare(replay, "errno", act->error, (uint32_t)error);
    if (file) {
        replay_know_file(replay, act->file, file->id);
    }
}

static NvFile *find_file(Replay *replay, const TraceAct *act)
{
    NvFile *file = nv_file_table_get(replay->proxy.files, replay_id_now(replay, act->file));

    if (!file) {
        replay_differ(replay, "file %u: not open", act->file);
    }
    return file;
}

/* Set the errno as the transport would: EFAULT if guest memory cannot be read, or if the guest got EFAULT then, for
 * example because its memory could not be written. */
static int settle_error(const Replay *replay, const Request *req, RequestResult result)
{
    if (replay->faulted || result == REQUEST_RETRY) {
        return EFAULT;
    }
    return replay->act->error == EFAULT ? EFAULT : req->error;
}

static void play_ioctl(Replay *replay, const TraceAct *act)
{
    g_autoptr(NvFile) file = find_file(replay, act);

    if (!file) {
        return;
    }
    Request req = {
        .proxy = &replay->proxy,
        .file = file,
        .command = act->command,
        .argument = act->argument,
        .tid = (pid_t)act->tid,
        .memory = &replay->memory,
    };
    replay->copies = (HostCopies){.left = TRACE_ACT_BYTES_MAX / 2};
    replay->faulted = false;
    RequestResult result = proxy_ioctl(&req);
    req.error = settle_error(replay, &req, result);
    replay_compare(replay, "errno", act->error, (uint32_t)req.error);
    if (!req.error) {
        replay_compare(replay, "NvStatus", act->status, req.event.status);
        replay_compare(replay, "reason of the refusal", act->refusal, req.event.refusal);
    }
    replay_compare_written(replay, &req);
    replay_clear_copies(replay);
}

static void play_map(Replay *replay, const TraceAct *act)
{
    g_autoptr(NvFile) file = find_file(replay, act);

    if (file) {
        Refusal refusal;
        replay_compare(
            replay, "errno", act->error,
            (uint32_t)proxy_map(&replay->proxy, file, act->length, act->offset, &refusal));
    }
}

char *replay_act(Replay *replay, const TraceAct *act)
{
    replay->act = act;
    replay->next = 0;
    switch (act->kind) {
    case TRACE_OPEN:
        play_open(replay, act);
        break;
    case TRACE_RELEASE:
        proxy_release(&replay->proxy, replay_id_now(replay, act->file));
        g_hash_table_remove(replay->files, GUINT_TO_POINTER(act->file));
        break;
    case TRACE_IOCTL:
        play_ioctl(replay, act);
        break;
    case TRACE_MAP:
        play_map(replay, act);
        break;
    default:
        return NULL; /* TRACE_HOST: polls, and closes of files that were still referenced when the guest closed them */
    }
    const TraceOp *left = replay_next_op(replay);
    if (left) {
        replay_differ(replay, "call of the host: recorded %s, now none", trace_op_name(left->kind));
    }
    return g_steal_pointer(&replay->difference);
}

uint64_t replay_host_calls(const Replay *replay)
{
    return replay->host_calls;
}

Replay *replay_new(const TraceSession *session, TraceNames *names)
{
    const ProxyLimits limits = {PROXY_FILES_DEFAULT,
                                {PROXY_CLIENTS_DEFAULT, PROXY_OBJECTS_DEFAULT}};
    Replay *replay = g_new0(Replay, 1);

    replay->host.ops = &replay_host_ops;
    replay->memory.ops = &replay_memory_ops;
    replay->session = session;
    replay->names = names;
    replay->files = g_hash_table_new(NULL, NULL);
    proxy_init(&replay->proxy, trace_names_abi(names), session->caps, session->devices,
               session->n_devices, &limits, &replay->host);
    replay->proxy.share_uvm = session->share_uvm;
    if (session->scoped) {
        proxy_scope_gpus(&replay->proxy);
    }
    return replay;
}

void replay_free(Replay *replay)
{
    proxy_clear(&replay->proxy);
    g_hash_table_unref(replay->files);
    g_free(replay->difference);
    g_free(replay);
}
