/* SPDX-License-Identifier: Apache-2.0 */
/* Errands: a guest's pidfd_getfd() is made by a thread that the broker controls. agent-errand.c explains them. */
#pragma once

#include <glib.h>

/** agent_errand_main: the body of an errand's tracer thread: make the errand, have it make the guest's call, and clean up
 * after it. */
gpointer agent_errand_main(gpointer data);
