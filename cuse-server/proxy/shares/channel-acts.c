/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/shares/channel-acts.h"

#include "cuse-server/proxy/shares/channels-work.h"

static GMutexLocker *lock(Channels *channels)
{
    return g_mutex_locker_new(&channels->lock);
}

bool channels_take_changes(Channels *channels)
{
    return atomic_exchange(&channels->changed, false);
}

bool channels_have_changed(const Channels *channels)
{
    return channels->changed;
}

bool channels_run(Channels *channels)
{
    g_autoptr(GMutexLocker) locker = lock(channels);

    return channels->n_running > 0;
}

bool channels_are_on(Channels *channels, uint32_t gpu)
{
    g_autoptr(GMutexLocker) locker = lock(channels);

    return channels->gpus[channel_gpu_place(gpu)].channels > 0;
}

void channels_hold(Channels *channels, bool off)
{
    g_autoptr(GMutexLocker) locker = lock(channels);

    channels->holding = off;
}

/* --- lists of channels --------------------------------------------------------------------------- */

GPtrArray *channel_list_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)channel_unref);
}

void channels_spare(Channels *channels, GPtrArray *list, bool spared)
{
    g_autoptr(GMutexLocker) locker = lock(channels);

    for (guint i = 0; i < list->len; i++) {
        Channel *channel = g_ptr_array_index(list, i);
        channel->spared += spared ? 1 : -1U;
    }
    channels->changed = true;
}

/* With the lock held. */
static void add_channels(Channels *channels, bool (*is_wanted)(const Channel *, uint32_t),
                         uint32_t number, GPtrArray *list)
{
    GHashTableIter iter;
    gpointer channel;

    g_hash_table_iter_init(&iter, channels->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &channel)) {
        if (is_wanted(channel, number)) {
            g_ptr_array_add(list, channel_ref(channel));
        }
    }
}

static bool is_of_file(const Channel *channel, uint32_t file)
{
    return channel->name.owner == file || channel->uvm == file;
}

static bool is_of_client(const Channel *channel, uint32_t client)
{
    return channel->name.client == client;
}

GPtrArray *channels_of_file(Channels *channels, uint32_t file)
{
    GPtrArray *list = channel_list_new();
    g_autoptr(GMutexLocker) locker = lock(channels);

    add_channels(channels, is_of_file, file, list);
    return list;
}

void channels_of_client(Channels *channels, uint32_t client, GPtrArray *list)
{
    g_autoptr(GMutexLocker) locker = lock(channels);

    add_channels(channels, is_of_client, client, list);
}

/* --- switching ----------------------------------------------------------------------------------- */

/* Whether a channel is to be switched. One that the guest has switched off stays off when time shares do not need that any
 * more. */
static bool needs_act(Channel *channel)
{
    if (channel_wanted_off(channel)) {
        return channel->state != CHANNEL_OFF;
    }
    if (channel->guest_off) {
        channel->state = CHANNEL_ON;
    }
    return channel->state != CHANNEL_ON;
}

static ChannelAct act_for(Channel *channel)
{
    channel->acting = true;
    return (ChannelAct){.channel = channel_ref(channel),
                        .name = channel->name,
                        .gpu = channel->group->gpu,
                        .off = channel_wanted_off(channel),
                        .seen = channel->seen};
}

static void act_clear(ChannelAct *act)
{
    channel_unref(act->channel);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const ChannelAct *x = a;
    const ChannelAct *y = b;

    return x->gpu != y->gpu ? (x->gpu > y->gpu) - (x->gpu < y->gpu) : (int)x->off - (int)y->off;
}

GArray *channels_acts(Channels *channels)
{
    GArray *acts = g_array_new(FALSE, FALSE, sizeof(ChannelAct));
    GHashTableIter iter;
    gpointer channel;

    g_array_set_clear_func(acts, (GDestroyNotify)act_clear);
    g_mutex_lock(&channels->lock);
    g_hash_table_iter_init(&iter, channels->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &channel)) {
        if (needs_act(channel)) {
            const ChannelAct act = act_for(channel);
            g_array_append_val(acts, act);
        }
    }
    g_mutex_unlock(&channels->lock);
    g_array_sort(acts, compare);
    return acts;
}

bool channels_are_held(Channels *channels)
{
    g_autoptr(GMutexLocker) locker = lock(channels);
    GHashTableIter iter;
    gpointer data;
    bool held = true;

    g_hash_table_iter_init(&iter, channels->by_name);
    while (channels->holding && held && g_hash_table_iter_next(&iter, NULL, &data)) {
        const Channel *channel = data;
        held = !channel->runs || channel->state == CHANNEL_OFF;
    }
    return held;
}

void channel_acted(const ChannelAct *act, bool done)
{
    Channel *channel = act->channel;
    Channels *channels = channel->group->list;
    g_autoptr(GMutexLocker) locker = lock(channels);

    channel->acting = false;
    if (done && act->seen == channel->seen) {
        channel->state = act->off ? CHANNEL_OFF : CHANNEL_ON;
    } else if (done) {
        channel->state = CHANNEL_UNSURE;
        channels->changed = true;
    }
}

/* --- time slices --------------------------------------------------------------------------------- */

static unsigned turns_of(const ChannelGroup *group)
{
    return group->list->gpus[channel_gpu_place(group->gpu)].turns;
}

GArray *channels_slices(Channels *channels, ChannelSlice slice, gconstpointer data)
{
    GArray *acts = g_array_new(FALSE, FALSE, sizeof(SliceAct));
    g_autoptr(GMutexLocker) locker = lock(channels);

    for (GList *at = channels->groups.head; at; at = at->next) {
        ChannelGroup *group = at->data;
        if (!group->has_turn || group->names->len == 0) {
            continue;
        }
        const SliceAct act = {g_array_index(group->names, ChannelName, 0),
                              slice(turns_of(group), data)};
        if (act.slice_us != group->slice_us) {
            group->slice_us = act.slice_us;
            g_array_append_val(acts, act);
        }
    }
    return acts;
}

uint64_t channel_group_slice(ChannelGroup *group, ChannelSlice slice, gconstpointer data)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);

    return slice(turns_of(group) + (group->has_turn ? 0 : 1), data);
}
