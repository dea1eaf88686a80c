/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/pool/pool-sources.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <glib.h>

/*
 * Pools of the worker do not end.
 *
 * #syscalls:worker epoll_create1 epoll_ctl epoll_wait poll write close
 * #syscalls:broker epoll_create1 epoll_ctl epoll_wait poll write close eventfd2
 * #syscalls:before eventfd2
 */

/* The number that epoll reports for @end, in place of a source's. */
enum { THE_END = G_MAXINT };

/* @taken: atomic: a thread has the source, and epoll need not report it */
struct Source {
    unsigned index;
    int fd;
    gint taken;
};

/*
 * @keeps: a thread sleeps in poll() of the source that it has, and keeps the source meanwhile
 * @end: an eventfd that is readable when the pool is over; -1: the pool does not end
 * @over: set once the pool has stopped; atomic
 */
struct PoolSources {
    Look *look;
    bool keeps;
    int epoll;
    int end;
    gint over;
    Source all[];
};

/* Arm epoll to report @events of a source once. With no @events it reports only that the source has ended, also once. */
static void tell_of(const PoolSources *sources, const Source *source, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.u32 = source->index};

    (void)epoll_ctl(sources->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

static bool take_source(Source *source)
{
    return g_atomic_int_compare_and_exchange(&source->taken, false, true);
}

/*
 * Give a source up. If there is a request already, the kernel wakes a thread for it. A thread that takes the source
 * in between arms epoll too when it gives the source up, so no request is overlooked.
 */
void pool_sources_give_up(const PoolSources *sources, Source *source)
{
    g_atomic_int_set(&source->taken, false);
    tell_of(sources, source, EPOLLIN);
}

bool pool_sources_take_again(const PoolSources *sources, Source *source, LookTurn *turn)
{
    if (!sources->keeps && !look_begin(sources->look, turn)) {
        return false;
    }
    if (!take_source(source)) {
        look_cancel(turn);
        return false;
    }
    tell_of(sources, source, 0);
    return true;
}

Source *pool_sources_wait(PoolSources *sources, LookTurn *turn)
{
    struct epoll_event event;

    while (!pool_sources_are_over(sources)) {
        const uint64_t since = look_sleeps(sources->look, turn);
        if (epoll_wait(sources->epoll, &event, 1, -1) == 1 && event.data.u32 != THE_END &&
            take_source(&sources->all[event.data.u32])) {
            look_woken(sources->look, since);
            return &sources->all[event.data.u32];
        }
    }
    return NULL;
}

bool pool_sources_sleep_with(const PoolSources *sources, const Source *source, LookTurn *turn)
{
    struct pollfd polls[] = {{.fd = source->fd, .events = POLLIN},
                             {.fd = sources->end, .events = POLLIN}};

    if (!sources->keeps) {
        return false;
    }
    const uint64_t since = look_sleeps(sources->look, turn);
    if (poll(polls, G_N_ELEMENTS(polls), -1) > 0) {
        look_woken(sources->look, since);
    }
    return true;
}

/* --- the set of sources ----------------------------------------------------------------------- */

static void add_to_epoll(const PoolSources *sources, int fd, uint32_t events, uint32_t what)
{
    struct epoll_event event = {.events = events, .data.u32 = what};
    int rc = epoll_ctl(sources->epoll, EPOLL_CTL_ADD, fd, &event);

    g_assert(rc == 0);
}

/* Make the eventfd that ends the pool. Once written it stays readable, so that every thread sees it. */
static void prepare_end(PoolSources *sources)
{
    sources->end = eventfd(0, EFD_CLOEXEC);
    g_assert(sources->end >= 0);
    add_to_epoll(sources, sources->end, EPOLLIN, THE_END);
}

PoolSources *pool_sources_new(const int *fds, unsigned n, Look *look, bool keeps, bool ends)
{
    PoolSources *sources = g_malloc0(sizeof *sources + n * sizeof sources->all[0]);

    *sources = (PoolSources){
        .look = look, .keeps = keeps, .epoll = epoll_create1(EPOLL_CLOEXEC), .end = -1};
    g_assert(sources->epoll >= 0 && (!keeps || n == 1));
    for (unsigned i = 0; i < n; i++) {
        sources->all[i] = (Source){.index = i, .fd = fds[i]};
        add_to_epoll(sources, fds[i], EPOLLIN | EPOLLONESHOT, i);
    }
    if (ends) {
        prepare_end(sources);
    }
    return sources;
}

void pool_sources_free(PoolSources *sources)
{
    if (sources->end >= 0) {
        close(sources->end);
    }
    close(sources->epoll);
    g_free(sources);
}

unsigned pool_source_index(const Source *source)
{
    return source->index;
}

bool pool_sources_can_end(const PoolSources *sources)
{
    return sources->end >= 0;
}

void pool_sources_set_over(PoolSources *sources)
{
    g_atomic_int_set(&sources->over, true);
}

void pool_sources_wake_all(const PoolSources *sources)
{
    (void)eventfd_write(sources->end, 1);
}

bool pool_sources_are_over(PoolSources *sources)
{
    return g_atomic_int_get(&sources->over);
}
