/* SPDX-License-Identifier: Apache-2.0 */
/* How long a thread looks for its next request before it sleeps. Time is simulated. */
#include <criterion/criterion.h>
#include <glib.h>

#include "cuse-server/base/pool/look.h"

/* The simulated time, and how far each question for the time advances it. */
static uint64_t now;
static uint64_t step;

static uint64_t tick(void)
{
    return now += step;
}

static Look *look_new_here(void)
{
    now = 1000;
    step = 1000;
    return look_new_for(2, tick);
}

/* Look until look_goes_on() ends it, without a request. Returns: how long that took. */
static uint64_t look_in_vain(Look *look, LookTurn *turn)
{
    const uint64_t began = now;

    while (look_goes_on(look, turn)) {
    }
    look_end(turn, false);
    return now - began;
}

/* Wake after a sleep of @asleep nanoseconds, before which the thread did not look. */
static void wake(Look *look, uint64_t asleep)
{
    LookTurn turn = {0};
    const uint64_t since = look_sleeps(look, &turn);

    now += asleep;
    look_woken(look, since);
}

static bool may_look(Look *look)
{
    LookTurn turn = {0};
    const bool may = look_begin(look, &turn);

    look_cancel(&turn);
    return may;
}

Test(look, ends_in_time)
{
    Look *look = look_new_here();
    LookTurn turn = {0};
    const uint64_t took = look_in_vain(look, &turn);

    cr_assert_geq(took, LOOK_NS);
    cr_assert_leq(took, LOOK_NS + 5 * step);
}

Test(look, is_not_for_one_processor)
{
    LookTurn turn = {0};

    cr_assert_null(look_new_for(1, tick));
    cr_assert_not(look_goes_on(NULL, &turn));
    look_end(&turn, false);
    look_woken(NULL, look_sleeps(NULL, &turn));
}

Test(look, one_thread_looks_at_a_time)
{
    Look *look = look_new_here();
    LookTurn turn = {0};

    cr_assert(look_goes_on(look, &turn));
    cr_assert(look_begin(look, &turn), "it has begun");
    cr_assert_not(may_look(look));
    look_end(&turn, true);
    cr_assert(may_look(look));
}

Test(look, stops_when_nothing_comes_until_something_would_have)
{
    Look *look = look_new_here();
    LookTurn turn = {0};

    for (unsigned i = 0; i < LOOK_LOST_MAX - 1; i++) {
        look_in_vain(look, &turn);
    }
    cr_assert(look_goes_on(look, &turn));
    look_end(&turn, true);
    for (unsigned i = 0; i < LOOK_LOST_MAX; i++) {
        cr_assert(may_look(look));
        look_in_vain(look, &turn);
    }
    cr_assert_not(may_look(look));
    wake(look, LOOK_NS);
    cr_assert_not(may_look(look));
    wake(look, LOOK_NS / 2);
    cr_assert(may_look(look));
}

/* A request that arrives soon after a look does not make up for the lost look. */
Test(look, lost_looks_count_though_requests_follow_soon)
{
    Look *look = look_new_here();
    LookTurn turn = {0};

    for (unsigned i = 0; i < LOOK_LOST_MAX; i++) {
        cr_assert(may_look(look));
        look_in_vain(look, &turn);
        look_woken(look, look_sleeps(look, &turn));
    }
    cr_assert_not(may_look(look));
}

Test(look, rests_when_others_want_the_processor)
{
    Look *look = look_new_here();
    LookTurn turn = {0};

    cr_assert(look_goes_on(look, &turn));
    now += LOOK_JUMP_NS;
    cr_assert_not(look_goes_on(look, &turn));
    look_end(&turn, true);
    cr_assert_not(may_look(look));
    now += LOOK_REST_NS;
    cr_assert(may_look(look));
}

Test(look, takes_no_more_than_its_share)
{
    Look *look = look_new_here();
    const uint64_t all = UINT64_C(500) * 1000 * 1000;
    uint64_t looked = 0;

    while (now < all) { /* each request is found at the last moment */
        LookTurn turn = {0};
        const uint64_t began = now;
        while (look_goes_on(look, &turn) && now - began < LOOK_NS - 5 * step) {
        }
        looked += turn.look ? turn.now - turn.began : 0;
        look_end(&turn, true);
        now += 10000;
    }
    cr_assert_leq(looked, all / LOOK_SHARE + LOOK_BURST_NS + LOOK_NS);
    cr_assert_geq(looked, all / LOOK_SHARE - LOOK_BURST_NS);
}
