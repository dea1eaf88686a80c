/* SPDX-License-Identifier: Apache-2.0 */
/* Export memory to a file, and import it in another process, which gets the file over a socket. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define SIZE 8192UL

static int64_t export_to(const Tree *t, NvHandle memory, int fd)
{
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS params = {.object = {.type = 1}, .fd = fd};

    params.object.data.rmObject.hDevice = H_DEVICE;
    params.object.data.rmObject.hParent = H_DEVICE;
    params.object.data.rmObject.hObject = memory;
    return rm_control(t->ctl, t->client, t->client, NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD,
                      &params, sizeof params);
}

static int64_t import_from(const Tree *t, NvHandle memory, int fd)
{
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS params = {.fd = fd, .object = {.type = 1}};

    params.object.data.rmObject.hDevice = H_DEVICE;
    params.object.data.rmObject.hParent = H_DEVICE;
    params.object.data.rmObject.hObject = memory;
    return rm_control(t->ctl, t->client, t->client, NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD,
                      &params, sizeof params);
}

/* Several objects at once, with a description of each. */
static void many(const Tree *t, int fd)
{
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS out = {
        .fd = fd, .hDevice = H_DEVICE, .maxObjects = 4, .numObjects = 2};
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS in = {
        .fd = fd, .hParent = H_DEVICE, .numObjects = 2, .index = 1};
    Params info = control_params(NV0000_CTRL_CMD_OS_UNIX_GET_EXPORT_OBJECT_INFO);
    NvU32 value = 0;

    memory_new(t, H_SYSTEM, NV01_MEMORY_SYSTEM, SIZE);
    gpu_write(t, H_SYSTEM, 0, 11);
    out.objects[0] = H_VIDEO;
    out.objects[1] = H_SYSTEM;
    g_strlcpy((char *)out.metadata, "two of four", sizeof out.metadata);
    say("export: %s",
        status(rm_control(t->ctl, t->client, t->client,
                          NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD, &out, sizeof out)));
    out.index = 2;
    out.numObjects = 1;
    say("export one more: %s",
        status(rm_control(t->ctl, t->client, t->client,
                          NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD, &out, sizeof out)));
    params_put(&info, "fd", 0, (NvU32)fd);
    say("info: %s",
        status(rm_control(t->ctl, t->client, t->client,
                          NV0000_CTRL_CMD_OS_UNIX_GET_EXPORT_OBJECT_INFO, info.data, info.size)));
    say("  %llu objects, %.64s", (unsigned long long)params_get(&info, "maxObjects", 0),
        (const char *)params_at(&info, "metadata"));
    in.objects[0] = 0x5c000200;
    in.objects[1] = 0x5c000201;
    say("import: %s",
        status(rm_control(t->ctl, t->client, t->client,
                          NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD, &in, sizeof in)));
    say("  types %u %u", in.objectTypes[0], in.objectTypes[1]);
    say("  read: %s", status(gpu_read(t, 0x5c000200, 0, &value)));
    say("  value %u", value);
    params_free(&info);
}

static void send_fd(int socket, int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    *header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    if (sendmsg(socket, &message, 0) != 1) {
        exit(1);
    }
}

static int receive_fd(int socket)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    int fd = -1;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message)) {
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    }
    return fd;
}

static int importer(int socket)
{
    int fd = receive_fd(socket);
    Params params = control_params(NV0000_CTRL_CMD_OS_UNIX_GET_EXPORT_OBJECT_INFO);
    Tree t = tree();
    NvU32 value = 0;

    params_put(&params, "fd", 0, (NvU32)fd);
    say("info: %s",
        status(rm_control(t.ctl, t.client, t.client, NV0000_CTRL_CMD_OS_UNIX_GET_EXPORT_OBJECT_INFO,
                          params.data, params.size)));
    say("  %llu objects, fd %s", (unsigned long long)params_get(&params, "maxObjects", 0),
        (int)params_get(&params, "fd", 0) == fd ? "kept" : "changed");
    say("import: %s", status(import_from(&t, H_OTHER, fd)));
    say("read: %s", status(gpu_read(&t, H_OTHER, 128, &value)));
    say("  value 0x%x", value);
    say("write: %s", status(gpu_write(&t, H_OTHER, 128, 0xfeed)));
    say("import on a gpu's file: %s", status(import_from(&t, H_VIDEO, t.gpu)));
    params_free(&params);
    tree_close(&t);
    return 0;
}

static void with_importer(int fd)
{
    int sockets[2], how = 0;
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) {
        exit(1);
    }
    child = fork();
    if (child == 0) {
        exit(importer(sockets[1]));
    }
    send_fd(sockets[0], fd);
    waitpid(child, &how, 0);
    say("importer ended: %s", WIFEXITED(how) && WEXITSTATUS(how) == 0 ? "well" : "badly");
    close(sockets[0]);
    close(sockets[1]);
}

int main(void)
{
    Tree t = tree();
    int fd = node("nvidiactl"), other = node("nvidiactl"), third = node("nvidiactl");
    NvU32 value = 0;

    section("export");
    say("memory: %s", status(memory_new(&t, H_VIDEO, NV01_MEMORY_LOCAL_USER, SIZE)));
    say("write: %s", status(gpu_write(&t, H_VIDEO, 128, 0xcafe)));
    say("export: %s", status(export_to(&t, H_VIDEO, fd)));
    say("export again: %s", status(export_to(&t, H_VIDEO, fd)));
    say("no such memory: %s", status(export_to(&t, H_LAST, other)));
    say("to a gpu's file: %s", status(export_to(&t, H_VIDEO, t.gpu)));
    say("import of nothing: %s", status(import_from(&t, H_OTHER, other)));
    section("mmap-of-export");
    say("mmap: %s",
        mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? status(-errno) : "mapped");
    section("import");
    with_importer(fd);
    say("read: %s", status(gpu_read(&t, H_VIDEO, 128, &value)));
    say("  value 0x%x", value);
    section("many");
    many(&t, third);
    section("free-after-export");
    say("free: %s", status(rm_free(t.ctl, t.client, H_VIDEO)));
    say("import: %s", status(import_from(&t, H_OTHER, fd)));
    value = 0;
    gpu_read(&t, H_OTHER, 128, &value);
    say("  value %s", value ? "kept" : "lost");
    close(third);
    close(other);
    close(fd);
    tree_close(&t);
    return 0;
}
