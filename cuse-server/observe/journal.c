/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/journal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

/*
 * #syscalls:broker sendto close
 * #syscalls:before socket access
 */

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct JournalLink {
    int socket;
};

bool journal_is_there(void)
{
    return access(JOURNAL_SOCKET, W_OK) == 0;
}

JournalLink *journal_link_new(GError **error)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || !journal_is_there()) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot connect to the journal (" JOURNAL_SOCKET "): %s", g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    JournalLink *link = g_new(JournalLink, 1);
    link->socket = fd;
    return link;
}

void journal_link_free(JournalLink *link)
{
    close(link->socket);
    g_free(link);
}

void journal_append(GString *entry, const char *name, const char *value)
{
    guint64 length = GUINT64_TO_LE(strlen(value));

    g_string_append(entry, name);
    if (strchr(value, '\n')) {
        g_string_append_c(entry, '\n');
        g_string_append_len(entry, (const char *)&length, sizeof length);
    } else {
        g_string_append_c(entry, '=');
    }
    g_string_append(entry, value);
    g_string_append_c(entry, '\n');
}

bool journal_send(const JournalLink *link, const GString *entry)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};

    /* Name the socket each time: the journal may have been restarted meanwhile. */
    return sendto(link->socket, entry->str, entry->len, MSG_NOSIGNAL,
                  (const struct sockaddr *)&address, sizeof address) == (ssize_t)entry->len;
}
