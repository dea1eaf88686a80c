/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/agent-params.h"

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

/* A line of /proc/PID/maps (proc(5)). */
typedef struct {
    uint64_t start;
    char rights[5];
    uint64_t offset;
    unsigned major_no;
    unsigned minor_no;
    uint64_t inode;
} MapsLine;

static bool parse_line(const char *text, MapsLine *line)
{
    /* NOLINTNEXTLINE(cert-err34-c): the kernel writes it */
    return sscanf(text, "%" SCNx64 "-%*x %4s %" SCNx64 " %x:%x %" SCNu64, &line->start,
                  line->rights, &line->offset, &line->major_no, &line->minor_no, &line->inode) == 6;
}

/* A private mapping would have pages of its own. */
static bool is_of_file(const MapsLine *line, const struct stat *file)
{
    return line->inode == file->st_ino && makedev(line->major_no, line->minor_no) == file->st_dev &&
           line->offset == 0 && line->rights[3] == 's';
}

static bool is_mapped_at(int fd, pid_t tid, uint64_t address)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/maps", tid);
    FILE *maps = fopen(path, "re");
    char *text = NULL; /* whole lines, however long: what files are called is the guest's */
    size_t room = 0;
    MapsLine line = {.start = 0};
    struct stat file;

    while (maps && line.start < address && getline(&text, &room, maps) > 0 &&
           parse_line(text, &line)) {
    }
    free(text);
    if (maps) {
        (void)fclose(maps);
    }
    return line.start == address && fstat(fd, &file) == 0 && is_of_file(&line, &file);
}

bool agent_params_are_there(const AgentParams *params, pid_t tid, uint64_t address)
{
    uint8_t now[AGENT_PARAMS_MAX];

    return is_mapped_at(params->fd, tid, address) &&
           pread(params->fd, now, params->size, 0) == (ssize_t)params->size &&
           memcmp(now, params->bytes, params->size) == 0;
}
