/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/agents/thread/agent-params.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* #syscalls:broker memfd_create ftruncate pread64 fcntl openat newfstatat fstat read lseek close */

int agent_page_new(void)
{
    int fd = memfd_create("nvcuse-params", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && (ftruncate(fd, AGENT_PAGE_BYTES) < 0 ||
                    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* MapsLine: a line of /proc/PID/maps (proc(5)). @is_memfd: by its name, it maps a file in memory of the broker's */
typedef struct {
    uint64_t start;
    uint64_t end;
    char rights[5];
    uint64_t offset;
    unsigned major_no;
    unsigned minor_no;
    uint64_t inode;
    bool is_memfd;
} MapsLine;

static bool parse_line(const char *text, MapsLine *line)
{
    int name = 0;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel writes it */
    const int n = sscanf(text, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
                         &line->start, &line->end, line->rights, &line->offset, &line->major_no,
                         &line->minor_no, &line->inode, &name);

    line->is_memfd = n == 7 && g_str_has_prefix(text + name, "/memfd:nvcuse-");
    return n == 7;
}

/*
 * Whether the line maps the file, shared, from its beginning. A private mapping would have pages of its own. The inode number
 * alone does not prove anything: a guest can make a System V segment with the same one (ipc/shm.c, newseg(): it is the
 * segment's id). Among files in memory a number is used once (mm/shmem.c, shmem_reserve_inode(): it counts in 64 bits), and no
 * segment has a name like theirs.
 */
static bool is_of_file(const MapsLine *line, const struct stat *file)
{
    return line->is_memfd && line->inode == file->st_ino &&
           makedev(line->major_no, line->minor_no) == file->st_dev && line->offset == 0 &&
           line->rights[3] == 's';
}

/* Find the first mapping that begins at @address or above it. @flags: NULL, or set to the mapping's flags as smaps shows
 * them; the caller frees them. */
static bool find_mapping(pid_t tid, uint64_t address, MapsLine *line, char **flags)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", tid, flags ? "smaps" : "maps");
    FILE *maps = fopen(path, "re");
    char *text = NULL; /* whole lines, of any length: the guest chooses the names of its files */
    size_t room = 0;
    bool found = false;
    bool wanted = true;

    while (maps && wanted && getline(&text, &room, maps) > 0) {
        if (!found) {
            found = parse_line(text, line) && line->start >= address;
            wanted = !found || flags;
        } else if (g_str_has_prefix(text, "VmFlags:")) {
            *flags = g_strdup(text);
            wanted = false;
        }
    }
    free(text);
    if (maps) {
        (void)fclose(maps);
    }
    return found;
}

static bool is_at(int fd, const MapsLine *line, uint64_t address, uint64_t end)
{
    struct stat file;

    return line->start == address && line->end == end && fstat(fd, &file) == 0 &&
           is_of_file(line, &file);
}

bool agent_page_is_sealed(int fd, pid_t tid, uint64_t address, uint64_t end)
{
    g_autofree char *flags = NULL;
    MapsLine line;

    return find_mapping(tid, address, &line, &flags) && is_at(fd, &line, address, end) && flags &&
           strstr(flags, " sl");
}

bool agent_params_are_there(const AgentParams *params, pid_t tid, uint64_t address)
{
    uint8_t now[AGENT_PARAMS_MAX];
    MapsLine line;

    return find_mapping(tid, address, &line, NULL) &&
           is_at(params->fd, &line, address, address + AGENT_PAGE_BYTES) &&
           pread(params->fd, now, params->size, 0) == (ssize_t)params->size &&
           memcmp(now, params->bytes, params->size) == 0;
}
