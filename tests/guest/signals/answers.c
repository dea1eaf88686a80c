/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call with parameters on the stack, under a busy timer: each call must have its whole answer when it returns, and nothing may
 * be written to the parameters later, when the program uses their place for something else. The program fills each place again
 * and checks it a few calls later.
 */
#include <string.h>
#include <unistd.h>

#include "tests/guest/rm.h"
#include "tests/guest/signals/busy-timer.h"

/* Microseconds from signal to signal: about as long as a call takes through nvcuse. */
enum { SIGNALS = 2000, EVERY = 700, PLACES = 8, PARAMS_MAX = 512, OWN = 0x5a, A_MOMENT = 50000 };

/* The parameters for the driver, which the driver writes its answer to. */
typedef struct {
    NVOS54_PARAMETERS args;
    unsigned char params[PARAMS_MAX];
} Place;

typedef struct {
    unsigned failed;
    unsigned wrong;
    unsigned late;
} Outcome;

static int64_t ask(const Tree *t, Place *place, size_t size)
{
    memset(place, 0, sizeof *place);
    place->args = (NVOS54_PARAMETERS){.hClient = t->client,
                                      .hObject = t->client,
                                      .cmd = NV0000_CTRL_CMD_GPU_GET_PROBED_IDS,
                                      .params = (uintptr_t)place->params,
                                      .paramsSize = (NvU32)size};
    return ioctl_status(t->ctl, NV_ESC_RM_CONTROL, &place->args, sizeof place->args,
                        offsetof(NVOS54_PARAMETERS, status));
}

static void take_back(Place *place)
{
    memset(place, OWN, sizeof *place);
}

static bool is_own(const Place *place)
{
    const unsigned char *bytes = (const unsigned char *)place;

    for (size_t i = 0; i < sizeof *place; i++) {
        if (bytes[i] != OWN) {
            return false;
        }
    }
    return true;
}

static void look_and_ask(const Tree *t, Place *place, const Place *answer, Outcome *outcome)
{
    outcome->late += !is_own(place);
    const int64_t result = ask(t, place, answer->args.paramsSize);
    outcome->failed += result != NV_OK;
    outcome->wrong +=
        result == NV_OK && memcmp(place->params, answer->params, sizeof answer->params) != 0;
    take_back(place);
}

static void on_the_stack(const Tree *t)
{
    Params shape = control_params(NV0000_CTRL_CMD_GPU_GET_PROBED_IDS);
    Outcome outcome = {0};
    Place places[PLACES];
    Place answer;

    say("undisturbed: %s", status(ask(t, &answer, shape.size)));
    for (unsigned i = 0; i < PLACES; i++) {
        take_back(&places[i]);
    }
    busy_timer_set(EVERY);
    for (unsigned i = 0; busy_timer_signals() < SIGNALS; i++) {
        look_and_ask(t, &places[i % PLACES], &answer, &outcome);
    }
    busy_timer_set(0);
    usleep(A_MOMENT);
    for (unsigned i = 0; i < PLACES; i++) {
        outcome.late += !is_own(&places[i]);
    }
    say("calls that failed: %u", outcome.failed);
    say("answers that were not whole: %u", outcome.wrong);
    say("places that were written to afterwards: %u", outcome.late);
    params_free(&shape);
}

int main(void)
{
    Tree t = tree();

    section("on-the-stack");
    on_the_stack(&t);
    section("afterwards");
    say("call: %s", status(rm_ask(t.ctl, t.client)));
    tree_close(&t);
    return 0;
}
