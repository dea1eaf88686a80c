/* SPDX-License-Identifier: Apache-2.0 */
/* Sends entries to the journal in its own protocol (systemd.io, "Native Journal Protocol"): one datagram is one entry. */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct JournalLink JournalLink;

/** journal_is_there: check whether a journal listens on this machine. */
bool journal_is_there(void);

JournalLink *journal_link_new(GError **error);
void journal_link_free(JournalLink *link);

/** journal_append: add a field to an entry. @name: in capitals. @value: may have several lines. */
void journal_append(GString *entry, const char *name, const char *value);

/** journal_send: send an entry, without waiting. Returns false if the journal did not take it. */
bool journal_send(const JournalLink *link, const GString *entry);
