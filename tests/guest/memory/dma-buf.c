/* SPDX-License-Identifier: Apache-2.0 */
/* Export a GPU's memory as a dma-buf, as RDMA libraries do. Needs the capability rdma. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define SIZE 8192UL

static Params export_params(void)
{
    const AbiEntry *entry = driver_abi_lookup(abi(), ABI_FRONTEND, NV_ESC_EXPORT_TO_DMABUF_FD);
    Params params = {.layout = entry->layout, .size = entry->layout->size};

    params.data = g_malloc0(params.size);
    return params;
}

static int64_t export(int gpu, const Tree *t, unsigned index, NvHandle memory, int *fd)
{
    Params params = export_params();
    int64_t result;

    params_put(&params, "fd", 0, (NvU32)*fd);
    params_put(&params, "hClient", 0, t->client);
    params_put(&params, "totalObjects", 0, 2);
    params_put(&params, "numObjects", 0, 1);
    params_put(&params, "index", 0, index);
    params_put(&params, "totalSize", 0, 2 * SIZE);
    params_put(&params, "handles", 0, memory);
    params_put(&params, "sizes", 0, SIZE);
    if (ioctl(gpu,
              _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, NV_ESC_EXPORT_TO_DMABUF_FD, params.size),
              params.data) != 0) {
        result = -errno;
    } else {
        result = (int64_t)params_get(&params, "status", 0);
        *fd = (int)params_get(&params, "fd", 0);
    }
    params_free(&params);
    return result;
}

int main(void)
{
    Tree t = tree();
    int fd = -1, none = -1, nvidiactl = t.ctl;

    section("export");
    memory_new(&t, H_VIDEO, NV01_MEMORY_LOCAL_USER, SIZE);
    memory_new(&t, H_OTHER, NV01_MEMORY_LOCAL_USER, SIZE);
    say("first: %s", status(export(t.gpu, &t, 0, H_VIDEO, &fd)));
    say("descriptor: %s, close on exec: %s", fd >= 0 ? "yes" : "no",
        fcntl(fd, F_GETFD) == FD_CLOEXEC ? "yes" : "no");
    say("second: %s", status(export(t.gpu, &t, 1, H_OTHER, &fd)));
    say("third: %s", status(export(t.gpu, &t, 2, H_OTHER, &fd)));
    section("refusals");
    say("no such memory: %s", status(export(t.gpu, &t, 0, H_LAST, &none)));
    say("on nvidiactl: %s", status(export(nvidiactl, &t, 0, H_VIDEO, &none)));
    close(fd);
    tree_close(&t);
    return 0;
}
