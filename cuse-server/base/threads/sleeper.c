/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/threads/sleeper.h"

/* #syscalls:worker clone futex */

void sleeper_wake(Sleeper *sleeper)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sleeper->lock);

    sleeper->woken = true;
    if (!sleeper->thread) {
        sleeper->thread = g_thread_try_new(sleeper->name, sleeper->run, sleeper->data, NULL);
    }
    g_cond_signal(&sleeper->changed);
}

void sleeper_end(Sleeper *sleeper)
{
    g_mutex_lock(&sleeper->lock);
    sleeper->ends = true;
    g_cond_signal(&sleeper->changed);
    g_mutex_unlock(&sleeper->lock);
    if (sleeper->thread) {
        g_thread_join(sleeper->thread);
    }
    g_cond_clear(&sleeper->changed);
    g_mutex_clear(&sleeper->lock);
}

bool sleeper_wait(Sleeper *sleeper)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sleeper->lock);

    while (!sleeper->woken && !sleeper->ends) {
        g_cond_wait(&sleeper->changed, &sleeper->lock);
    }
    sleeper->woken = false;
    return !sleeper->ends;
}

bool sleeper_wait_while(Sleeper *sleeper, gint64 time, bool (*runs)(gpointer data), gpointer data)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sleeper->lock);
    bool goes_on;

    while ((goes_on = !sleeper->ends && (!runs || runs(data))) &&
           g_cond_wait_until(&sleeper->changed, &sleeper->lock, time)) {
    }
    return goes_on;
}

bool sleeper_wait_until(Sleeper *sleeper, gint64 time)
{
    return sleeper_wait_while(sleeper, time, NULL, NULL);
}
