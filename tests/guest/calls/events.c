/* SPDX-License-Identifier: Apache-2.0 */
/* OS events: create them, have the GPU fire them, wait with poll and epoll; each is consumed once. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define WITHOUT_DATA 0x10000000
#define NOTIFIER     35 /* one of NV2080_NOTIFIERS_* */
#define REPEAT       2
#define NOT_FIRED_MS 300
#define FIRED_MS     10000

static int64_t os_event(int fd, unsigned nr, NvHandle client, int event_fd)
{
    nv_ioctl_alloc_os_event_t args = {.hClient = client, .fd = (NvU32)event_fd};
    int64_t result =
        ioctl_status(fd, nr, &args, sizeof args, offsetof(nv_ioctl_alloc_os_event_t, Status));

    return result == 0 && args.fd != (NvU32)event_fd ? -EBADMSG : result;
}

static int64_t event_new(const Tree *t, NvHandle handle, NvU32 notify_index, int event_fd)
{
    NV0005_ALLOC_PARAMETERS params = {.hParentClient = t->client,
                                      .hSrcResource = H_SUBDEVICE,
                                      .hClass = NV01_EVENT_OS_EVENT,
                                      .notifyIndex = notify_index,
                                      .data = (NvU64)event_fd};
    int64_t result = rm_alloc(t->ctl, t->client, H_SUBDEVICE, handle, NV01_EVENT_OS_EVENT, &params);

    return result == 0 && params.data != (NvU64)event_fd ? -EBADMSG : result;
}

static int64_t fire(const Tree *t, NvU32 index, unsigned *delivered)
{
    MODEL_CTRL_FIRE_EVENT_PARAMS params = {.notifyIndex = index, .info32 = 7};
    int64_t result =
        rm_control(t->ctl, t->client, H_BINAPI, MODEL_CTRL_CMD_FIRE_EVENT, &params, sizeof params);

    *delivered = params.delivered;
    return result;
}

static void fire_and_say(const Tree *t)
{
    unsigned delivered;
    int64_t result = fire(t, NOTIFIER, &delivered);

    say("fire: %s, %u delivered", status(result), delivered);
}

static void poll_and_say(int fd, int timeout)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN | POLLPRI};
    int n = poll(&wait, 1, timeout);

    say("poll: %s%s%s%s",
        n < 0 ? status(-errno)
        : n   ? "ready"
              : "nothing",
        wait.revents & POLLIN ? " in" : "", wait.revents & POLLPRI ? " pri" : "",
        wait.revents & (POLLERR | POLLHUP | POLLNVAL) ? " error" : "");
}

static void set_notification(const Tree *t, NvU32 action)
{
    NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS params = {.event = NOTIFIER, .action = action};

    say("set notification: %s",
        status(rm_control(t->ctl, t->client, H_SUBDEVICE, NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION,
                          &params, sizeof params)));
}

static void *fire_later(void *data)
{
    unsigned delivered;

    usleep(200000);
    fire(data, NOTIFIER, &delivered);
    return NULL;
}

static void wait_with_epoll(Tree *t, int fd)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event want = {.events = EPOLLIN}, got = {0};
    pthread_t thread;
    int n;

    say("add: %s", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want) == 0 ? "0" : status(-errno));
    n = epoll_wait(epoll, &got, 1, 0);
    say("before: %d", n);
    pthread_create(&thread, NULL, fire_later, t);
    n = epoll_wait(epoll, &got, 1, FIRED_MS);
    say("fired: %d%s", n, got.events & EPOLLIN ? " in" : "");
    pthread_join(thread, NULL);
    n = epoll_wait(epoll, &got, 1, NOT_FIRED_MS);
    say("after: %d", n);
    close(epoll);
}

static void wait_with_poll(Tree *t, int fd)
{
    pthread_t thread;

    pthread_create(&thread, NULL, fire_later, t);
    poll_and_say(fd, FIRED_MS);
    pthread_join(thread, NULL);
    poll_and_say(fd, 0);
}

/* --- many files, each with somebody who waits for it in one of three ways --- */

enum { WAITERS = 24, ROUNDS = 20 };

typedef struct {
    int fd;
    int epoll; /* created once: adding a file polls it, which consumes the event, also natively */
    unsigned way;
    sem_t *seen;
} Waiter;

static bool wait_in_poll(const Waiter *waiter)
{
    struct pollfd wait = {.fd = waiter->fd, .events = POLLIN | POLLPRI};

    return poll(&wait, 1, FIRED_MS) == 1;
}

static bool wait_in_select(const Waiter *waiter)
{
    struct timeval timeout = {.tv_sec = FIRED_MS / 1000};
    fd_set wait, urgent;

    FD_ZERO(&wait);
    FD_SET(waiter->fd, &wait);
    urgent = wait;
    return select(waiter->fd + 1, &wait, NULL, &urgent, &timeout) > 0;
}

static bool wait_in_epoll(const Waiter *waiter)
{
    struct epoll_event got;

    return epoll_wait(waiter->epoll, &got, 1, FIRED_MS) == 1;
}

static void *wait_often(void *data)
{
    static bool (*const ways[])(const Waiter *waiter) = {wait_in_poll, wait_in_select,
                                                         wait_in_epoll};
    const Waiter *waiter = data;

    for (unsigned i = 0; i < ROUNDS && ways[waiter->way](waiter); i++) {
        sem_post(waiter->seen);
    }
    return NULL;
}

/*
 * All threads wait for the same event of the GPU, which is fired again when all of them have returned, either before or after
 * they wait again.
 */
static unsigned fire_for(const Tree *t, sem_t *seen)
{
    struct timespec deadline;
    unsigned n = 0, delivered = WAITERS;

    for (unsigned round = 0; round < ROUNDS && delivered == WAITERS; round++) {
        fire(t, NOTIFIER, &delivered);
        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += FIRED_MS / 1000;
        for (unsigned i = 0; i < WAITERS && sem_timedwait(seen, &deadline) == 0; i++) {
            n++;
        }
        usleep(round % 2 ? 20000 : 0);
    }
    return n;
}

static void many_waiters(const Tree *t)
{
    pthread_t threads[WAITERS];
    Waiter waiters[WAITERS];
    sem_t seen;
    unsigned made = 0;

    sem_init(&seen, 0, 0);
    for (unsigned i = 0; i < WAITERS; i++) {
        struct epoll_event want = {.events = EPOLLIN | EPOLLPRI};
        waiters[i] = (Waiter){node("nvidia0"), epoll_create1(EPOLL_CLOEXEC), i % 3, &seen};
        epoll_ctl(waiters[i].epoll, EPOLL_CTL_ADD, waiters[i].fd, &want);
        made += os_event(waiters[i].fd, NV_ESC_ALLOC_OS_EVENT, t->client, waiters[i].fd) == 0 &&
                event_new(t, H_LAST + i, NOTIFIER | WITHOUT_DATA, waiters[i].fd) == 0;
    }
    say("events: %u", made);
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_create(&threads[i], NULL, wait_often, &waiters[i]);
    }
    say("seen: %u of %u", fire_for(t, &seen), WAITERS * ROUNDS);
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_join(threads[i], NULL);
        close(waiters[i].epoll);
        close(waiters[i].fd);
    }
    sem_destroy(&seen);
}

static void refusals(const Tree *t, int fd)
{
    say("same again: %s", status(os_event(fd, NV_ESC_ALLOC_OS_EVENT, t->client, fd)));
    say("no such event: %s", status(event_new(t, H_OTHER, NOTIFIER, t->ctl)));
    say("free what is not there: %s",
        status(os_event(fd, NV_ESC_FREE_OS_EVENT, t->client, t->ctl)));
}

int main(void)
{
    Tree t = tree();
    int fd = node("nvidia0");

    section("allocate");
    say("os event: %s", status(os_event(fd, NV_ESC_ALLOC_OS_EVENT, t.client, fd)));
    say("event: %s", status(event_new(&t, H_SYSTEM, NOTIFIER | WITHOUT_DATA, fd)));
    section("not-enabled");
    fire_and_say(&t);
    poll_and_say(fd, NOT_FIRED_MS);
    section("poll-consumes");
    set_notification(&t, REPEAT);
    fire_and_say(&t);
    poll_and_say(fd, FIRED_MS);
    poll_and_say(fd, 0);
    section("posts-merge");
    fire_and_say(&t);
    fire_and_say(&t);
    poll_and_say(fd, FIRED_MS);
    poll_and_say(fd, 0);
    section("wait-poll");
    wait_with_poll(&t, fd);
    section("wait-epoll");
    wait_with_epoll(&t, fd);
    section("refusals");
    refusals(&t, fd);
    section("free");
    say("event: %s", status(rm_free(t.ctl, t.client, H_SYSTEM)));
    say("os event: %s", status(os_event(fd, NV_ESC_FREE_OS_EVENT, t.client, fd)));
    fire_and_say(&t);
    close(fd);
    section("many-waiters");
    many_waiters(&t);
    tree_close(&t);
    return 0;
}
