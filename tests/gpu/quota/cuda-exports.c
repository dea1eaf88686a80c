/* SPDX-License-Identifier: Apache-2.0 */
/* Exports memory to files. Sends a file to another process, which imports the memory. */
#include "cuda-exports.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cuda-pieces.h"

#define EXPORTED (8192 * MIB)

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Print how much cuMemAlloc gives now. The driver may hear late of a file that is closed: wait up to two seconds for @wanted. */
static size_t say_room(const char *name, size_t wanted)
{
    static Piece pieces[PIECES];
    const PieceKind *kind = piece_kind("alloc");
    size_t room = 0;

    for (int i = 0; i == 0 || (room < wanted && i < 20); i++) {
        usleep(i ? 100 * 1000 : 0);
        unsigned n = pieces_take(kind, pieces);
        room = n * PIECE;
        pieces_give(kind, pieces, n);
    }
    say_mib(name, room);
    return room;
}

/* Export memory, and give up everything else that holds it. */
static int export_memory(void)
{
    CudaHandle handle;
    int fd = -1;

    must(memory_create(&handle, EXPORTED), "cuMemCreate");
    CudaAddress address = memory_map(handle, EXPORTED);
    must(cuda.export_handle(&fd, handle, CUDA_FILE_DESCRIPTOR, 0), "cuMemExportToShareableHandle");
    memory_unmap(address, EXPORTED);
    must(cuda.release(handle), "cuMemRelease");
    return fd;
}

void keep_by_export(void)
{
    cuda_start();
    size_t before = say_room("before", 0);
    int fd = export_memory();
    say_room("exported", 0);
    close(fd);
    say_room("closed", before);
}

/* --- two processes */

static void send_file(int socket, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};

    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    if (sendmsg(socket, &message, 0) != 1) {
        die("sendmsg");
    }
}

static int receive_file(int socket)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int fd;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message)) {
        die("recvmsg");
    }
    memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
    return fd;
}

/* Tell the other process that a step is done, or wait until it says so. */
static void tell(int socket)
{
    if (write(socket, "x", 1) != 1) {
        die("write");
    }
}

static void wait_for(int socket)
{
    char byte;

    if (read(socket, &byte, 1) != 1) {
        (void)fprintf(stderr, "cuda-memory: the other process ended\n");
        exit(1);
    }
}

static void import_and_release(int socket)
{
    CudaHandle handle;

    cuda_start();
    tell(socket);
    int fd = receive_file(socket);
    must(cuda.import_handle(&handle, (void *)(uintptr_t)fd, CUDA_FILE_DESCRIPTOR),
         "cuMemImportFromShareableHandle");
    close(fd);
    tell(socket);
    wait_for(socket);
    must(cuda.release(handle), "cuMemRelease");
    tell(socket);
    wait_for(socket); /* both measurements are made while the child has a context */
}

static void export_and_measure(int socket)
{
    cuda_start();
    wait_for(socket); /* the child has a context */
    int fd = export_memory();
    send_file(socket, fd);
    close(fd);
    wait_for(socket);
    size_t room = say_room("imported", 0);
    tell(socket);
    wait_for(socket);
    say_room("released", room + EXPORTED);
    tell(socket);
}

void keep_by_import(void)
{
    int ends[2];
    int status = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        die("socketpair");
    }
    pid_t child = fork(); /* before either has called CUDA */
    if (child < 0) {
        die("fork");
    }
    close(ends[child != 0]);
    if (child == 0) {
        import_and_release(ends[1]);
        exit(0);
    }
    export_and_measure(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0) {
        (void)fprintf(stderr, "cuda-memory: the importing process failed\n");
        exit(1);
    }
}
