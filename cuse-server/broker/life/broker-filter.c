/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/broker-filter.h"

#include <asm/ioctls.h>
#include <linux/nsfs.h>

#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/sandbox/syscall-filter.h"

static const IoctlWord ioctls[] = {
    {"SECCOMP_IOCTL_NOTIF_RECV", SECCOMP_IOCTL_NOTIF_RECV, IOCTL_WORD_EXACT},
    {"SECCOMP_IOCTL_NOTIF_SEND", SECCOMP_IOCTL_NOTIF_SEND, IOCTL_WORD_EXACT},
    {"SECCOMP_IOCTL_NOTIF_ID_VALID", SECCOMP_IOCTL_NOTIF_ID_VALID, IOCTL_WORD_EXACT},
    {"SECCOMP_IOCTL_NOTIF_ADDFD", SECCOMP_IOCTL_NOTIF_ADDFD, IOCTL_WORD_EXACT},
    {"SECCOMP_IOCTL_NOTIF_SET_FLAGS", SECCOMP_IOCTL_NOTIF_SET_FLAGS, IOCTL_WORD_EXACT},
    {"NS_GET_PARENT", NS_GET_PARENT, IOCTL_WORD_EXACT},
    /* Before GLib writes a warning, it asks whether the output is a terminal. */
    {"TCGETS", TCGETS, IOCTL_WORD_EXACT},
};

static const SyscallPolicy policy = {
    .process = SYSCALLS_BROKER,
    .ioctls = ioctls,
    .n_ioctls = G_N_ELEMENTS(ioctls),
};

bool broker_filter_install(GError **error)
{
    return syscall_filter_install(&policy, error);
}

char *broker_filter_text(void)
{
    return syscall_filter_text(&policy);
}
