/* SPDX-License-Identifier: Apache-2.0 */
/* Records what guests do with channels and their groups. */
#include "cuse-server/proxy/shares/channels-work.h"

Channels *channels_new(void)
{
    Channels *channels = g_new0(Channels, 1);

    g_mutex_init(&channels->lock);
    channels->by_name = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_queue_init(&channels->groups);
    return channels;
}

void channels_free(Channels *channels)
{
    g_assert(channels->groups.length == 0);
    g_hash_table_unref(channels->by_name);
    g_mutex_clear(&channels->lock);
    g_free(channels);
}

static gint64 key_of(uint32_t client, uint32_t handle)
{
    return (gint64)((uint64_t)client << 32 | handle);
}

static GMutexLocker *lock(Channels *channels)
{
    return g_mutex_locker_new(&channels->lock);
}

/* --- what is scheduled ------------------------------------------------------------------------- */

/* Count a group that computes while it is scheduled. */
static void update_turn(ChannelGroup *group)
{
    const bool has_turn = group->is_compute && (group->scheduled || group->n_scheduled > 0);
    unsigned *turns = &group->list->gpus[channel_gpu_place(group->gpu)].turns;

    if (has_turn != group->has_turn) {
        *turns += has_turn ? 1 : -1U;
        group->has_turn = has_turn;
        group->list->changed = true;
    }
}

static void update_runs(Channel *channel)
{
    const bool runs = channel->listed && (channel->scheduled || channel->group->scheduled);
    Channels *list = channel->group->list;

    if (runs != channel->runs) {
        list->n_running += runs ? 1 : -1U;
        channel->runs = runs;
        list->changed = true;
    }
}

/* The guest has made the driver switch a channel on. A call that switches it off may be in progress. */
static void switched_on(Channel *channel)
{
    Channels *list = channel->group->list;

    channel->guest_off = false;
    channel->seen++;
    if (list->holding || channel->acting || channel->state != CHANNEL_ON) {
        channel->state = CHANNEL_UNSURE;
        list->changed = true;
    }
}

static void set_scheduled(Channel *channel, bool scheduled)
{
    if (scheduled != channel->scheduled) {
        channel->group->n_scheduled += scheduled ? 1 : -1U;
        channel->scheduled = scheduled;
    }
}

static void schedule(Channel *channel, ChannelSchedule how)
{
    set_scheduled(channel, how != CHANNEL_STOPS);
    switch (how) {
    case CHANNEL_STOPS: /* the driver switches it on when it is scheduled again */
        channel->guest_off = false;
        channel->state = channel->acting ? CHANNEL_UNSURE : CHANNEL_ON;
        break;
    case CHANNEL_STARTS:
        switched_on(channel);
        break;
    case CHANNEL_STARTS_OFF:
        channel->guest_off = true;
        break;
    case CHANNEL_STARTS_HELD:
        switched_on(channel);
        channel->state = CHANNEL_UNSURE;
        channel->group->list->changed = true;
        break;
    }
    update_runs(channel);
}

void channel_schedule(Channel *channel, ChannelSchedule how)
{
    g_autoptr(GMutexLocker) locker = lock(channel->group->list);

    schedule(channel, how);
    update_turn(channel->group);
}

static void schedule_group(ChannelGroup *group, ChannelSchedule how)
{
    group->scheduled = how != CHANNEL_STOPS;
    for (GList *at = group->members.head; at; at = at->next) {
        schedule(at->data, how);
    }
    update_turn(group);
}

void channel_group_schedule(ChannelGroup *group, ChannelSchedule how)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);

    schedule_group(group, how);
}

void channels_schedule_all(Channels *channels, ChannelSchedule how)
{
    g_autoptr(GMutexLocker) locker = lock(channels);

    for (GList *at = channels->groups.head; at; at = at->next) {
        schedule_group(at->data, how);
    }
}

static ChannelHeld held(const Channels *channels, bool all_scheduled)
{
    return !channels->holding ? CHANNELS_RUN : all_scheduled ? CHANNELS_HELD : CHANNELS_TO_HOLD;
}

ChannelHeld channels_held(Channels *channels)
{
    g_autoptr(GMutexLocker) locker = lock(channels);

    return held(channels, false);
}

ChannelHeld channel_held(Channel *channel)
{
    g_autoptr(GMutexLocker) locker = lock(channel->group->list);

    return held(channel->group->list, channel->scheduled);
}

ChannelHeld channel_group_held(ChannelGroup *group)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);
    bool all_scheduled = group->scheduled;

    for (GList *at = group->members.head; at; at = at->next) {
        all_scheduled = all_scheduled && ((const Channel *)at->data)->scheduled;
    }
    return held(group->list, all_scheduled);
}

/* --- groups ------------------------------------------------------------------------------------ */

ChannelGroup *channel_group_new(Channels *channels, uint32_t gpu, bool is_compute)
{
    ChannelGroup *group = g_new0(ChannelGroup, 1);
    g_autoptr(GMutexLocker) locker = lock(channels);

    g_atomic_ref_count_init(&group->refs);
    group->list = channels;
    group->names = g_array_new(FALSE, FALSE, sizeof(ChannelName));
    group->gpu = gpu;
    group->is_compute = is_compute;
    group->link.data = group;
    g_queue_push_tail_link(&channels->groups, &group->link);
    return group;
}

/* Unlist a group that nothing refers to any more. channels_schedule_all() may still have seen it meanwhile. */
static void group_free(ChannelGroup *group)
{
    g_mutex_lock(&group->list->lock);
    group->scheduled = false;
    update_turn(group);
    g_queue_unlink(&group->list->groups, &group->link);
    g_mutex_unlock(&group->list->lock);
    g_array_unref(group->names);
    g_free(group);
}

ChannelGroup *channel_group_ref(ChannelGroup *group)
{
    g_atomic_ref_count_inc(&group->refs);
    return group;
}

void channel_group_unref(ChannelGroup *group)
{
    if (g_atomic_ref_count_dec(&group->refs)) {
        group_free(group);
    }
}

ChannelGroup *channel_group_join(ChannelGroup *group, const ChannelName *name)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);

    g_array_append_val(group->names, *name);
    return channel_group_ref(group);
}

void channel_group_leave(ChannelGroup *group, uint64_t serial)
{
    g_mutex_lock(&group->list->lock);
    for (guint i = 0; i < group->names->len; i++) {
        if (g_array_index(group->names, ChannelName, i).serial == serial) {
            g_array_remove_index(group->names, i);
            break;
        }
    }
    g_mutex_unlock(&group->list->lock);
    channel_group_unref(group);
}

bool channel_group_computes(ChannelGroup *group)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);

    return group->is_compute;
}

void channel_group_set_computes(ChannelGroup *group)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);

    group->is_compute = true;
    update_turn(group);
}

bool channel_group_has_slice(ChannelGroup *group)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);

    return group->slice_us != 0;
}

/* If time shares have set another one meanwhile, it is not known which of the two calls came last. */
void channel_group_set_slice(ChannelGroup *group, uint64_t slice_us)
{
    g_autoptr(GMutexLocker) locker = lock(group->list);

    if (group->slice_us == 0 || group->slice_us == slice_us) {
        group->slice_us = slice_us;
    } else {
        group->slice_us = 0;
        group->list->changed = true;
    }
}

/* --- channels ---------------------------------------------------------------------------------- */

Channel *channel_new(ChannelGroup *group, const ChannelName *name)
{
    Channel *channel = g_new0(Channel, 1);
    g_autoptr(GMutexLocker) locker = lock(group->list);

    g_atomic_ref_count_init(&channel->refs);
    channel->group = channel_group_ref(group);
    channel->name = *name;
    channel->key = key_of(name->client, name->handle);
    channel->listed = true;
    channel->link.data = channel;
    g_queue_push_tail_link(&group->members, &channel->link);
    g_hash_table_replace(group->list->by_name, &channel->key, channel);
    group->list->gpus[channel_gpu_place(group->gpu)].channels++;
    update_runs(channel);
    return channel;
}

void channel_leave(Channel *channel)
{
    ChannelGroup *group = channel->group;
    Channels *list = group->list;

    g_mutex_lock(&list->lock);
    channel->listed = false;
    set_scheduled(channel, false);
    update_runs(channel);
    update_turn(group);
    g_queue_unlink(&group->members, &channel->link);
    if (g_hash_table_lookup(list->by_name, &channel->key) == channel) {
        g_hash_table_remove(list->by_name, &channel->key);
    }
    list->gpus[channel_gpu_place(group->gpu)].channels--;
    list->changed = true;
    g_mutex_unlock(&list->lock);
    channel_unref(channel);
}

Channel *channel_ref(Channel *channel)
{
    g_atomic_ref_count_inc(&channel->refs);
    return channel;
}

void channel_unref(Channel *channel)
{
    if (g_atomic_ref_count_dec(&channel->refs)) {
        channel_group_unref(channel->group);
        g_free(channel);
    }
}

Channel *channels_find(Channels *channels, uint32_t client, uint32_t handle)
{
    g_autoptr(GMutexLocker) locker = lock(channels);
    const gint64 key = key_of(client, handle);
    Channel *channel = g_hash_table_lookup(channels->by_name, &key);

    return channel ? channel_ref(channel) : NULL;
}

void channel_set_uvm(Channel *channel, uint32_t file)
{
    g_autoptr(GMutexLocker) locker = lock(channel->group->list);

    channel->uvm = file;
}

bool channel_is_registered(Channel *channel, uint32_t file)
{
    g_autoptr(GMutexLocker) locker = lock(channel->group->list);

    return channel->uvm == file;
}

void channel_set_guest_off(Channel *channel, bool off)
{
    g_autoptr(GMutexLocker) locker = lock(channel->group->list);

    if (off) {
        channel->guest_off = true;
    } else {
        switched_on(channel);
    }
}

bool channel_keep_off(Channel *channel)
{
    g_autoptr(GMutexLocker) locker = lock(channel->group->list);

    if (!channel_wanted_off(channel)) {
        return false;
    }
    if (channel->guest_off && channel->state == CHANNEL_ON) {
        channel->state =
            CHANNEL_UNSURE; /* it is off, but time shares have not switched it off yet */
    }
    channel->guest_off = false;
    channel->group->list->changed = true;
    return true;
}
