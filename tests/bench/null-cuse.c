/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lower bound for every call through CUSE: a device whose ioctl has no effect, served by libfuse's own loop with one
 * thread. Usage: null-cuse NAME; the device is /dev/NAME, until SIGTERM.
 */
#define FUSE_USE_VERSION 314
#include <cuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>

static void on_open(fuse_req_t request, struct fuse_file_info *info)
{
    fuse_reply_open(request, info);
}

static void on_ioctl(fuse_req_t request, int command, void *argument, struct fuse_file_info *info,
                     unsigned flags, const void *in, size_t in_size, size_t out_size)
{
    (void)command, (void)argument, (void)info, (void)flags, (void)in, (void)in_size, (void)out_size;
    fuse_reply_ioctl(request, 0, NULL, 0);
}

static const struct cuse_lowlevel_ops ops = {.open = on_open, .ioctl = on_ioctl};

int main(int argc, char **argv)
{
    char name[64];
    const char *variables[] = {name};
    struct cuse_info info = {
        .dev_info_argc = 1, .dev_info_argv = variables, .flags = CUSE_UNRESTRICTED_IOCTL};
    char foreground[] = "-f";
    char one_thread[] = "-s";
    char *arguments[] = {argv[0], foreground, one_thread, NULL};

    if (argc != 2 || snprintf(name, sizeof name, "DEVNAME=%s", argv[1]) >= (int)sizeof name) {
        (void)fprintf(stderr, "usage: null-cuse NAME\n");
        return EXIT_FAILURE;
    }
    return cuse_lowlevel_main(3, arguments, &info, &ops, NULL);
}
