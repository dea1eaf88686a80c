/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger for tests, made as an instance makes it. */
#pragma once

#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/wire/ledger.h"

static inline Ledger *new_ledger(void)
{
    g_autoptr(GError) error = NULL;
    int fd;
    Ledger *ledger = ledger_new(&fd, &error);

    cr_assert_not_null(ledger, "%s", error ? error->message : "");
    close(fd);
    return ledger;
}
