#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of /dev/nvidiactl that does one harmless ioctl, again and again, until something ends it.

It writes "alive" when the first call has succeeded, and the name of the error when a call fails, and then exits with 3; or,
with the argument "again", starts again.
The cases that use it look for a call that does not return.
"""
import errno
import fcntl
import os
import sys
import time

# _IOWR('F', NV_ESC_CHECK_VERSION_STR, nv_ioctl_rm_api_version_t): { u32 cmd, u32 reply, char versionString[64] }
NV_ESC_CHECK_VERSION_STR = 0xC04846D2
NV_RM_API_VERSION_CMD_QUERY = ord("2")


def check_version(fd):
    call = bytearray(72)
    call[0] = NV_RM_API_VERSION_CMD_QUERY
    fcntl.ioctl(fd, NV_ESC_CHECK_VERSION_STR, call)
    return bytes(call[8:]).split(b"\0")[0].decode()


def use_device():
    fd = os.open("/dev/nvidiactl", os.O_RDWR)
    try:
        check_version(fd)
        print("alive", flush=True)
        while True:
            check_version(fd)
            time.sleep(0.02)
    finally:
        os.close(fd)


def main():
    while True:
        try:
            use_device()
        except OSError as error:
            print("error", errno.errorcode[error.errno], flush=True)
        if sys.argv[1:] != ["again"]:
            sys.exit(3)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
