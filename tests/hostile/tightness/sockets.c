/* SPDX-License-Identifier: Apache-2.0 */
/* Report what sockets reach: address families, netlink, and unix sockets of other processes. */
#include <errno.h>
#include <ftw.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/hostile/tightness/fact.h"

static const char *try_socket(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    const char *result = outcome(fd);

    if (fd >= 0) {
        close(fd);
    }
    return result;
}

static const char *try_connect(const struct sockaddr_un *address, socklen_t length, int type)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const char *result =
        outcome(fd < 0 ? fd : connect(fd, (const struct sockaddr *)address, length));

    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* A name as in /proc/net/unix: "@" for the null byte of an abstract one. */
static void report_listener(const char *name)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = MIN(strlen(name), sizeof address.sun_path);

    memcpy(address.sun_path, name, length);
    if (*name == '@') {
        address.sun_path[0] = '\0';
    }
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        fact("unix socket", "%s, type %d: %s", name, types[i],
             try_connect(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length),
                         types[i]));
    }
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void report_known_listeners(void)
{
    g_autofree char *text = text_of("/proc/net/unix");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (char **line = lines; *line; line++) {
        const char *name = strpbrk(*line, "@/");
        if (name && g_hash_table_add(seen, (gpointer)name)) {
            g_ptr_array_add(names, (gpointer)name);
        }
    }
    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len; i++) {
        report_listener(names->pdata[i]);
    }
}

static int report_if_socket(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)kind;
    (void)place;
    if (S_ISSOCK(st->st_mode)) {
        report_listener(path);
    } else if (S_ISFIFO(st->st_mode)) {
        fact("named pipe", "%s", path);
    }
    return 0;
}

/* Sockets in the usual directories of programs. */
static void report_sockets_in_files(void)
{
    static const char *const places[] = {"/run", "/var/run", "/tmp", "/dev", "/etc", "/var/lib"};

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        (void)nftw(places[i], report_if_socket, 16, FTW_PHYS);
    }
}

/* For a family that it does not have, the kernel looks for a module each time; once is enough. */
static void report_family(int family)
{
    static const struct {
        const char *name;
        int type;
    } types[] = {{"stream", SOCK_STREAM},
                 {"datagram", SOCK_DGRAM},
                 {"raw", SOCK_RAW},
                 {"sequence", SOCK_SEQPACKET}};
    const char *result = "";

    for (size_t i = 0; i < G_N_ELEMENTS(types) && !g_str_equal(result, "EAFNOSUPPORT"); i++) {
        result = try_socket(family, types[i].type, 0);
        fact("socket", "family %d, %s: %s", family, types[i].name, result);
    }
}

static void report_interfaces(void)
{
    struct if_nameindex *interfaces = if_nameindex();

    for (size_t i = 0; interfaces && interfaces[i].if_name; i++) {
        fact("network interface", "%s", interfaces[i].if_name);
    }
    if (interfaces) {
        if_freenameindex(interfaces);
    }
}

void report_sockets(void)
{
    for (int family = 0; family < AF_MAX; family++) {
        report_family(family);
    }
    for (int protocol = 0; protocol < MAX_LINKS; protocol++) {
        fact("netlink", "%d: %s", protocol, try_socket(AF_NETLINK, SOCK_RAW, protocol));
    }
    report_interfaces();
    report_known_listeners();
    report_sockets_in_files();
}
