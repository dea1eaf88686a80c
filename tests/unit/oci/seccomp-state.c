/* SPDX-License-Identifier: Apache-2.0 */
/* The state that an OCI runtime sends with a seccomp listener: the guest's process and the listener's descriptor. */
#include <criterion/criterion.h>

#include "cuse-server/oci/runtime/seccomp-socket.h"

static int listener_of(const char *json)
{
    g_autoptr(GError) error = NULL;
    SeccompState state;
    const bool read = seccomp_state_read(json, -1, &state, &error);

    cr_assert_eq(read, error == NULL);
    return read ? (int)state.listener : -1;
}

static pid_t process_of(const char *json)
{
    SeccompState state;

    cr_assert(seccomp_state_read(json, -1, &state, NULL), "%s", json);
    return state.process;
}

Test(seccomp_state, the_process_that_is_under_the_filter)
{
    cr_assert_eq(process_of("{\"fds\":[\"seccompFd\"],\"pid\":4422}"), 4422);
    cr_assert_eq(process_of("{\"fds\":[\"seccompFd\"]}"), 0);
    cr_assert_eq(process_of("{\"fds\":[\"seccompFd\"],\"pid\":-1}"), 0);
    cr_assert_eq(process_of("{\"fds\":[\"seccompFd\"],\"pid\":4294967297}"), 0);
    cr_assert_eq(process_of("{\"fds\":[\"seccompFd\"],\"pid\":\"4422\"}"), 0);
    cr_assert_eq(process_of("{\"fds\":[\"seccompFd\"],\"pid\":{}}"), 0);
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
