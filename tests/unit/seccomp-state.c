/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cuse-server/container/seccomp-socket.h"

static int listener_of(const char *json)
{
    g_autoptr(GError) error = NULL;
    int index = seccomp_state_listener(json, -1, &error);

    cr_assert_eq(index < 0, error != NULL);
    return index;
}

Test(seccomp_state, the_listeners_place_among_the_files)
{
    cr_assert_eq(listener_of("{\"ociVersion\":\"0.2.0\",\"fds\":[\"seccompFd\"],\"pid\":4422,"
                             "\"metadata\":\"M\",\"state\":{\"status\":\"creating\"}}"),
                 0);
    cr_assert_eq(listener_of("{\"fds\":[\"other\",\"seccompFd\"]}"), 1);
}

Test(seccomp_state, everything_else_is_an_error)
{
    const char *wrong[] = {"",
                           "{",
                           "[]",
                           "null",
                           "{\"fds\":7}",
                           "{\"fds\":[]}",
                           "\"x\"",
                           "{\"fds\":[\"other\"]}",
                           "{\"fds\":[{},7,null]}"};

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        cr_assert_eq(listener_of(wrong[i]), -1, "%s", wrong[i]);
    }
}
